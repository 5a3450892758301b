/* SPDX-License-Identifier: MIT */
#include "model/select.h"

#include <string.h>

bool select_scores(const ModelOptions *o)
{
    return o->select == SELECT_TOP && o->select_fraction <= 1;
}

int select_count(const ModelOptions *o, int n)
{
    if (o->select == SELECT_ALL || o->select_fraction > 1) return n;
    const int min = o->compat == COMPAT_DEEPRC ? 0 : o->select_min;
    const int k = (int)((double)n * o->select_fraction);
    return k >= min ? k : min < n ? min : n;
}

void select_plan(SelectScratch *s, Arena *arena, int n_max, int n_column)
{
    const Index n = n_max, more = n_column > 1 ? n : 0;
    s->keep = ARENA_TAKE(arena, int, n);
    s->ranked = ARENA_TAKE(arena, int, more);
    s->column = ARENA_TAKE(arena, real, more);
    s->best = ARENA_TAKE(arena, real, more);
    s->topk = ARENA_TAKE(arena, uint32_t, TOPK_SCRATCH(n_max));
    s->sort = ARENA_TAKE(arena, TopkPlace, 2 * more);
}

/* Does place i come after place j? */
static bool after(const real *score, Index stride, const int *row, int i, int j)
{
    const real a = score[i * stride], b = score[j * stride];
    return a < b || (a == b && row[i] > row[j]);
}

static void sift_down(int *heap, int n, int at, const real *score, Index stride, const int *row)
{
    const int moved = heap[at];
    for (int child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && after(score, stride, row, heap[child + 1], heap[child])) child++;
        if (!after(score, stride, row, heap[child], moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

/* Heapsort: qsort of the C library allocates. */
void select_order(int *order, int n, const real *score, Index stride, const int *row)
{
    for (int at = n / 2 - 1; at >= 0; at--) sift_down(order, n, at, score, stride, row);
    for (int end = n - 1; end > 0; end--) {
        const int last = order[0];
        order[0] = order[end];
        order[end] = last;
        sift_down(order, end, 0, score, stride, row);
    }
}

/* s->ranked [k] in the order of s->column; a run of equal ones by row. */
static void order_ranked(SelectScratch *s, const int *row, int k)
{
    const real *score = s->column;
    topk_sort(s->ranked, score, k, s->sort);
    for (int from = 0, to; from < k; from = to) {
        for (to = from + 1; to < k && score[s->ranked[to]] == score[s->ranked[from]];) to++;
        if (to > from + 1) select_order(s->ranked + from, to - from, score, 1, row);
    }
}

/* The first k of the ranking are among the first k of each query, so nobody else needs a rank. */
void select_top(SelectScratch *s, const real *a, const int *row, int n, Index n_column, int k)
{
    if (n_column == 1) {
        topk(s->keep, a, row, n, k, s->topk);
        return;
    }
    for (int i = 0; i < n; i++) s->best[i] = (real)-n;
    for (int q = 0; q < n_column; q++) {
        for (int i = 0; i < n; i++) s->column[i] = a[i * n_column + q];
        topk(s->ranked, s->column, row, n, k, s->topk);
        order_ranked(s, row, k);
        for (int rank = 0; rank < k; rank++)
            if ((real)-rank > s->best[s->ranked[rank]]) s->best[s->ranked[rank]] = (real)-rank;
    }
    topk(s->keep, s->best, row, n, k, s->topk);
}

/* Selection sampling (Knuth 3.4.2 S): each place in turn, with the probability that leaves k. */
void select_random(SelectScratch *s, int n, int k, Rng *rng)
{
    for (int i = 0, kept = 0; kept < k; i++)
        if (rng_below(rng, (uint64_t)(n - i)) < (uint64_t)(k - kept)) s->keep[kept++] = i;
}
