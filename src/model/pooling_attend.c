/* SPDX-License-Identifier: MIT */
#include "model/pooling_attend.h"

#include <math.h>
#include <string.h>

AttendPooling pooling_attend_init(int n_query, int n_h, int width, int normalizer, bool mean)
{
    const Pooling base = {.n_column = n_query,
                          .n_head = 1,
                          .n_z = n_query * n_h,
                          .mean = mean,
                          .streams = normalizer == NORMALIZER_SOFTMAX};
    const Attend attend = {.n_query = n_query, .n_h = n_h, .width = width, .normalizer = (Normalizer)normalizer};
    return (AttendPooling){.base = base, .attend = attend};
}

void pooling_attend(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    AttendPooling *p = self;
    (void)learn;
    p->w = w;
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

static bool is_softmax(const void *self)
{
    return ((const AttendPooling *)self)->attend.normalizer == NORMALIZER_SOFTMAX;
}

/* Instance i adds w_iq h_i to the z of query q. */
static void divide(const void *self, double *part, double *through, const double *g, const real *h, int n)
{
    const AttendPooling *p = self;
    const Attend *l = &p->attend;
    for (int i = 0; i < n; i++) {
        part[i] = 0;
        for (Index q = 0; q < l->n_query; q++) {
            double sum = 0;
            for (Index f = 0; f < l->n_h; f++) sum += g[q * l->n_h + f] * (double)h[i * l->width + f];
            const double term = (double)p->w[i * l->n_query + q] * sum;
            part[i] += term;
            through[q] += fabs(term);
        }
    }
}

const PoolingShare share_of_attend = {.of_means = is_softmax, .divide = divide};
