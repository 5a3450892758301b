/* SPDX-License-Identifier: MIT
 *
 * pooling.h: what turns the embeddings h [n, n_h] of a bag into one vector z [n_z]. A kind of pooling is a descriptor in
 * the table of pooling.c, and one file.
 *
 * Two stages: `score` looks at one instance at a time (and so also ranks them for selection, and is what users export);
 * `pool` at whole bags, all of a minibatch end to end, so that what they share is done once: bag b has rows
 * bounds[b] … bounds[b+1]-1. `score` runs on many threads at once; `pool` and `pool_backward` are called by one and may
 * share their bags out (core/parallel.h).
 */
#ifndef HOPSACK_POOLING_H
#define HOPSACK_POOLING_H

#include "model/embedder.h"

/* Every pooling's struct begins with this. */
typedef struct {
    int n_query; /* columns of a: queries, or queries · heads; column = query · n_head + head */
    int n_head;
    int n_z;
    int64_t n_capped; /* associations so far that had not converged when they were stopped (hopfield, steps: -1) */
} Pooling;

typedef struct {
    const char *name;
    const Option *options;
    size_t options_size; /* ≤ OPTION_BLOB */
    size_t size;
    bool ranks; /* its scores tell instances apart, so that selection: top has something to go by */

    /* h has n_h numbers at row stride `width`, a multiple of 16 beyond which nothing is read. */
    Status (*init)(void *self, ParamList *list, const void *options, int n_h, int width);
    void (*plan)(void *self, Arena *arena, const ModelRoom *room);
    void (*prepare)(void *self, const real *theta, const Pass *pass); /* as of an embedder */

    /* a [n, n_query] of h [n, width]; keeps what backward needs if rows->cached ≥ 0. n ≤ KERNEL_BLOCK. */
    void (*score)(void *self, real *a, const real *h, const Rows *rows);
    /* z [n_bag, n_z] and w [n, n_query] of whole bags; z of an empty bag is 0. `learn`: backward follows. */
    void (*pool)(void *self, real *z, real *w, const real *a, const real *h, const int *bounds, int n_bag,
                 bool learn);
    /* da [n, n_query], dh [n, width] and the slab `grad` are added to. */
    void (*pool_backward)(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const real *a, const real *h, const int *bounds, int n_bag);

    void (*zero)(void *self, int grad_slot);
    /* dh [n, width] += …; n ≤ KERNEL_BLOCK. */
    void (*score_backward)(void *self, int grad_slot, real *dh, const real *da, const real *h, const Rows *rows);
    void (*finish)(void *self, real *grad, int n_slot);
} PoolingType;

extern const PoolingType *const pooling_types[]; /* ends with NULL */
const PoolingType *pooling_type(const char *name);

extern const PoolingType pooling_attention, pooling_gated, pooling_hopfield, pooling_max, pooling_mean;

#endif
