/* analysis/prescan_refs.c - the pre-scan's second pass: who leads to candidates. */
#include <string.h>

#include "analysis/padding.h"
#include "analysis/prescan_scan.h"
#include "analysis/summary.h"
#include "analysis/threads.h"
#include "elf/order.h"

enum { FILTER_WORDS = 1024 };

typedef struct Refs {
    Pattern pattern;                                             /* distances to any of these */
    AddrList callees;                                            /* candidates that return a constant */
    AddrList starts, ends;                                       /* parts that are entered by jumps only */
    uint64_t callee_bits[FILTER_WORDS], word_bits[FILTER_WORDS]; /* a bit for each address modulo their number */
} Refs;

static uint64_t *filter_word(uint64_t *bits, Addr a) { return &bits[a >> 6 & (FILTER_WORDS - 1)]; }

static void filter_add(uint64_t *bits, Addr a) { *filter_word(bits, a) |= (uint64_t)1 << (a & 63); }

static bool filter_may_hold(const uint64_t *bits, Addr a) { return bits[a >> 6 & (FILTER_WORDS - 1)] >> (a & 63) & 1; }

static bool list_holds(const AddrList *list, Addr a)
{
    size_t i = order_from(list->items, list->n, sizeof(Addr), 0, a);
    return i < list->n && list->items[i] == a;
}

static bool refs_jump(const Refs *r, Addr target)
{
    for (size_t i = 0; i < r->starts.n; i++)
        if (target >= r->starts.items[i] && target < r->ends.items[i])
            return true;
    return false;
}

static bool refs_load(const AddrList *words, const Refs *r, Addr end)
{
    static const uint8_t immediates[] = {0, 1, 2, 4};
    for (size_t i = 0; i < sizeof immediates; i++)
        if (filter_may_hold(r->word_bits, end + immediates[i]) && list_holds(words, end + immediates[i]))
            return true;
    return false;
}

/* Do the four bytes at `at` lead to something that is looked for, as the distance of a jump, a call or an operand in memory? */
static bool refs_at(const Walker *w, const Refs *r, size_t at)
{
    const Piece *piece = &w->piece;
    const AddrList *words = &w->scan->words;
    const uint8_t *p = piece->bytes.p + at;
    int32_t distance;
    if (piece->bytes.n - at < 4 || at < 1)
        return false;
    uint8_t before = at > 1 ? p[-2] : 0;
    memcpy(&distance, p, 4);
    Addr target = piece->segment->addr + at + 4 + (uint64_t)(int64_t)distance;
    if ((before == 0x0f && (p[-1] & 0xf0) == 0x80) || p[-1] == 0xe9)
        return refs_jump(r, target);
    if (p[-1] == 0xe8)
        return filter_may_hold(r->callee_bits, target) && list_holds(&r->callees, target);
    return words->n && (p[-1] & 0xc7) == 0x05 && before != 0x8d && refs_load(words, r, target);
}

/* Keeps the functions that refer to something at the places of one block. What lies in no function refers to nothing. */
static void refs_block(Walker *w, const Refs *r, size_t block, uint32_t mask)
{
    for (; mask; mask &= mask - 1) {
        size_t at = block + (unsigned)__builtin_ctz(mask);
        if (!refs_at(w, r, at))
            continue;
        if (at >= w->hi)
            extent_enter(w, at);
        extent_keep(w);
    }
}

static void refs_scan(Walker *w, const void *context)
{
    const Refs *r = context;
    const Piece *piece = &w->piece;
    Pattern pattern = r->pattern;
    uint32_t mask;
    size_t at = w->function == EXTENT_GAP ? w->hi : piece->from;
    pattern.base = (uint32_t)piece->segment->addr;
    for (; (at = kernel_next(w->scan->kind, &pattern, piece->bytes.p, piece->to, at, &mask)) < piece->to; at += 32)
        refs_block(w, r, at, mask);
}

/* ---- beside candidates ---- */

/* Does the code run on into the function `into`, or jump there? True, too, where its bytes do not decode. */
static bool runs_into(const Image *image, Part code, Part into)
{
    Insn insn = {.flow = FLOW_NEXT};
    size_t size = (size_t)(code.end - code.start);
    const uint8_t *p = image_read(image, code.start, size);
    for (size_t at = 0; p && at < size; at += insn.len) {
        if (insn_decode(p + at, size - at, code.start + at, &insn) < 0)
            return true;
        bool jumps = insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH;
        if (jumps && insn.op[0].kind == OPERAND_REL && insn.target - into.start < into.end - into.start)
            return true;
    }
    return code.end == into.start && (insn.flow == FLOW_NEXT || insn.flow == FLOW_CALL || insn.flow == FLOW_BRANCH);
}

