/* SPDX-License-Identifier: MIT */
#include "model/pooling_attend.h"

void pooling_attend(void *self, real *z, real *w, const real *a, const real *h, const int *bounds, int n_bag,
                    bool learn)
{
    const AttendPooling *p = self;
    (void)learn;
    attend_forward(z, w, &p->attend, a, h, bounds, n_bag);
}

void pooling_attend_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                             const real *a, const real *h, const int *bounds, int n_bag)
{
    const AttendPooling *p = self;
    (void)grad;
    (void)z;
    (void)a;
    attend_backward(da, dh, &p->attend, dz, w, h, bounds, n_bag);
}
