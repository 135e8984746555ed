/* elf/demangle_cxx_ops.c - the fixed words of C++ mangling: operators (ABI 5.1.3) and builtin types (5.1.5.2). */
#include "elf/demangle_cxx.h"

#include <string.h>

/* Code, operands in an expression, and spelling. Sorted by code (in ASCII). */
static const CxxOp ops[] = {
    {"aN", 2, "&="},
    {"aS", 2, "="},
    {"aa", 2, "&&"},
    {"ad", 1, "&"},
    {"an", 2, "&"},
    {"at", 1, "alignof "},
    {"aw", 1, "co_await "},
    {"az", 1, "alignof "},
    {"cc", 2, "const_cast"},
    {"cl", 2, "()"},
    {"cm", 2, ","},
    {"co", 1, "~"},
    {"dV", 2, "/="},
    {"dX", 3, "[...]="},
    {"da", 1, "delete[] "},
    {"dc", 2, "dynamic_cast"},
    {"de", 1, "*"},
    {"di", 2, "="},
    {"dl", 1, "delete "},
    {"ds", 2, ".*"},
    {"dt", 2, "."},
    {"dv", 2, "/"},
    {"dx", 2, "]="},
    {"eO", 2, "^="},
    {"eo", 2, "^"},
    {"eq", 2, "=="},
    {"fL", 3, "..."},
    {"fR", 3, "..."},
    {"fl", 2, "..."},
    {"fr", 2, "..."},
    {"ge", 2, ">="},
    {"gs", 1, "::"},
    {"gt", 2, ">"},
    {"ix", 2, "[]"},
    {"lS", 2, "<<="},
    {"le", 2, "<="},
    {"li", 1, "operator\"\" "},
    {"ls", 2, "<<"},
    {"lt", 2, "<"},
    {"mI", 2, "-="},
    {"mL", 2, "*="},
    {"mi", 2, "-"},
    {"ml", 2, "*"},
    {"mm", 1, "--"},
    {"na", 3, "new[]"},
    {"ne", 2, "!="},
    {"ng", 1, "-"},
    {"nt", 1, "!"},
    {"nw", 3, "new"},
    {"nx", 1, "noexcept"},
    {"oR", 2, "|="},
    {"oo", 2, "||"},
    {"or", 2, "|"},
    {"pL", 2, "+="},
    {"pl", 2, "+"},
    {"pm", 2, "->*"},
    {"pp", 1, "++"},
    {"ps", 1, "+"},
    {"pt", 2, "->"},
    {"qu", 3, "?"},
    {"rM", 2, "%="},
    {"rS", 2, ">>="},
    {"rc", 2, "reinterpret_cast"},
    {"rm", 2, "%"},
    {"rs", 2, ">>"},
    {"sP", 1, "sizeof..."},
    {"sZ", 1, "sizeof..."},
    {"sc", 2, "static_cast"},
    {"ss", 2, "<=>"},
    {"st", 1, "sizeof "},
    {"sz", 1, "sizeof "},
    {"te", 1, "typeid "},
    {"ti", 1, "typeid "},
    {"tr", 0, "throw"},
    {"tw", 1, "throw "},
};

const CxxOp *cxx_op(char a, char b)
{
    size_t low = 0, high = sizeof ops / sizeof *ops;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = ops[mid].code[0] != a ? ops[mid].code[0] - a : ops[mid].code[1] - b;
        if (order == 0)
            return &ops[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static const struct {
    char code;
    uint8_t literal;
    const char *name;
} builtins[] = {
    {'a', LIT_CAST, "signed char"},
    {'b', LIT_BOOL, "bool"},
    {'c', LIT_CAST, "char"},
    {'d', LIT_FLOAT, "double"},
    {'e', LIT_FLOAT, "long double"},
    {'f', LIT_FLOAT, "float"},
    {'g', LIT_FLOAT, "__float128"},
    {'h', LIT_CAST, "unsigned char"},
    {'i', LIT_INT, "int"},
    {'j', LIT_U, "unsigned int"},
    {'l', LIT_L, "long"},
    {'m', LIT_UL, "unsigned long"},
    {'n', LIT_CAST, "__int128"},
    {'o', LIT_CAST, "unsigned __int128"},
    {'s', LIT_CAST, "short"},
    {'t', LIT_CAST, "unsigned short"},
    {'v', LIT_CAST, "void"},
    {'w', LIT_CAST, "wchar_t"},
    {'x', LIT_LL, "long long"},
    {'y', LIT_ULL, "unsigned long long"},
    {'z', LIT_CAST, "..."},
};

const char *cxx_builtin(char c, uint64_t *literal)
{
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (builtins[i].code == c) {
            *literal = builtins[i].literal;
            return builtins[i].name;
        }
    return NULL;
}
