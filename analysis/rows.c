/* analysis/rows.c - see rows.h. */
#include "analysis/rows.h"

FunctionRow row_make(Addr start, Addr end, unsigned by)
{
    uint64_t size = end - start;
    return (FunctionRow){.start = start, .size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size, .found_by = by & 15u};
}

void rows_add(RowList *list, FunctionRow row)
{
    if (list->failed || !arena_grow(list->arena, (void **)&list->items, list->n, &list->cap, sizeof *list->items))
        list->failed = true;
    else
        list->items[list->n++] = row;
}

int row_order(const void *x, const void *y)
{
    const FunctionRow *a = x, *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->found_by != b->found_by ? (a->found_by < b->found_by ? -1 : 1) : 0;
}

void rows_merge(RowList *a, const FunctionRow *b, size_t nb, size_t spare, Arena *arena)
{
    FunctionRow *all = arena_alloc(arena, a->n + nb + spare, sizeof *all);
    size_t i = 0, k = 0, n = 0;
    a->failed |= !all;
    while (!a->failed && (i < a->n || k < nb)) {
        bool first = k == nb || (i < a->n && row_order(&a->items[i], &b[k]) <= 0);
        all[n++] = first ? a->items[i++] : b[k++];
    }
    a->items = all;
    a->n = n;
    a->cap = a->failed ? n : n + spare;
    a->arena = arena;
}

void rows_clean(RowList *list, const Image *image)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].size && image_read(image, list->items[i].start, list->items[i].size))
            list->items[n++] = list->items[i];
    list->n = n;
}

size_t rows_after(const FunctionRow *rows, size_t n, Addr pc)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (row_end(&rows[mid]) <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
