/* cli/trace_print.c - see trace_print.h. No printf on the way of a hit: at a million hits a second it would be the cost. */
#include "cli/trace_print.h"

#include "analysis/real.h"
#include "cli/escape.h"
#include "cli/json.h"
#include "cli/message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_WIDTH = 40, LIVE_NS = 400000000 };

static void value_text(const Printer *p, int64_t value)
{
    if (p->spec->real)
        sink_real(p->out, real_number((uint64_t)value, p->spec->location.bits), p->spec->location.bits);
    else if (p->spec->sign == SIGN_UNSIGNED)
        sink_u64(p->out, (uint64_t)value);
    else
        sink_i64(p->out, value);
}

static void value_json(const Printer *p, Json *j, int64_t value)
{
    json_key(j, "value");
    if (p->spec->real)
        json_number(j, real_number((uint64_t)value, p->spec->location.bits), p->spec->location.bits);
    else if (p->spec->sign == SIGN_UNSIGNED)
        json_u64(j, (uint64_t)value);
    else
        json_i64(j, value);
    json_put_str(j, "name", enum_name_of(&p->spec->names, value));
}

static void hit_json(const Printer *p, const Hit *hit, const char *comm)
{
    Json j = {p->out, false};
    json_open(&j, '{');
    json_put_u64(&j, "time_ns", hit->time_ns);
    json_put_u64(&j, "pid", hit->pid);
    json_put_u64(&j, "tid", hit->tid);
    json_put_z(&j, "comm", comm);
    json_put_hex(&j, "pc", p->sites[hit->site].pc);
    if (hit->readable)
        value_json(p, &j, hit->value);
    else {
        json_put_z(&j, "value", NULL);
        json_put_z(&j, "name", NULL);
    }
    if (p->o->stack) {
        json_put_open(&j, "stack", '[');
        for (size_t i = 0; i < hit->nchain; i++)
            json_hex(&j, hit->chain[i]);
        json_close(&j, ']');
    }
    json_close(&j, '}');
    sink_char(p->out, '\n');
}

/* Seconds since the start, six decimals, at least ten columns. */
static void time_text(Sink *t, uint64_t ns)
{
    uint64_t seconds = ns / 1000000000, micros = ns / 1000 % 1000000;
    for (uint64_t width = 100; width > seconds && width > 1; width /= 10)
        sink_char(t, ' ');
    sink_u64(t, seconds);
    sink_char(t, '.');
    for (uint64_t digit = 100000; digit > 0; digit /= 10)
        sink_char(t, (char)('0' + micros / digit % 10));
}

static void padded(Sink *t, size_t from, size_t width)
{
    for (size_t n = t->n >= from ? t->n - from : width; n < width; n++)
        sink_char(t, ' ');
    sink_char(t, ' ');
}

/* "  0.000123 1234/1240        redis-server    30007 print_non_map" */
static void hit_text(const Printer *p, const Hit *hit, const char *comm)
{
    Sink *t = p->out;
    time_text(t, hit->time_ns > p->start_ns ? hit->time_ns - p->start_ns : 0);
    sink_char(t, ' ');
    size_t from = t->n;
    sink_u64(t, hit->pid);
    sink_char(t, '/');
    sink_u64(t, hit->tid);
    padded(t, from, 13);
    from = t->n;
    escape_terminal(t, str_of(comm));
    padded(t, from, 15);
    sink_add(t, p->color ? "\033[33m" : "");
    if (hit->readable)
        value_text(p, hit->value);
    else
        sink_add(t, "(not readable)");
    Str name = enum_name_of(&p->spec->names, hit->value);
    if (name.p && hit->readable) {
        sink_char(t, ' ');
        escape_terminal(t, name);
    }
    sink_add(t, p->color ? "\033[0m\n" : "\n");
    for (size_t i = 0; p->o->stack && i < hit->nchain; i++) {
        sink_add(t, "           ");
        sink_hex(t, hit->chain[i]);
        sink_char(t, '\n');
    }
}

void print_hit(Printer *p, const Hit *hit, const char *comm)
{
    if (p->o->json)
        hit_json(p, hit, comm);
    else
        hit_text(p, hit, comm);
}

void count_hit(Printer *p, const Hit *hit)
{
    uint64_t *count = hit->readable ? u64map_put(&p->counts, (uint64_t)hit->value) : NULL;
    if (count)
        ++*count;
}

/* Most frequent first; of equals the smaller value first. */
static int count_order(const void *a, const void *b)
{
    const U64Entry *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return ((int64_t)x->key > (int64_t)y->key) - ((int64_t)x->key < (int64_t)y->key);
}

