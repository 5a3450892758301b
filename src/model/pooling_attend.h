/* SPDX-License-Identifier: MIT
 *
 * pooling_attend.h: what poolings share whose bag vector is the mean of embeddings weighted by the softmax of their
 * scores (nn/attend.h): attention and gated differ in how they score.
 */
#ifndef HOPSACK_POOLING_ATTEND_H
#define HOPSACK_POOLING_ATTEND_H

#include "model/pooling.h"
#include "nn/attend.h"

/* Every such pooling's struct begins with this. */
typedef struct {
    Pooling base;
    Attend attend;
} AttendPooling;

/* pool and pool_backward of the descriptor. */
void pooling_attend(void *self, real *z, real *w, const PoolingBags *in, bool learn);
void pooling_attend_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                             const PoolingBags *in);

/* read of the descriptor: z is m. */
void pooling_attend_read(void *self, real *z, const real *m, Index stride, const bool *is_empty, int n_bag);

#endif
