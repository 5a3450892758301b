/* SPDX-License-Identifier: MIT
 *
 * bagkernel.h: rivals that know a bag by its inner products with other bags. A kernel is a descriptor: it gives the inner
 * products of features φ, and turns weights of bags into weights of features. bagkernel.c does the rest for all of them:
 *
 *     k_ij   = <φ_i, φ_j> / (size_i size_j)^e        e from `power`, chosen by inner folds
 *              centred on the training bags, and divided by its mean diagonal there
 *     f(x)   = Σ_i α_i k(x_i, x) + b                 logistic regression, penalty ½ Σ α_i α_j k_ij, b free; classes balanced;
 *                                                    C chosen by inner folds; several classes: each against the others;
 *                                                    numbers: ridge regression
 *
 * or, with `as_is`, a support vector machine on k_ij = <φ_i, φ_j> as it is.
 */
#ifndef HOPSACK_BAGKERNEL_H
#define HOPSACK_BAGKERNEL_H

#include "rival/rival.h"

#define BAGKERNEL_POWERS 4

/* Bags that features are standardised or weighed by, and the inner products that follow. */
typedef struct {
    const bool *member; /* [n] */
    double *gram; /* [n, n] <φ_i, φ_j>, n = cohort->n: filled for all i, j in use, both triangles; the rest stays 0 */
} BagKernelSet;

/* Weights of bags, to become a model. */
typedef struct {
    const bool *member; /* [n] of the set */
    int n_out;
    const double *weight; /* [n_out, n] of φ_i; 0 for all but training bags */
    RivalModel *model;    /* gets tensors and facts, from which `product` computes Σ_i weight_i <φ_i, φ(x)> */
} BagKernelWeights;

typedef struct {
    bool inner;  /* what φ owes to the bags of its set matters to inner fits: they get grams of their own */
    bool as_is;  /* support vector machine, no centring, no scaling */
    int n_power; /* 0: e = 0 */
    double power[BAGKERNEL_POWERS]; /* e */
    int n_cost;
    double cost[8]; /* C, ascending */

    Status (*open)(void **state, const Rival *rival, const RivalBags *bags);
    void (*close)(void *state);                /* accepts NULL */
    const double *(*sizes)(const void *state); /* [n] of members in use, > 0 or all e give 0; NULL: none */
    Status (*grams)(void *state, BagKernelSet *set, int n_set);
    Status (*weigh)(void *state, BagKernelWeights *weights, int n);

    /* Models on a member of another cohort: product [n_model, n_out] as above, size as `sizes` has it (1 where it is NULL). */
    Status (*apply_open)(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
    Status (*product)(double *product, double *size, void *applier, int member);
    void (*apply_close)(void *applier);
    /* score [n of the bag] of each sequence: the mean over models; NULL: none. */
    Status (*rank)(double *score, void *applier, int member, int output);
    Status (*single)(json_t **out, void *state, const double *label); /* as Rival; NULL: none */
} BagKernel;

/* The functions of a Rival whose `detail` begins with a `const BagKernel *`. */
Status bagkernel_open(void **state, const Rival *rival, const RivalBags *bags);
Status bagkernel_fit(void *state, RivalFit *fit, int n);
void bagkernel_close(void *state);
Status bagkernel_apply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
Status bagkernel_apply(double *output, void *applier, int member);
void bagkernel_apply_close(void *applier);
Status bagkernel_rank(double *score, void *applier, int member, int output);
Status bagkernel_single(json_t **out, void *state, const double *label); /* of kernels that have it */

/* Of a row of the table of rivals; `.rank = bagkernel_rank` where the kernel ranks sequences. */
#define BAGKERNEL_FUNCTIONS                                                                                          \
    .open = bagkernel_open, .fit = bagkernel_fit, .close = bagkernel_close, .apply_open = bagkernel_apply_open,      \
    .apply = bagkernel_apply, .apply_close = bagkernel_apply_close

#endif
