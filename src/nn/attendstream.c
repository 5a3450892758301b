/* SPDX-License-Identifier: MIT */
#include "nn/attendstream.h"
#include "nn/kernel.h"

#include <math.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

void attendstream_init(AttendStream *s, int n_query, bool mean, Index width)
{
    *s = (AttendStream){.n_query = n_query, .n_column = n_query + mean, .width = width};
}

static Index bag_size(const AttendStream *s)
{
    return s->n_column * s->width;
}

void attendstream_plan(AttendStream *s, Arena *arena, int n_piece, int n_bag, int n_thread)
{
    const Index pieces = n_piece, bags = n_bag, columns = s->n_column;
    s->e = ARENA_TAKE(arena, real *, n_thread);
    for (int t = 0; t < n_thread; t++) {
        real *block = ARENA_TAKE(arena, real, KERNEL_WIDTH(KERNEL_BLOCK * columns));
        if (s->e) s->e[t] = block;
    }
    s->top = ARENA_TAKE(arena, real, pieces * columns);
    s->sum = ARENA_TAKE(arena, double, pieces *columns);
    s->part = ARENA_TAKE(arena, real, pieces * bag_size(s));
    s->bag_top = ARENA_TAKE(arena, real, bags * columns);
    s->bag_scale = ARENA_TAKE(arena, real, bags * columns);
    s->m = ARENA_TAKE(arena, real, bags * bag_size(s));
}

void attendstream_clear(AttendStream *s, int piece)
{
    const Index at = piece * s->n_column;
    for (int k = 0; k < s->n_column; k++) {
        s->top[at + k] = k < s->n_query ? -(real)INFINITY : 0;
        s->sum[at + k] = 0;
    }
    ZERO(s->part + piece * bag_size(s), bag_size(s));
}

/* A larger top, and what was summed by the one before brought to it. */
static void raise_top(AttendStream *s, int piece, const real *a, int n)
{
    const Index at = piece * s->n_column;
    for (int k = 0; k < s->n_query; k++) {
        const real before = s->top[at + k];
        real top = before;
        for (int i = 0; i < n; i++) top = a[i * s->n_query + k] > top ? a[i * s->n_query + k] : top;
        if (!(top > before)) continue;
        const double scale = exp((double)before - (double)top);
        real *part = s->part + (at + k) * s->width;
        s->top[at + k] = top;
        s->sum[at + k] *= scale;
        for (int f = 0; f < s->width; f++) part[f] *= (real)scale;
    }
}

/* e [n, n_column] = exp(a - top), in the column of the mean 1. */
static void exponentials(real *e, const AttendStream *s, const real *top, const AttendRows *rows)
{
    const Index size = rows->n * s->n_column;
    for (int i = 0; i < rows->n; i++) {
        real *e_i = e + i * s->n_column;
        for (int k = 0; k < s->n_query; k++) e_i[k] = rows->a[i * s->n_query + k] - top[k];
        if (s->n_column > s->n_query) e_i[s->n_query] = rows->log_weight ? rows->log_weight[i] : 0;
    }
    for (Index i = size; i % KERNEL_LANES; i++) e[i] = 0;
    kernel_active()->exp_forward(e, KERNEL_WIDTH(size));
}

void attendstream_add(AttendStream *s, int piece, const AttendRows *rows, int thread)
{
    const Index at = piece * s->n_column;
    real *e = s->e[thread];
    raise_top(s, piece, rows->a, rows->n);
    exponentials(e, s, s->top + at, rows);
    for (int k = 0; k < s->n_column; k++) {
        real sum = 0;
        for (int i = 0; i < rows->n; i++) sum += e[i * s->n_column + k];
        s->sum[at + k] += (double)sum;
    }
    kernel_active()->dense_dweight(s->part + piece * bag_size(s), NULL, e, s->n_column, rows->h, rows->n, s->n_column,
                                   s->width);
}

static void join_column(AttendStream *s, int b, int k, int first, int n_piece)
{
    const Index column = b * s->n_column + k, width = s->width;
    real *m = s->m + column * width, top = k < s->n_query ? -(real)INFINITY : 0;
    double sum = 0;
    for (int p = first; p < first + n_piece; p++) {
        const real other = s->top[p * s->n_column + k];
        top = other > top || isnan(other) ? other : top;
    }
    ZERO(m, width);
    for (int p = first; p < first + n_piece; p++) {
        const Index at = p * s->n_column + k;
        const double scale = exp((double)s->top[at] - (double)top);
        sum += scale * s->sum[at];
        for (Index f = 0; f < width; f++) m[f] += (real)scale * s->part[at * width + f];
    }
    const real scale = n_piece > 0 ? (real)(1 / sum) : 0;
    for (Index f = 0; f < width; f++) m[f] *= scale;
    s->bag_top[column] = top;
    s->bag_scale[column] = scale;
}

void attendstream_join(AttendStream *s, int b, int first, int n_piece)
{
    for (int k = 0; k < s->n_column; k++) join_column(s, b, k, first, n_piece);
}

void attendstream_weights(real *w, const AttendStream *s, int b, const real *a, int n)
{
    const Index column = b * s->n_column;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < s->n_query; k++, a++, w++)
            *w = (real)exp((double)*a - (double)s->bag_top[column + k]) * s->bag_scale[column + k];
}
