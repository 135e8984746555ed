/* cli/enum_type.c - which integer type the words before a name or in a cast mean (C11 6.7.2; LP64). */
#include "cli/enum_expr.h"

#include <string.h>

/* Types of one word. */
static const struct {
    const char *name;
    IntType type;
} fixed_types[] = {
    {"int8_t", {8, false}},     {"int16_t", {16, false}},   {"int32_t", {32, false}},   {"int64_t", {64, false}},
    {"uint8_t", {8, true}},     {"uint16_t", {16, true}},   {"uint32_t", {32, true}},   {"uint64_t", {64, true}},
    {"__int8_t", {8, false}},   {"__int16_t", {16, false}}, {"__int32_t", {32, false}}, {"__int64_t", {64, false}},
    {"__uint8_t", {8, true}},   {"__uint16_t", {16, true}}, {"__uint32_t", {32, true}}, {"__uint64_t", {64, true}},
    {"__s8", {8, false}},       {"__s16", {16, false}},     {"__s32", {32, false}},     {"__s64", {64, false}},
    {"__u8", {8, true}},        {"__u16", {16, true}},      {"__u32", {32, true}},      {"__u64", {64, true}},
    {"s8", {8, false}},         {"s16", {16, false}},       {"s32", {32, false}},       {"s64", {64, false}},
    {"u8", {8, true}},          {"u16", {16, true}},        {"u32", {32, true}},        {"u64", {64, true}},
    {"intmax_t", {64, false}},  {"uintmax_t", {64, true}},  {"intptr_t", {64, false}},  {"uintptr_t", {64, true}},
    {"ptrdiff_t", {64, false}}, {"ssize_t", {64, false}},   {"size_t", {64, true}},     {"bool", {1, true}},
    {"_Bool", {1, true}},       {"wchar_t", {32, false}},   {"char16_t", {16, true}},   {"char32_t", {32, true}},
    {"char8_t", {8, true}},
};

static bool fixed_word(TypeWords *w, const Token *t)
{
    for (size_t i = 0; i < sizeof fixed_types / sizeof *fixed_types; i++)
        if (token_named(t, fixed_types[i].name)) {
            w->fixed = fixed_types[i].type;
            w->n++;
            return true;
        }
    return false;
}

bool type_word(TypeWords *w, const Token *t)
{
    uint8_t *const counts[] = {&w->longs, &w->shorts, &w->chars, &w->ints, &w->signs, &w->unsigns, &w->signs};
    static const char *const words[] = {"long", "short", "char", "int", "signed", "unsigned", "__signed__"};
    if (t->kind != TOK_NAME || w->n > 8)
        return false;
    if (token_named(t, "const") || token_named(t, "volatile"))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (token_named(t, words[i])) {
            ++*counts[i];
            w->n++;
            return true;
        }
    return fixed_word(w, t);
}

IntType type_of_words(const TypeWords *w)
{
    IntType none = {0};
    if (w->fixed.bits)
        return w->n == 1 ? w->fixed : none;
    bool clash = w->signs + w->unsigns > 1 || w->longs > 2 || w->shorts > 1 || w->chars > 1 || w->ints > 1;
    if (w->n == 0 || clash || (w->chars && w->n != w->chars + w->signs + w->unsigns) || (w->shorts && w->longs))
        return none;
    return (IntType){w->chars ? 8 : w->shorts ? 16 : w->longs ? 64 : 32, w->unsigns > 0};
}
