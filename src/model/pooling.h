/* SPDX-License-Identifier: MIT
 *
 * pooling.h: what turns the embeddings h [n, n_h] of a bag into one vector z [n_z]. A kind of pooling is a descriptor
 * in the table of pooling.c, and one file.
 *
 * Two stages: `score` looks at one instance at a time (and so also ranks them for selection, and is what users
 * export); `pool` at whole bags, all of a minibatch end to end, so that what they share is done once: bag b has rows
 * bounds[b] … bounds[b+1]-1. `score` runs on many threads at once; `pool` and `pool_backward` are called by one and
 * may share their bags out (core/parallel.h).
 */
#ifndef HOPSACK_POOLING_H
#define HOPSACK_POOLING_H

#include "model/embedder.h"
#include "model/pooling_share.h"
#include "nn/normalizer.h"

/* The row of a kind of pooling that may have the plain mean of a bag's embeddings beside its own vector, z = [pooled;
 * mean]: over all instances that are pooled. `field` is a bool of its options. */
#define POOLING_MEAN_ROW(type, field)                                                                                \
    {                                                                                                                \
        "mean", OPTION_BOOL, offsetof(type, field), "false", 0, 0, NULL, "",                                         \
            "plain mean of the instances, added to the bag vector beside the pooled vector"                          \
    }

/* The row of a kind that may make sparse weights of its scores. `field` is an int of its options: a Normalizer. */
#define POOLING_NORMALIZER_ROW(type, field)                                                                          \
    {                                                                                                                \
        "normalizer", OPTION_CHOICE, offsetof(type, field), "softmax", 0, 0, NORMALIZER_WORDS, "",                   \
            "function that turns scores into weights: softmax, or sparsemax and entmax15, which give weight 0 to "   \
            "instances with low scores and read whole bags"                                                          \
    }

/* Every pooling's struct begins with this. */
typedef struct {
    Index n_column; /* columns of a: queries, or queries · heads; column = query · n_head + head */
    int n_head;
    Index n_z;        /* numbers it pools; the mean comes on top */
    bool mean;        /* the plain mean of the embeddings stands behind */
    bool streams;     /* `read` can be used: z follows from means weighted by the softmax of the scores */
    bool weighs;      /* `pool` takes weights of instances in a, although it has no scores */
    int64_t n_capped; /* associations so far that had not converged when they were stopped (hopfield, steps: -1) */
} Pooling;

/* Whole bags end to end. */
typedef struct {
    const real *a;     /* [n, n_column] scores */
    const real *h;     /* [n, width] */
    const int *bounds; /* [n_bag + 1] */
    int n_bag;
    const real *log_weight; /* [n] was added to a: instances weigh by their counts; NULL: nothing was */
} PoolingBags;

#define POOLING_ROOM 8192 /* bytes a pooling's struct may have, so that several lie side by side */

typedef struct {
    const char *name;
    const Option *options;
    size_t options_size; /* ≤ OPTION_BLOB */
    size_t size;         /* of the pooling's struct, ≤ POOLING_ROOM */
    bool of_one;         /* for bags of one instance alone */
    bool ranks;          /* its scores tell instances apart, so that selection: top has something to go by */

    /* h has n_h numbers at row stride `width`, a multiple of 16 beyond which nothing is read. */
    Status (*init)(void *self, ParamList *list, const void *options, int n_h, int width);
    void (*plan)(void *self, Arena *arena, const ModelSizes *sizes);
    void (*prepare)(void *self, const real *theta, const Pass *pass); /* as of an embedder */

    /* a [n, n_column] of h [n, width]; keeps what backward needs if rows->cached ≥ 0. n ≤ KERNEL_BLOCK. */
    void (*score)(void *self, real *a, const real *h, const Rows *rows);
    /* z [n_bag, n_z] and w [n, n_column] of whole bags; z of an empty bag is 0. `learn`: backward follows. */
    void (*pool)(void *self, real *z, real *w, const PoolingBags *in, bool learn);
    /* da [n, n_column], dh [n, width] and the slab `grad` are added to; z and w are what pool returned. */
    void (*pool_backward)(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const PoolingBags *in);

    /* z [n_bag, n_z] of bags seen once (nn/attendstream.h), for prediction: column k of bag b, the mean of h weighted
     * by the softmax of column k of the scores, lies at m + b · stride + k · width; z of a bag that is_empty [n_bag]
     * is 0. It is the z of `pool`, but for rounding. NULL, or `streams` false: it cannot be had so. */
    void (*read)(void *self, real *z, const real *m, Index stride, const bool *is_empty, int n_bag);

    void (*zero)(void *self, int grad_slot);
    /* dh [n, width] += …; n ≤ KERNEL_BLOCK. */
    void (*score_backward)(void *self, int grad_slot, real *dh, const real *da, const real *h, const Rows *rows);
    void (*finish)(void *self, real *grad, int n_slot);
    /* After param_start and `plan`: theta starts so that instances with large numbers 0 … n-1 of h are attended to,
     * those that the first kernels were started for. z_at [n]: where number j then stands in z, -1 where it does not
     * stand alone. NULL: this kind has no such start. */
    void (*start)(void *self, real *theta, int n, int *z_at);
    const PoolingShare *share; /* of `several`: NULL, its entries have their own */
} PoolingType;

/* Can instances weigh by their counts in this pooling, which is initialised? ERR_CONFIG says why not. */
Status pooling_check_weights(const PoolingType *type, const Pooling *pooling);

extern const PoolingType *const pooling_types[]; /* ends with NULL */
const PoolingType *pooling_type(const char *name);

extern const PoolingType pooling_additive, pooling_attention, pooling_gated, pooling_hopfield, pooling_logsumexp,
    pooling_max, pooling_mean, pooling_none;

#endif
