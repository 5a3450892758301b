/* SPDX-License-Identifier: MIT
 *
 * pooling_several.h: poolings side by side. Each has settings and parameters of its own, and the bag vector is what
 * they compute, end to end:
 *
 *     z = [z_0; z_1; …]          a = [a_0, a_1, …] of those that rank
 *
 * Entry 0 names its parameters as if it were alone; entry k has `pooling.k.` in front. Poolings without attention
 * have no columns here. A plain mean that any entry asks for (`mean`) stands once, behind them all.
 */
#ifndef HOPSACK_POOLING_SEVERAL_H
#define HOPSACK_POOLING_SEVERAL_H

#include "model/mil.h"
#include "model/pooling.h"

/* The options of its init. */
typedef struct {
    const PoolingChoice *entry; /* [n] */
    int n;                      /* 2 … POOLING_MOST */
} PoolingsChosen;

extern const PoolingType pooling_several; /* not in the table of kinds */

/* Whose column that is; the pooling is of type pooling_several. */
MilColumn pooling_several_column(const Pooling *self, int column);

/* Entry k: its kind and struct, where its columns (-1: it has none among them all) and numbers begin, and whether its instances
 * weigh by their counts. */
typedef struct {
    const PoolingType *type;
    void *self;
    Index column_at, z_at;
    bool weighs;
} PoolingEntry;
PoolingEntry pooling_several_entry(Pooling *self, int k);

#endif
