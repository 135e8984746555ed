/* analysis/prescan_shape.c - see prescan_shape.h. */
#include "analysis/prescan_shape.h"

#include <string.h>

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

unsigned modrm_length(const uint8_t *p)
{
    unsigned mod = p[0] >> 6, rm = p[0] & 7;
    if (mod == 3)
        return 1;
    unsigned n = rm == 4 ? 2 : 1;
    if (mod == 1)
        return n + 1;
    bool wide = mod == 2 || rm == 5 || (rm == 4 && (p[1] & 7) == 5);
    return wide ? n + 4 : n;
}

/* Is the byte at code[at] rather the ModRM byte of a rip-relative operand, by what is before it? Only an instruction that ended with just
 * those two bytes could make it an opcode of its own. One byte says nothing: 8b, c7 and ff end many (a displacement below 0 does with ff). */
static bool is_modrm(const uint8_t *code, size_t at)
{
    if (at < 2)
        return false;
    uint8_t op = code[at - 1];
    if (code[at - 2] == 0x0f) /* not a REX prefix behind 0x0f, the last byte of a mask */
        return (op & 0xf0) != 0x40;
    return (code[at - 2] & 0xf8) == 0x48 && (op == 0x89 || op == 0x8b || op == 0x8d); /* mov, lea */
}

static bool is_movabs_high(const uint8_t *code, size_t at)
{
    return at >= 6 && (code[at - 5] & 0xf8) == 0xb8 && (code[at - 6] & 0xf8) == 0x48;
}

bool shape_moved(const uint8_t *code, size_t at)
{
    if (at >= 1 && ((code[at - 1] & 0xf8) == 0xb8 || code[at - 1] == 0x68))
        return true;
    if (at >= 3 && code[at - 3] == 0x8d && (code[at - 2] & 0xc7) == 0x04 &&
        code[at - 1] == 0x25) /* lea of an absolute address */
        return true;
    for (size_t back = 2; back <= 7 && back <= at; back++) {
        const uint8_t *op = code + at - back;
        if (op[0] == 0xc7 && (op[1] & 0x38) == 0 && 1 + modrm_length(op + 1) == back)
            return true;
    }
    return is_movabs_high(code, at);
}

/* The eight operations of opcodes 00..3f and of 81 and 83: add or adc sbb and sub xor cmp. */
static SiteKind kind_of_operation(unsigned op)
{
    static const uint8_t kinds[8] = {SITE_ADD,  SITE_OTHER, SITE_NONE,  SITE_NONE,
                                     SITE_MASK, SITE_ADD,   SITE_OTHER, SITE_COMPARE};
    return (SiteKind)kinds[op & 7];
}

/* 66 [REX] opcode ... imm16 */
static SiteShape site_short(const uint8_t *code, size_t n, size_t at)
{
    size_t op = at + 1 + ((code[at + 1] & 0xf0) == 0x40);
    bool plain = (code[op] & 0xf8) == 0xb8 || (code[op] & 0xc7) == 0x05;
    size_t imm = plain ? op + 1 : op + 1 + modrm_length(code + op + 1);
    if (!(plain || code[op] == 0x81 || code[op] == 0xc7) || imm + 2 > n)
        return (SiteShape){0};
    return (SiteShape){.kind = SITE_SHORT, .k = (uint32_t)(int16_t)(code[imm] | code[imm + 1] << 8)};
}

static SiteShape site_with_modrm(const uint8_t *code, size_t n, size_t at)
{
    uint8_t modrm = code[at + 1];
    bool on_rsp = (modrm & 0xc7) == 0xc4 && at > 0 && code[at - 1] == 0x48; /* sub $..,%rsp; and $-16,%rsp */
    size_t imm = at + 1 + modrm_length(code + at + 1);
    SiteKind kind = kind_of_operation(modrm >> 3);
    if (on_rsp || (code[at] == 0x83 ? imm + 1 : imm + 4) > n)
        return (SiteShape){0};
    if (code[at] == 0x83)
        return (SiteShape){.kind = (uint8_t)(kind == SITE_MASK ? SITE_MASK : SITE_NONE),
                           .k = (uint32_t)(int8_t)code[imm]};
    return (SiteShape){.kind = (uint8_t)kind, .k = load32(code + imm), .end = imm + 4};
}

static SiteShape site_lea(const uint8_t *code, size_t n, size_t at)
{
    uint8_t modrm = code[at + 1], prefix = at > 0 ? code[at - 1] : 0;
    size_t sib = (modrm & 0xc0) == 0x80 && (modrm & 7) == 4;
    if (at + 6 + sib > n)
        return (SiteShape){0};
    uint32_t disp = load32(code + at + 2 + sib);
    if ((modrm & 0xc7) == 0x05)
        return (SiteShape){.kind = SITE_ADDRESS, .target = (int64_t)at + 6 + (int32_t)disp};
    bool rex_b = (prefix & 0xf1) == 0x41, rex_x = (prefix & 0xf2) == 0x42;
    bool on_rsp = sib && (code[at + 2] & 7) == 4 && !rex_b;
    bool indexed = sib && ((code[at + 2] >> 3 & 7) != 4 || rex_x);
    return on_rsp || indexed ? (SiteShape){0} : (SiteShape){.kind = SITE_ADD, .k = disp};
}

SiteShape shape_site(const uint8_t *code, size_t n, size_t at)
{
    if (at + 5 > n)
        return (SiteShape){0};
    switch (code[at]) {
    case 0x66: return site_short(code, n, at);
    case 0x81:
    case 0x83: return site_with_modrm(code, n, at);
    case 0x8d: return site_lea(code, n, at);
    }
    if ((code[at] & 0xc7) != 0x05 || is_modrm(code, at))
        return (SiteShape){0};
    return (SiteShape){.kind = (uint8_t)kind_of_operation(code[at] >> 3), .k = load32(code + at + 1), .end = at + 5};
}

bool shape_branches(const uint8_t *code, size_t n, size_t at)
{
    enum { SOON = 24 };
    for (size_t end = n - at < SOON ? n : at + SOON; at < end; at++) {
        uint8_t cc = code[at] & 0xf; /* b 2, ae 3, be 6, a 7 */
        bool is_short = (code[at] & 0xf0) == 0x70,
             is_long = (code[at] & 0xf0) == 0x80 && at > 0 && code[at - 1] == 0x0f;
        if ((is_short || is_long) && (cc & 0xa) == 2)
            return true;
    }
    return false;
}

/* jmp *reg, jmp *(reg), jmp *disp(base,index,8) */
static bool is_table_jump(uint8_t modrm)
{
    return (modrm & 0xf8) == 0xe0 || ((modrm & 0xf8) == 0x20 && modrm != 0x25) || modrm == 0x64 || modrm == 0xa4;
}

bool shape_has_table_jump(const uint8_t *p, size_t n)
{
    for (const uint8_t *at = p, *end = p + n; end - at >= 2; at++) {
        at = memchr(at, 0xff, (size_t)(end - at - 1));
        if (!at)
            return false;
        if (is_table_jump(at[1]))
            return true;
    }
    return false;
}
