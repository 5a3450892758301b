/* SPDX-License-Identifier: MIT
 *
 * pooling_attend.h: what poolings share whose bag vector is the mean of embeddings weighted by the softmax of their
 * scores, or by sparse weights (nn/attend.h): attention and gated differ in how they score.
 */
#ifndef HOPSACK_POOLING_ATTEND_H
#define HOPSACK_POOLING_ATTEND_H

#include "model/pooling.h"
#include "nn/attend.h"

/* Every such pooling's struct begins with this. */
typedef struct {
    Pooling base;
    Attend attend;
    const real *w; /* of the last pool */
} AttendPooling;

/* How one of n_query queries begins. Sparse weights need whole bags, and no counts. */
AttendPooling pooling_attend_init(int n_query, int n_h, int width, int normalizer, bool mean);

/* pool and pool_backward of the descriptor. */
void pooling_attend(void *self, real *z, real *w, const PoolingBags *in, bool learn);
void pooling_attend_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                             const PoolingBags *in);

/* read of the descriptor: z is m. */
void pooling_attend_read(void *self, real *z, const real *m, Index stride, const bool *is_empty, int n_bag);

/* of the descriptor: z is the means themselves, or a sum that sparse weights divide. */
extern const PoolingShare share_of_attend;

#endif
