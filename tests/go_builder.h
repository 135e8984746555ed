/* tests/go_builder.h - Go's function table, as its versions write it, of three functions. */
#ifndef LVSCAN_TESTS_GO_BUILDER_H
#define LVSCAN_TESTS_GO_BUILDER_H

#include "tests/elf_builder.h"

enum { GO_TEXT = 0x401000, GO_TABLE = 0x500000, GO_FUNCTIONS = 3 };

static const char *const go_names[GO_FUNCTIONS] = {"runtime.main", "example.org/pkg.(*T[go.shape.int/x.y]).Do",
                                                   "main.main"};
static const uint32_t go_starts[GO_FUNCTIONS + 1] = {0x00, 0x20, 0x60, 0x80};

/* A table to be made. */
typedef struct Go {
    uint32_t magic;
    bool relocated; /* addresses are 0 in the file; relocations hold them */
    Buf rela;
} Go;

static inline void go_put_word(Go *go, Buf *b, Addr value)
{
    if (go->relocated)
        buf_rela(&go->rela, GO_TABLE + b->n, 0, R_X86_64_RELATIVE, (int64_t)value);
    buf_u64(b, go->relocated ? 0 : value);
}

static inline size_t go_row_width(const Go *go) { return go->magic >= 0xfffffffa ? 8 : 4; }

static inline void go_put_pc(Go *go, Buf *b, uint32_t start)
{
    if (go_row_width(go) == 8)
        go_put_word(go, b, GO_TEXT + start);
    else
        buf_u32(b, start);
}

/* The function table and its records; offsets count from `records`, names from `names_at`. */
static inline void go_put_functions(Go *go, Buf *b, size_t records, const uint32_t *name)
{
    size_t width = go_row_width(go), first = b->n + (2 * GO_FUNCTIONS + 1) * width + 8 - records;
    for (size_t i = 0; i < GO_FUNCTIONS; i++) {
        go_put_pc(go, b, go_starts[i]);
        buf_le(b, first + i * 16, width);
    }
    go_put_pc(go, b, go_starts[GO_FUNCTIONS]);
    buf_u64(b, 0);
    for (size_t i = 0; i < GO_FUNCTIONS; i++) {
        buf_le(b, go_starts[i], width);
        buf_u32(b, name[i]);
        buf_le(b, 0, 12 - width);
    }
}

static inline void go_put_table(Go *go, Buf *b)
{
    uint32_t name[GO_FUNCTIONS];
    bool old = go->magic == 0xfffffffb, text = go_row_width(go) == 4;
    buf_u32(b, go->magic);
    buf_put(b, "\0\0\1\x08", 4);
    buf_u64(b, GO_FUNCTIONS);
    if (old) {
        size_t names_at = 16 + (2 * GO_FUNCTIONS + 1) * 8 + 8 + GO_FUNCTIONS * 16;
        for (size_t i = 0; i < GO_FUNCTIONS; names_at += strlen(go_names[i++]) + 1)
            name[i] = (uint32_t)names_at;
        go_put_functions(go, b, 0, name);
        for (size_t i = 0; i < GO_FUNCTIONS; i++)
            buf_text(b, go_names[i]);
        return;
    }
    Buf texts = {.n = 0};
    for (size_t i = 0; i < GO_FUNCTIONS; i++)
        name[i] = buf_text(&texts, go_names[i]);
    buf_align(&texts, 8);
    buf_u64(b, 1);
    if (text)
        go_put_word(go, b, GO_TEXT);
    size_t header = b->n + 5 * 8;
    buf_u64(b, header);
    buf_u64(b, header);
    buf_u64(b, header);
    buf_u64(b, header);
    buf_u64(b, header + texts.n);
    buf_put(b, texts.p, texts.n);
    go_put_functions(go, b, b->n, name);
}

#endif
