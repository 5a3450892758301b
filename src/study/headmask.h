/* SPDX-License-Identifier: MIT
 *
 * headmask.h: which keys a query sees: by a mask of the file, and by order.
 */
#ifndef HOPSACK_HEADMASK_H
#define HOPSACK_HEADMASK_H

#include "data/arrays/arrayfile.h"

typedef struct {
    const Array *array; /* NULL: no mask */
    uint8_t *visible;   /* its numbers, 1: not 0 */
    bool causal;
} HeadMask;

/* The mask `name` of a file; NULL: none. ERR_USAGE: no such array; ERR_FORMAT: not of integers; ERR_MEMORY. */
Status headmask_open(HeadMask *out, const ArrayFile *file, const char *name, bool causal);
void headmask_close(HeadMask *m); /* accepts {0} */

/* The mask as seen by weights of a shape. */
typedef struct {
    const HeadMask *mask;
    int n_dim;
    int64_t shape[ARRAY_DIMS], stride[ARRAY_DIMS]; /* of the weights, and through the mask; 0 where it is broadcast */
} HeadView;

/* shape [n_dim ≥ 2] of the weights. ERR_FORMAT: the mask does not broadcast to it; causal, and fewer keys than queries. */
Status headmask_view(HeadView *out, const HeadMask *m, const char *name, const int64_t *shape, int n_dim);
/* seen [n_key] of the row-th row of the weights. */
void headmask_row(uint8_t *seen, const HeadView *v, int64_t row);

#endif
