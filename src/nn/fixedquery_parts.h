/* SPDX-License-Identifier: MIT
 *
 * fixedquery_parts.h: what fixedquery.c (an update, scores) and fixedquery_pool.c (whole bags) share.
 */
#ifndef HOPSACK_FIXEDQUERY_PARTS_H
#define HOPSACK_FIXEDQUERY_PARTS_H

#include "nn/fixedquery.h"

#include <string.h>

#define LANES              8 /* partial sums: a fixed order that the compiler can vectorise */
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

static inline const Association *core_of(const FixedQuery *f)
{
    return &f->l->hopfield.core;
}

static inline bool is_normed(const FixedQuery *f)
{
    return f->l->hopfield.o.norm_stored || f->l->hopfield.o.norm_projection;
}

/* Takes the mean off x [n]. */
static inline void centre(real *x, int n)
{
    double part[LANES] = {0}, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) part[k] += (double)x[i + k];
    for (; i < n; i++) sum += (double)x[i];
    for (int k = 0; k < LANES; k++) sum += part[k];
    const real mean = (real)(sum / n);
    for (int j = 0; j < n; j++) x[j] -= mean;
}

/* to [n_in, lanes] from [n_column, width]; surplus columns are 0. */
static inline void transpose(real *restrict to, const FixedQuery *f, const real *restrict from)
{
    const Index lanes = f->lanes, n_in = f->n_in;
    ZERO(to, n_in * lanes);
    for (int k = 0; k < f->n_column; k++, to++, from += f->width)
        for (Index j = 0; j < n_in; j++) to[j * lanes] = from[j];
}

#endif