static void row_beside(Scan *s, size_t i, size_t candidate)
{
    const FunctionRow *rows = s->program->functions.rows;
    if (s->kept[candidate] && !s->kept[i] &&
        runs_into(&s->program->image, (Part){rows[i].start, row_end(&rows[i])},
                  (Part){rows[candidate].start, row_end(&rows[candidate])}))
        s->kept[i] = MADE_NAMED;
}

void scan_beside(Scan *s)
{
    size_t n = s->program->functions.n;
    for (size_t i = n; i > 1; i--)
        row_beside(s, i - 2, i - 1);
    for (size_t i = 1; i < n; i++)
        row_beside(s, i, i - 1);
}

/* ---- what candidates lead to ---- */

/* What leads to a candidate: nothing of interest, or nothing that was not looked for; jumps into a cold part; calls for its result. */
typedef enum Entry { ENTRY_UNSEEN, ENTRY_NONE, ENTRY_JUMP, ENTRY_RESULT } Entry;

typedef struct Entries {
    Scan *scan;
    uint8_t *of; /* by function */
} Entries;

/* A constant made of two numbers is not what a function returns. */
static Entry entry_of(Scan *s, size_t i)
{
    Function f;
    if (!program_function_of(s->program, i, &f))
        return ENTRY_NONE;
    if (f.fragment)
        return ENTRY_JUMP;
    if (s->kept[i] != MADE_NAMED || (s->passes && !s->passes[i]) || function_size(&f) > SUMMARY_MAX_BYTES)
        return ENTRY_NONE;
    return summary_of(s->program, f.start, SUMMARY_DEPTH).result.kind == RESULT_CONSTANT ? ENTRY_RESULT : ENTRY_NONE;
}

/* Has the kernel look for what leads to lo .. hi. */
static void refs_look_for(Refs *r, Addr lo, Addr hi)
{
    band_add(r->pattern.bands, &r->pattern.nbands, (int64_t)lo, (int64_t)hi, 0);
    r->pattern.naddresses = r->pattern.nbands;
}

/* Finds that out of candidates which were not seen before. */
static bool entries_find(void *context, size_t thread, size_t from, size_t to)
{
    Entries *e = context;
    (void)thread;
    for (size_t i = from; i < to; i++)
        if (e->scan->kept[i] && e->of[i] == ENTRY_UNSEEN)
            e->of[i] = (uint8_t)entry_of(e->scan, i);
    return true;
}

/* Takes what was found; false: there is nothing. */
static bool entries_take(Entries *e, Refs *r)
{
    Scan *s = e->scan;
    const Functions *all = &s->program->functions;
    bool any = false;
    for (size_t i = 0; i < all->n; i++) {
        Addr start = all->rows[i].start, end = row_end(&all->rows[i]);
        if (e->of[i] == ENTRY_JUMP) {
            list_add(s->arena, &r->starts, start, &s->failed);
            list_add(s->arena, &r->ends, end, &s->failed);
            refs_look_for(r, start, end - 1);
        } else if (e->of[i] == ENTRY_RESULT) {
            list_add(s->arena, &r->callees, start, &s->failed);
            filter_add(r->callee_bits, start);
            refs_look_for(r, start, start);
        } else {
            continue;
        }
        e->of[i] = ENTRY_NONE;
        any = true;
    }
    return any;
}

/* An immediate of up to 4 bytes may follow the distance. */
static void refs_to_words(const Scan *s, Refs *r)
{
    for (size_t i = 0; i < s->words.n; i++) {
        filter_add(r->word_bits, s->words.items[i]);
        refs_look_for(r, s->words.items[i] - 4, s->words.items[i]);
    }
}

void scan_follow(Scan *s)
{
    enum { ROWS = 256 };
    size_t n = s->program->functions.n;
    Entries entries = {s, arena_alloc(s->arena, n, 1)};
    bool memory = s->words.n > 0;
    s->words.n = order_addrs(s->words.items, s->words.n);
    s->failed |= !entries.of;
    for (unsigned round = 0; !s->failed && round <= RESULT_HOPS + 2; round++) {
        Refs r = {.callees = {0}};
        threads_each(s->jobs, 0, n, ROWS, entries_find, &entries);
        if (!entries_take(&entries, &r) && !memory)
            return;
        if (memory)
            refs_to_words(s, &r);
        if (!s->failed)
            scan_each(s, refs_scan, &r);
        memory = false;
    }
}