static void count_json(const Printer *p, const U64Entry *e)
{
    Json j = {p->out, false};
    json_open(&j, '{');
    value_json(p, &j, (int64_t)e->key);
    json_put_u64(&j, "count", e->value);
    json_close(&j, '}');
    sink_char(p->out, '\n');
}

static void count_text(const Printer *p, const U64Entry *e, uint64_t most)
{
    Sink cell;
    Str name = enum_name_of(&p->spec->names, (int64_t)e->key);
    Printer in_cell = *p;
    sink_open(&cell, -1);
    in_cell.out = &cell;
    sink_format(p->out, "%12llu  ", (unsigned long long)e->value);
    value_text(&in_cell, (int64_t)e->key);
    if (name.p) {
        sink_char(&cell, ' ');
        escape_terminal(&cell, name);
    }
    sink_str(p->out, sink_inner(&cell, p->out));
    if (p->color) {
        sink_repeat(p->out, ' ', cell.n < 32 ? 32 - cell.n : 1);
        for (uint64_t i = 0; i < (uint64_t)((double)e->value / (double)most * BAR_WIDTH + 0.5); i++)
            sink_add(p->out, "█");
    }
    sink_char(p->out, '\n');
    sink_close(&cell);
}

/* The entries, most frequent first; the caller frees them. NULL when memory is used up. */
static U64Entry *counts_sorted(const Printer *p, size_t *n)
{
    U64Entry *list = malloc((p->counts.n + 1) * sizeof *list);
    *n = 0;
    for (size_t i = 0; list && i < p->counts.cap; i++)
        if (p->counts.items[i].used)
            list[(*n)++] = p->counts.items[i];
    if (list)
        qsort(list, *n, sizeof *list, count_order);
    return list;
}

/* Moves to the first of the rows that were shown, and clears from there on. */
static void live_clear(Printer *p)
{
    if (p->live_rows)
        sink_format(p->out, "\033[%zuA\033[J", p->live_rows);
    p->live_rows = 0;
}

void print_counts_live(Printer *p, uint64_t now_ns)
{
    struct winsize size = {.ws_row = 24};
    size_t n;
    if (!p->live || p->counts.n == 0 || now_ns - p->live_ns < LIVE_NS)
        return;
    U64Entry *list = counts_sorted(p, &n);
    if (!list)
        return;
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    live_clear(p);
    p->live_ns = now_ns;
    while (p->live_rows < n && p->live_rows + 2 < (size.ws_row ? size.ws_row : 24u)) {
        count_text(p, &list[p->live_rows], list[0].value);
        p->live_rows++;
    }
    free(list);
}

void print_counts(Printer *p)
{
    size_t n;
    U64Entry *list = counts_sorted(p, &n);
    if (!list) {
        message("out of memory: the counts are not shown");
        return;
    }
    live_clear(p);
    for (size_t i = 0; i < n; i++) {
        if (p->o->json)
            count_json(p, &list[i]);
        else
            count_text(p, &list[i], list[0].value);
    }
    free(list);
}

static void summary_json(Printer *p, const Summary *s)
{
    Json j = {p->out, false};
    json_open(&j, '{');
    json_put_bool(&j, "summary", true);
    json_put_u64(&j, "hits", s->hits);
    json_put_u64(&j, "lost", s->lost);
    json_put_u64(&j, "counted", s->counted);
    json_put_u64(&j, "recorded", s->recorded);
    json_put_z(&j, "by", s->by);
    if (p->o->verify) {
        json_put_u64(&j, "checked", s->checked);
        json_put_u64(&j, "contradictions", s->contradictions);
    }
    json_put_u64(&j, "elapsed_ns", s->elapsed_ns);
    json_close(&j, '}');
    sink_char(p->out, '\n');
}

void print_summary(Printer *p, const Summary *s)
{
    if (p->o->json)
        summary_json(p, s);
    sink_flush(p->out);
    if (!p->o->quiet || s->lost)
        message("%llu hit%s, %llu lost, in %llu.%03llu s", (unsigned long long)s->hits, s->hits == 1 ? "" : "s",
                (unsigned long long)s->lost, (unsigned long long)(s->elapsed_ns / 1000000000),
                (unsigned long long)(s->elapsed_ns / 1000000 % 1000));
    if (p->o->verbose || s->lost)
        message("the kernel counted %llu hits in all processes; %llu that were asked for came here",
                (unsigned long long)s->counted, (unsigned long long)s->recorded);
    if (p->o->verify && (!p->o->quiet || s->contradictions))
        message("%llu hits verified, %llu contradictions", (unsigned long long)s->checked,
                (unsigned long long)s->contradictions);
    if (s->unreadable)
        message("at %llu hits the value could not be read", (unsigned long long)s->unreadable);
}
