/* analysis/prescan_shape.c - see prescan_shape.h. */
#include "analysis/prescan_shape.h"

#include <string.h>

static uint32_t load32(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }

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

/* Opcodes that an immediate of 16 or 32 bits follows at once: those on eax, mov to a register, push. */
static bool is_short_form(uint8_t op) { return ((op & 0xc7) == 0x05 && op < 0x40) || (op & 0xf8) == 0xb8 || op == 0x68; }

/* Does an instruction with ModRM whose opcode is at code[op] have its immediate at code[at]? */
static bool is_long_form(const uint8_t *code, size_t op, size_t at)
{
    if (code[op] == 0x8d) { /* lea: the displacement */
        unsigned sib = (code[op + 1] & 7) == 4;
        if ((code[op + 1] & 0xc7) == 0x04 && code[op + 2] == 0x25) /* an absolute address */
            return op + 3 == at;
        return (code[op + 1] & 0xc0) == 0x80 && op + 2 + sib == at;
    }
    bool immediate = code[op] == 0x81 || (code[op] == 0xc7 && (code[op + 1] & 0x38) == 0);
    return immediate && op + 1 + modrm_length(code + op + 1) == at;
}

static bool is_movabs_high(const uint8_t *code, size_t at) { return at >= 6 && (code[at - 5] & 0xf8) == 0xb8 && (code[at - 6] & 0xf8) == 0x48; }

bool shape_dword(const uint8_t *code, size_t at)
{
    if (at >= 1 && is_short_form(code[at - 1]))
        return true;
    for (size_t back = 2; back <= 7 && back <= at; back++)
        if (is_long_form(code, at - back, at))
            return true;
    return is_movabs_high(code, at);
}

/* A prefix 66 before the opcode, perhaps with a REX between. */
static bool is_prefixed(const uint8_t *code, size_t op)
{
    return op >= 1 && (code[op - 1] == 0x66 || (op >= 2 && (code[op - 1] & 0xf0) == 0x40 && code[op - 2] == 0x66));
}

bool shape_word(const uint8_t *code, size_t at)
{
    if (at >= 2 && is_short_form(code[at - 1]) && is_prefixed(code, at - 1))
        return true;
    for (size_t back = 2; back <= 7 && back <= at; back++)
        if (code[at - back] != 0x8d && is_long_form(code, at - back, at) && is_prefixed(code, at - back))
            return true;
    return false;
}

static SiteShape site_with_immediate(const uint8_t *code, size_t n, size_t at)
{
    unsigned reg = code[at + 1] >> 3 & 7;
    size_t imm = at + 1 + modrm_length(code + at + 1);
    if (code[at] == 0x83) {
        bool stack = code[at + 1] == 0xe4 && at > 0 && code[at - 1] == 0x48; /* and $-16,%rsp */
        return imm < n && !stack ? (SiteShape){SITE_MASK, (uint32_t)(int8_t)code[imm], 0} : (SiteShape){0};
    }
    bool stack = (code[at + 1] & 0xc7) == 0xc4 && at > 0 && code[at - 1] == 0x48; /* sub $..,%rsp */
    if (imm + 4 > n || stack)
        return (SiteShape){0};
    return (SiteShape){reg == 4 ? SITE_MASK : SITE_ADD, load32(code + imm), 0};
}

static SiteShape site_lea(const uint8_t *code, size_t n, size_t at)
{
    uint8_t modrm = code[at + 1];
    size_t sib = (modrm & 0xc0) == 0x80 && (modrm & 7) == 4;
    if (at + 6 + sib > n)
        return (SiteShape){0};
    uint32_t disp = load32(code + at + 2 + sib);
    if ((modrm & 0xc7) == 0x05)
        return (SiteShape){SITE_ADDRESS, 0, (int64_t)at + 6 + (int32_t)disp};
    bool extended = at > 0 && (code[at - 1] & 0xf1) == 0x41; /* REX.B: r12, not rsp */
    if (sib && (code[at + 2] & 7) == 4 && !extended)
        return (SiteShape){0};
    bool index = sib && ((code[at + 2] >> 3 & 7) != 4 || (at > 0 && (code[at - 1] & 0xf2) == 0x42));
    return index ? (SiteShape){0} : (SiteShape){SITE_ADD, disp, 0};
}

SiteShape shape_site(const uint8_t *code, size_t n, size_t at)
{
    if (at + 2 > n)
        return (SiteShape){0};
    switch (code[at]) {
    case 0x05:
    case 0x2d: return at + 5 <= n ? (SiteShape){SITE_ADD, load32(code + at + 1), 0} : (SiteShape){0};
    case 0x25: return at + 5 <= n ? (SiteShape){SITE_MASK, load32(code + at + 1), 0} : (SiteShape){0};
    case 0x81: return at + 3 <= n ? site_with_immediate(code, n, at) : (SiteShape){0};
    case 0x83: return at + 3 <= n ? site_with_immediate(code, n, at) : (SiteShape){0};
    case 0x8d: return site_lea(code, n, at);
    default: return (SiteShape){0};
    }
}

bool shape_bound(const uint8_t *code, size_t at)
{
    bool rip = at >= 2 && (code[at - 2] == 0x8d || code[at - 2] == 0x8b || code[at - 2] == 0xff); /* a ModRM byte, then */
    if (at >= 1 && (code[at - 1] == 0x3d || code[at - 1] == 0x25) && !rip)
        return true;
    for (size_t back = 2; back <= 7 && back <= at; back++)
        if (code[at - back] == 0x81 && (code[at - back + 1] & 0x20) && is_long_form(code, at - back, at))
            return true;
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
