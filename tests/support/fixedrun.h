/* SPDX-License-Identifier: MIT
 *
 * fixedrun.h: nn/fixedquery over dense instances x [n, n_in], all at once: scores in blocks, pools, and back. Header only,
 * since it is compiled for float and double alike.
 */
#ifndef HOPSACK_TEST_FIXEDRUN_H
#define HOPSACK_TEST_FIXEDRUN_H

#include "nn/fixedquery.h"
#include "nn/kernel.h"

#include <string.h>

typedef struct {
    FixedQuery f;
    FixedQueryCache c;
    real *x, *dx;     /* [n, width] */
    real *a, *p, *da; /* [n, n_column] */
    real *du;         /* [n_column, width] */
    real *wide;       /* [KERNEL_BLOCK, lanes] */
} FixedRun;

static inline void fixedrun_plan(FixedRun *r, const HopfieldPooling *l, int n, int n_bag, Arena *arena)
{
    const int width = KERNEL_WIDTH(l->hopfield.core.n_y);
    fixedquery_plan(&r->f, l, width, arena);
    fixedquery_plan_cache(&r->c, &r->f, n, n_bag, arena);
    r->x = ARENA_TAKE(arena, real, (size_t)n * (size_t)width);
    r->dx = ARENA_TAKE(arena, real, (size_t)n * (size_t)width);
    r->a = ARENA_TAKE(arena, real, (size_t)n * (size_t)r->f.n_column);
    r->p = ARENA_TAKE(arena, real, (size_t)n * (size_t)r->f.n_column);
    r->da = ARENA_TAKE(arena, real, (size_t)n * (size_t)r->f.n_column);
    r->du = ARENA_TAKE(arena, real, (size_t)r->f.n_column * (size_t)width);
    r->wide = ARENA_TAKE(arena, real, KERNEL_BLOCK * (size_t)r->f.lanes);
}

/* Zeroes du, which backward calls add to until fixedquery_finish. */
static inline void fixedrun_prepare(FixedRun *r, const real *theta)
{
    fixedquery_prepare(&r->f, theta);
    memset(r->du, 0, (size_t)r->f.n_column * (size_t)r->f.width * sizeof *r->du);
}

static inline FixedQueryBags fixedrun_bags(const FixedRun *r, const int *bounds, int n_bag, const uint8_t *keep,
                                           real keep_scale)
{
    return (FixedQueryBags){
        .a = r->a, .x = r->x, .bounds = bounds, .n_bag = n_bag, .keep = keep, .keep_scale = keep_scale};
}

static inline void fixedrun_forward(real *z, FixedRun *r, const real *theta, const real *x, const int *bounds,
                                    int n_bag, const uint8_t *keep, real keep_scale)
{
    const int n = bounds[n_bag], n_in = r->f.n_in, width = r->f.width;
    memset(r->x, 0, (size_t)n * (size_t)width * sizeof *x);
    for (int i = 0; i < n; i++) memcpy(r->x + i * width, x + i * n_in, (size_t)n_in * sizeof *x);
    for (int i = 0; i < n; i += KERNEL_BLOCK)
        fixedquery_score(r->a + i * r->f.n_column, r->wide, &r->f, r->x + i * width,
                         n - i < KERNEL_BLOCK ? n - i : KERNEL_BLOCK);
    const FixedQueryBags in = fixedrun_bags(r, bounds, n_bag, keep, keep_scale);
    fixedquery_pool(z, r->p, &r->c, &r->f, theta, &in);
}

/* dx [n, n_in] may be NULL. */
static inline void fixedrun_backward(real *dx, real *grad, FixedRun *r, const real *theta, const real *z,
                                     const real *dz, const int *bounds, int n_bag, const uint8_t *keep,
                                     real keep_scale)
{
    const int n = bounds[n_bag], n_in = r->f.n_in, width = r->f.width;
    real *to = dx ? r->dx : NULL;
    memset(r->dx, 0, (size_t)n * (size_t)width * sizeof *dx);
    memset(r->da, 0, (size_t)n * (size_t)r->f.n_column * sizeof *dx);
    const FixedQueryBags in = fixedrun_bags(r, bounds, n_bag, keep, keep_scale);
    const FixedQueryOutput out = {z, r->p, dz};
    fixedquery_pool_backward(r->da, to, grad, &r->c, &r->f, theta, &in, &out);
    for (int i = 0; i < n; i += KERNEL_BLOCK) {
        const FixedQueryRows rows = {r->x + i * width, i, n - i < KERNEL_BLOCK ? n - i : KERNEL_BLOCK};
        fixedquery_score_backward(to ? to + i * width : NULL, r->du, r->wide, &r->c, &r->f, r->da + i * r->f.n_column,
                                  &rows);
    }
    for (int i = 0; dx && i < n; i++)
        for (int j = 0; j < n_in; j++) dx[i * n_in + j] += r->dx[i * width + j];
}

#endif
