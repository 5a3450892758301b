/* SPDX-License-Identifier: MIT */
#include "model/pooling_attend.h"

#include <string.h>

void pooling_attend(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    const AttendPooling *p = self;
    (void)learn;
    attend_forward(z, w, &p->attend, in->a, in->h, in->bounds, in->n_bag);
}

void pooling_attend_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                             const PoolingBags *in)
{
    const AttendPooling *p = self;
    (void)grad;
    (void)z;
    attend_backward(da, dh, &p->attend, dz, w, in->h, in->bounds, in->n_bag);
}

void pooling_attend_read(void *self, real *z, const real *m, Index stride, const bool *is_empty, int n_bag)
{
    const Attend *l = &((const AttendPooling *)self)->attend;
    (void)is_empty;
    for (Index b = 0; b < n_bag; b++)
        for (int q = 0; q < l->n_query; q++, z += l->n_h)
            memcpy(z, m + b * stride + q * l->width, l->n_h * sizeof *z);
}

const PoolingShare share_of_means = {0};
