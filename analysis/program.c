/* analysis/program.c - opens a file for analysis and answers questions about its functions. */
#include "analysis/program.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/budget.h"
#include "analysis/functions.h"
#include "analysis/padding.h"
#include "analysis/summary.h"
#include "elf/demangle.h"
#include "elf/plt.h"

/* Where the section's bytes lie; empty: there is none. */
static Part section_part(const Image *image, const char *name)
{
    Addr addr;
    Bytes bytes;
    return image_section(image, name, &addr, &bytes) && addr ? (Part){addr, addr + bytes.n} : (Part){0, 0};
}

/* BOLT writes functions anew behind all else, their cold parts behind those (in sections more, .text.cold.1 ...), and leaves
 * the old code in a section that it renames. */
static void program_bolted(Program *p)
{
    p->left = section_part(&p->image, ".bolt.org.text");
    if (p->left.start == p->left.end)
        return;
    p->hot = section_part(&p->image, ".text");
    p->cold = section_part(&p->image, ".text.cold");
    const Segment *seg = p->cold.start ? image_segment(&p->image, p->cold.start) : NULL;
    if (seg)
        p->cold.end = seg->addr + seg->filesz;
}

bool program_open(Program *p, Bytes file, Diag *diag)
{
    *p = (Program){0};
    bool ok = summaries_open(p) || diag_set(diag, 0, "out of memory");
    ok = ok && image_open(&p->image, file, &p->arena, diag) && symbols_open(&p->symbols, &p->image, &p->arena, diag) &&
         slots_open(&p->slots, &p->image, &p->arena, diag) && unwind_open(&p->unwind, &p->image, &p->arena, diag);
    if (ok) {
        program_bolted(p);
        p->is_go = gopclntab_open(&p->go, &p->image, &p->slots) || p->image.has_go_note;
        ok = functions_find(p, diag);
        p->share = budget_share(&p->functions);
    }
    if (!ok)
        program_close(p);
    return ok;
}

void program_close(Program *p)
{
    summaries_close(p);
    functions_close(p);
    slots_close(&p->slots);
    arena_free(&p->arena);
    *p = (Program){0};
}

/* ---- functions ---- */

bool program_is_stub(const Program *p, Addr addr)
{
    Str name;
    Addr target;
    return plt_target(&p->image, &p->slots, addr, &name, &target) || plt_is_first(&p->image, addr);
}

static bool str_has(Str s, const char *part) { return s.p && memmem(s.p, s.n, part, strlen(part)) != NULL; }

/* Does the instruction jump into the middle of another function? */
static bool jumps_into(const Program *p, const Function *f, const Insn *insn)
{
    bool direct = (insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH) && insn->op[0].kind == OPERAND_REL;
    size_t at = direct && !function_holds(f, insn->target) ? functions_row(&p->known, insn->target) : SIZE_MAX;
    const FunctionRow *row = at != SIZE_MAX ? &p->known.rows[at] : NULL;
    return row && row->start != insn->target && row->found_by == FOUND_EH_FRAME && !program_is_stub(p, row->start);
}

/* Is its code that of a `.cold` part: does it jump back into another function's middle, or do nothing but run into a trap? No
 * function that begins at a multiple of 16, as compilers align functions but not parts, is asked. */
static bool is_cold_code(const Program *p, const Function *f)
{
    enum { COLD_BYTES = 1024, ALIGNED = 16 };
    bool leads = false;
    Insn insn = {.flow = FLOW_NEXT};
    if (f->start % ALIGNED == 0)
        return false;
    for (Addr pc = f->start; pc < f->end && pc - f->start < COLD_BYTES; pc += insn.len) {
        if (!program_insn(p, pc, &insn))
            return false;
        if (jumps_into(p, f, &insn))
            return true;
        leads |= insn.flow != FLOW_NEXT && insn.flow != FLOW_STOP;
    }
    return !leads && insn.flow == FLOW_STOP;
}

/* A `.cold` part, as its name, BOLT's section, its unwind information (it does not begin with the stack as at an entry) or its code says. */
static bool is_fragment(const Program *p, const Function *f)
{
    Fde fde;
    if (str_has(f->name, ".cold") || part_holds(p->cold, f->start))
        return true;
    if (!unwind_find(&p->unwind, f->start, &fde) || fde.start != f->start)
        return false;
    return !fde.at_entry || (!f->name.p && !part_holds(p->hot, f->start) && is_cold_code(p, f));
}

static void function_name(const Program *p, const FunctionRow *row, Function *f)
{
    Symbol s;
    if (symbols_at(&p->symbols, f->start, &s) && symbol_is_function(&s)) {
        f->found_by = s.source == SYMBOL_SYMTAB ? FOUND_SYMTAB : FOUND_DYNSYM;
        f->name = symbol_name(&p->symbols, &s);
    } else if (row->found_by == FOUND_PCLNTAB) {
        f->name = gopclntab_name(&p->go, row->source);
    }
}

static bool function_of(const Program *p, const FunctionRow *r, Function *out)
{
    *out = (Function){.start = r->start, .end = row_end(r), .found_by = (uint8_t)r->found_by};
    if (r->found_by == FOUND_EH_FRAME && program_is_stub(p, r->start))
        return false;
    function_name(p, r, out);
    out->fragment = is_fragment(p, out);
    out->unsure =
        r->unsure || out->found_by == FOUND_POINTER || out->found_by == FOUND_JUMP || out->found_by == FOUND_PADDING;
    return true;
}

bool program_function_of(const Program *p, size_t row, Function *out)
{
    return function_of(p, &p->functions.rows[row], out);
}

bool program_function(const Program *p, Addr pc, Function *out)
{
    const FunctionRow *row = functions_at(p, pc);
    return row && function_of(p, row, out);
}

bool program_function_at(const Program *p, Addr start, Function *out)
{
    FunctionRow padded;
    const FunctionRow *row = functions_at(p, start);
    if (!row && p->padded && padding_function(p, start, &padded))
        row = &padded;
    return row && row->start == start && function_of(p, row, out);
}

bool program_insn(const Program *p, Addr pc, Insn *out)
{
    Bytes code;
    return image_code_bytes(&p->image, pc, &code) && insn_decode(code.p, code.n, pc, out) > 0;
}

bool program_constant(const Program *p, const Insn *insn, unsigned bits, uint64_t *out)
{
    uint64_t addr;
    Slot slot;
    return insn_mem_address(insn, &addr) && image_is_constant(&p->image, addr) && !slots_at(&p->slots, addr, &slot) &&
           image_number(&p->image, addr, bits, out);
}

/* ---- names ---- */

Str program_demangled(Program *p, const Function *f)
{
    if (f->demangled.p || !f->name.p)
        return f->demangled;
    return demangle(f->name, &p->arena);
}

uint64_t function_size(const Function *f)
{
    uint64_t size = f->nparts ? 0 : f->end - f->start;
    for (size_t i = 0; i < f->nparts; i++)
        size += f->parts[i].end - f->parts[i].start;
    return size;
}
