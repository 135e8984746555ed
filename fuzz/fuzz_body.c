/* fuzz/fuzz_body.c - raw bytes as the code of a few functions in a minimal program: control flow, values, compares, the search.
 *
 * The first byte says how the rest is cut into functions; their symbols give each its range. */
#include "analysis/leads.h"
#include "fuzz/check_result.h"

#include <elf.h>
#include <string.h>

enum { CODE_MAX = 1 << 14, FUNCTIONS_MAX = 4, CODE_AT = 0x1000 };

/* A file: header, one segment, symbols; the code at CODE_AT in the file and in memory. */
typedef struct File {
    Elf64_Ehdr eh;
    Elf64_Phdr ph;
    Elf64_Shdr sh[3];
    Elf64_Sym symbols[1 + FUNCTIONS_MAX];
    char names[8];
    uint8_t pad[CODE_AT - sizeof(Elf64_Ehdr) - sizeof(Elf64_Phdr) - 3 * sizeof(Elf64_Shdr) -
                (1 + FUNCTIONS_MAX) * sizeof(Elf64_Sym) - 8];
    uint8_t code[CODE_MAX];
} File;

static void file_headers(File *f, size_t n)
{
    memcpy(f->eh.e_ident, ELFMAG "\2\1\1", 7);
    f->eh.e_type = ET_DYN, f->eh.e_machine = EM_X86_64, f->eh.e_version = EV_CURRENT;
    f->eh.e_phoff = offsetof(File, ph), f->eh.e_phentsize = sizeof f->ph, f->eh.e_phnum = 1;
    f->eh.e_shoff = offsetof(File, sh), f->eh.e_shentsize = sizeof *f->sh, f->eh.e_shnum = 3;
    f->eh.e_ehsize = sizeof f->eh, f->eh.e_entry = CODE_AT;
    f->ph = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = CODE_AT + n, .p_memsz = CODE_AT + n};
    f->sh[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                            .sh_link = 2,
                            .sh_offset = offsetof(File, symbols),
                            .sh_size = sizeof f->symbols,
                            .sh_entsize = sizeof *f->symbols};
    f->sh[2] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = offsetof(File, names), .sh_size = sizeof f->names};
    memcpy(f->names, "\0f\0g\0h\0", 8);
}

static void file_symbols(File *f, size_t n, unsigned functions)
{
    for (unsigned i = 0; i < functions; i++) {
        size_t from = n * i / functions, to = n * (i + 1) / functions;
        f->symbols[1 + i] = (Elf64_Sym){.st_name = 1 + 2 * (i < 3 ? i : 2),
                                        .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                        .st_shndx = 1,
                                        .st_value = CODE_AT + from,
                                        .st_size = to - from};
    }
}

static void check_body(const Body *b)
{
    require(b->nsteps > 0 && b->nblocks > 0 && b->entry < b->nblocks);
    require(b->steps[b->blocks[b->entry].first].insn.pc == b->function->start);
    uint32_t next = 0;
    for (uint32_t i = 0; i < b->nblocks; i++) {
        const Block *k = &b->blocks[i];
        require(k->n > 0 && k->first == next && k->first + k->n <= b->nsteps);
        next = k->first + k->n;
        for (uint32_t e = 0; e < k->nsucc; e++)
            require(k->succ[e].block < b->nblocks);
        for (uint32_t e = 0; e < k->npred; e++)
            require(k->pred[e].block < b->nblocks);
    }
    require(next == b->nsteps);
    for (uint32_t i = 1; i < b->nsteps; i++)
        require(step_end(&b->steps[i - 1]) <= b->steps[i].insn.pc);
}

static void ask_values(Values *v)
{
    for (uint32_t i = 0; i < v->body->nsteps; i += 1 + v->body->nsteps / 64)
        for (Cell c = 0; c < 16; c++) {
            uint64_t k;
            uint8_t via;
            ValueId id = values_before(v, i, c);
            require(id == VALUE_NONE || id < v->nvalues);
            if (id != VALUE_NONE) {
                values_link(v, id);
                values_constant(v, id, &k, &via);
            }
        }
}

static void run_function(Program *program, const Function *f)
{
    Arena arena = {.limit = (size_t)512 << 20};
    Body body;
    Values values;
    Compares compares;
    Leads leads;
    Diag diag = {0};
    if (body_build(&body, program, f, (Callees){.depth = SUMMARY_DEPTH}, &arena, &diag)) {
        check_body(&body);
        if (values_open(&values, &body, &arena) && compares_find(&compares, &values, &arena) &&
            leads_find(&leads, &values, &compares, &arena)) {
            for (size_t i = 0; i < compares.n; i++)
                require(compares.items[i].step < body.nsteps && compares.items[i].bits >= 1 &&
                        compares.items[i].bits <= 64);
            for (size_t i = 0; i < leads.n; i++)
                require(leads.items[i].compare < compares.n && leads.items[i].width >= 1 && leads.items[i].width <= 64);
            ask_values(&values);
        }
    } else {
        require(diag.what[0]);
    }
    arena_free(&arena);
}

static void run_search(Program *program)
{
    Arena arena = {.limit = (size_t)512 << 20};
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .whole = true};
    SearchResult result;
    Diag diag = {0};
    if (search_run(&result, program, &query, &arena, NULL, NULL, &diag))
        check_result(&result, program);
    else
        require(diag.what[0]);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size - 1 > CODE_MAX)
        return 0;
    size_t n = size - 1;
    File *f = calloc(1, CODE_AT + n);
    Program program;
    require(f);
    file_headers(f, n);
    file_symbols(f, n, 1 + data[0] % FUNCTIONS_MAX);
    memcpy(f->code, data + 1, n);
    require(program_open(&program, (Bytes){(const uint8_t *)f, CODE_AT + n}, &(Diag){0}));
    Function f_of_row;
    for (size_t i = 0; i < program.functions.n; i++)
        if (program_function_of(&program, i, &f_of_row))
            run_function(&program, &f_of_row);
    run_search(&program);
    program_close(&program);
    free(f);
    return 0;
}
