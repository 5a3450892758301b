/* SPDX-License-Identifier: MIT
 *
 * pooling_hopfield.h: what the files of Hopfield pooling share. pooling_hopfield_options.c builds the layer from its
 * settings, pooling_hopfield.c is the descriptor and the fast path (nn/fixedquery.h), pooling_hopfield_general.c the
 * path that every setting has (nn/hopfield.h).
 */
#ifndef HOPSACK_POOLING_HOPFIELD_H
#define HOPSACK_POOLING_HOPFIELD_H

#include "model/pooling.h"
#include "nn/fixedquery.h"

typedef struct {
    int n_head, head_size, pattern_size, output_size, n_query;
    double beta; /* NaN or 0: 1/√head_size */
    OptionNumbers head_beta;
    bool learn_beta;
    int steps;
    OptionNumbers head_steps;
    double eps;
    OptionNumbers head_eps;
    int stop; /* 0: each bag on its own, 1: the batch together */
    double dropout;
    int activation;                                      /* place in relu none tanh */
    int norm_query, norm_stored, norm_projection;        /* places in affine plain none */
    int norm_space;                                      /* place in none plain affine */
    bool static_query, static_stored, static_projection; /* used as they are */
    bool connected, zero_association, output_projection, bias, learn_query;
    int init;       /* place in reference fan */
    int similarity; /* Similarity */
    int normalizer; /* Normalizer */
    bool mean;
} HopfieldPoolingSettings;

extern const Option pooling_hopfield_rows[];
/* Builds the layer for instances of n_h numbers. */
Status pooling_hopfield_build(HopfieldPooling *l, ParamList *list, const HopfieldPoolingSettings *s, int n_h);

/* The general path. */
typedef struct {
    HopfieldCache cache;
    BagPairs bags;
    RetrievalMasks masks;
    real *x, *dx;        /* [n_row, n_h] */
    real *dz;            /* [n_bag, n_z] */
    uint8_t *keep;       /* an entry each pair of patterns, see retrieval.h */
    real *state, *q_raw; /* [quantity, ·] the queries for scores: normed; projected */
    real *q;             /* [quantity, ·] in the association space */
    LayerNormCache norm; /* of the queries, for either norm */
    struct ScoreScratch {
        real *x, *k, *k_raw; /* [KERNEL_BLOCK, ·] */
        LayerNormCache norm;
    } * scratch; /* [n_thread] */
} GeneralPath;

typedef struct {
    Pooling base;
    HopfieldPooling layer;
    Index n_h, width;
    double dropout;
    const real *theta; /* of the last prepare */
    bool drops;        /* the association of this update has dropout */
    Pass pass;
    uint8_t *keep; /* [n_row, n_column] 0: dropped */
    real keep_scale;
    bool folds; /* scores come from queries that keys are folded into */
    bool fast;  /* and so does pooling */

    FixedQuery query; /* if it folds */
    FixedQueryCache cache;
    real **wide; /* [n_thread] scratch [KERNEL_BLOCK, lanes] */
    real **du;   /* [n_slot] [n_column, width] */

    GeneralPath general;

    double *share; /* [n_read] and [n_h] at least: scratch of one thread's (pooling_hopfield_share.c) */
} HopfieldPool;

extern const PoolingShare share_of_retrieval;

void pooling_hopfield_general_plan(HopfieldPool *p, Arena *arena, const ModelSizes *sizes);
void pooling_hopfield_general_prepare(HopfieldPool *p);
/* For what does not fold. */
void pooling_hopfield_general_score(HopfieldPool *p, real *a, const real *h, const Rows *rows);
void pooling_hopfield_general_pool(HopfieldPool *p, real *z, real *w, const PoolingBags *in);
void pooling_hopfield_general_backward(HopfieldPool *p, real *dh, real *grad, const real *dz, const real *z,
                                       const PoolingBags *in);

#endif
