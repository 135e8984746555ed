/* analysis/program.c - opens a file for analysis and answers questions about its functions. */
#include "analysis/program.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/functions.h"
#include "analysis/summary.h"
#include "elf/demangle.h"

bool program_open(Program *p, Bytes file, Diag *diag)
{
    *p = (Program){0};
    if (!summaries_open(p))
        return diag_set(diag, 0, "out of memory");
    bool ok = image_open(&p->image, file, &p->arena, diag) && symbols_read(&p->symbols, &p->image, &p->arena, diag) &&
              slots_read(&p->slots, &p->image, &p->arena, diag);
    if (ok) {
        unwind_open(&p->unwind, &p->image);
        ok = functions_find(p, diag);
    }
    if (!ok)
        program_close(p);
    return ok;
}

void program_close(Program *p)
{
    summaries_close(p);
    arena_free(&p->arena);
    *p = (Program){0};
}

const Function *program_function(const Program *p, Addr pc)
{
    size_t lo = 0, hi = p->npart_refs;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (p->part_refs[mid].start <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && pc < p->part_refs[lo - 1].end ? &p->functions.items[p->part_refs[lo - 1].function] : NULL;
}

bool program_insn(const Program *p, Addr pc, Insn *out)
{
    Bytes code;
    return image_is_code(&p->image, pc) && image_bytes(&p->image, pc, &code) &&
           insn_decode(code.p, code.n, pc, out) > 0;
}

Str program_demangled(Program *p, const Function *f)
{
    Function *own = &p->functions.items[f->index];
    if (!own->demangled.p && own->name.p)
        own->demangled = demangle(own->name, &p->arena);
    return own->demangled;
}

static bool str_is_address(Str s, Addr *addr)
{
    *addr = 0;
    if (s.n < 3 || s.n > 18 || s.p[0] != '0' || (s.p[1] | 32) != 'x')
        return false;
    for (size_t i = 2; i < s.n; i++) {
        int c = s.p[i] | 32;
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        *addr = *addr << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

/* Could `wanted` occur in the mangled name? The last component stands in it to the letter (but for operators). */
static bool name_may_hold(Str name, Str wanted)
{
    Str last = demangled_last_component(wanted);
    if (!last.p || last.n == 0 || (last.n > 8 && memcmp(last.p, "operator", 8) == 0))
        return true;
    return name.n >= last.n && memmem(name.p, name.n, last.p, last.n) != NULL;
}

bool program_function_named(Program *p, const Function *f, Str wanted)
{
    Addr addr;
    if (str_is_address(wanted, &addr))
        return f->start == addr;
    if (!f->name.p)
        return false;
    if (str_eq(f->name, wanted) || str_eq(demangled_last_component(f->name), wanted))
        return true;
    if (!name_may_hold(f->name, wanted))
        return false;
    Str full = program_demangled(p, f);
    return full.p && (str_eq(full, wanted) || str_eq(demangled_without_arguments(full), wanted) ||
                      str_eq(demangled_last_component(full), wanted));
}

uint64_t function_size(const Function *f)
{
    uint64_t size = 0;
    for (size_t i = 0; i < f->nparts; i++)
        size += f->parts[i].end - f->parts[i].start;
    return size;
}

bool function_holds(const Function *f, Addr pc)
{
    for (size_t i = 0; i < f->nparts; i++)
        if (pc >= f->parts[i].start && pc < f->parts[i].end)
            return true;
    return false;
}

bool function_is_part_start(const Function *f, Addr pc)
{
    for (size_t i = 0; i < f->nparts; i++)
        if (pc == f->parts[i].start)
            return true;
    return false;
}
