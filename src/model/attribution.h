/* SPDX-License-Identifier: MIT
 *
 * attribution.h: what the output for a bag is made of.
 *
 * A score s is a weighted sum of outputs (`direction`): a logit, a logit less the mean of all classes', a number.
 *
 * Contributions. s = bias + Σ_i part_i over the instances that were pooled, their weights held fixed: with a linear output
 * network part_i = Σ_columns w_i (v_i · u), exactly. Weights sum to 1, so any constant may be moved from the parts to the
 * bias; what tells instances apart is how their values differ from ordinary ones. With a reference v_ref,
 * part_i = Σ_columns w_i (v_i - v_ref) · u, and bias is the score of the reference: the mean over bags of what they pool, or
 * of the plain mean of their pooled instances, which attention does not pull towards what it looks for. Poolings without means
 * have no plain mean: of both their reference is what they pool. With hidden output layers the gradient by z is its mean along the straight path to z from the bag vector of the reference, or without
 * one from that of no instances (0, but for biases and activation of Hopfield pooling): integrated gradients.
 *
 * Paths. Integrated gradients of s along the input of one instance (Sundararajan et al., ICML 2017), midpoint rule, from the
 * zero input to the instance: a sequence whose one-hot entries are all 0 (its position features and genes stay), a vector whose
 * scaled features are all 0. Weights follow the instance; the other instances, the selection, the divisor of the bag's input and
 * the numbers of the bag stay.
 * A step costs an embedding and one update of the bag's means. Poolings without means pool the bag anew: a step then costs as
 * much as pooling does.
 *
 * Everything behind embeddings and logits is summed in double, in an order that does not depend on threads.
 */
#ifndef HOPSACK_ATTRIBUTION_H
#define HOPSACK_ATTRIBUTION_H

#include "model/mil.h"

typedef struct Attribution Attribution;

/* `mil` is planned for one bag of up to n_max instances, without learning, and prepared. `twin` is another network of the same
 * settings; this plans and prepares it. Both are borrowed. ERR_MEMORY. */
Status attribution_new(Attribution **out, Mil *mil, Mil *twin, int n_max);
void attribution_free(Attribution *a); /* accepts NULL */

/* Reads a bag, which stays borrowed until the next. */
void attribution_open(Attribution *a, const Bag *bag);

typedef enum {
    ATTRIBUTION_BAGS,     /* the mean over bags of what they pool */
    ATTRIBUTION_INSTANCES /* of the plain mean of their instances */
} AttributionReference;

/* Makes the open bag one of those whose mean is the reference, always of the same kind. Without any there is none. */
void attribution_refer(Attribution *a, AttributionReference kind);

/* Of the open bag, by row: attention logits and weights [n, n_column]. */
const MilAttention *attribution_attention(const Attribution *a);

typedef struct {
    double score, bias; /* score = bias + Σ part + rest */
    double rest;        /* error of the integral, or of rounding */
} AttributionSum;

/* part [n of the bag, by row]; direction [n_out]. Instances that selection left out have 0. */
void attribution_divide(double *part, AttributionSum *sum, Attribution *a, const double *direction);

/* A way from instances to the bag vector: a column of attention, a pooling without attention, or the plain mean beside. */
typedef struct {
    int pooling, column; /* -1: the mean beside; -1: it has no attention */
    const char *kind;    /* of pooling */
} AttributionWay;
int attribution_n_way(const Attribution *a);
AttributionWay attribution_way(const Attribution *a, int way);
/* [n_way] of the last attribution_divide: Σ_i |what of part_i came this way|; where a pooling is not of means, before the
 * reference is taken off. */
const double *attribution_through(const Attribution *a);

/* What each number of an embedding adds to the score of the bag that was divided last: share [attribution_n_h], differences from
 * the reference. */
void attribution_numbers(double *share, const Attribution *a);

/* False: a pooling's numbers are not those of embeddings (Hopfield with further steps or sparse weights, log-sum-exp, additive), so that there are no such shares. */
bool attribution_has_numbers(const Attribution *a);

#define ATTRIBUTION_STEPS     50
#define ATTRIBUTION_MAX_STEPS 1600

typedef struct {
    double from, to; /* s without the instance's input, and with it */
    double error;    /* |Σ - (to - from)| / max(|to - from|, floor) */
    int steps;
    bool is_even; /* steps of the input, or of t */
} AttributionPath;

/* False: the model's selection leaves the instance of that row out of the open bag, so that it has no part in the output. */
bool attribution_pools(const Attribution *a, int row);

/* The instance must be pooled. out [its residues, or features]. Steps double from ATTRIBUTION_STEPS until the error is at most
 * 0.01; beyond these they are even in t first, where the input is t³ of its own, so closer near the zero input. floor > 0:
 * smallest difference that the error is held against. */
void attribution_path(double *out, AttributionPath *path, Attribution *a, const double *direction, int row,
                      double floor);

/* What each number of an embedding adds to the part of the instance of that row, which must be pooled: share [n_h], of max
 * pooling before the reference is taken off, 0 without attribution_has_numbers; and where an embedder has windows, the first
 * residue of the window that each came from, -1: of none: at [n_h]. */
void attribution_kernels(double *share, int *at, Attribution *a, const double *direction, int row);
int attribution_window(const Attribution *a); /* residues of a window; 0: the embedder has none */
int attribution_n_h(const Attribution *a);

#endif
