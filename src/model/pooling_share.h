/* SPDX-License-Identifier: MIT
 *
 * pooling_share.h: how a pooling's bag vector divides among its instances, for model/attribution.h. With the weights held
 * fixed a bag vector is an activation of numbers p to which every instance adds a part:
 *
 *     z = f(p)        p = p_0 + Σ_i p_i
 *
 * A pooling of means pools one mean a column, m_k = Σ_i w_ik x_i with Σ_i w_ik = 1, where x_i is the embedding or what a
 * norm makes of it, and p follows from the means; then  g · p_i = Σ_k w_ik (u_k · x_i + c_k)  for any g [n_z].
 * The others divide p as they can; their weights may depend on the whole bag. What each of their columns adds to the parts is
 * told by size: Σ_i |g · p_ik|.
 *
 *     g, p, p_0 [n_z]     u, m [n_column, n_h]     c, through [n_column]     x [n_h]     all in double, of one bag
 */
#ifndef HOPSACK_POOLING_SHARE_H
#define HOPSACK_POOLING_SHARE_H

#include "core/real.h"

#include <stdbool.h>

typedef enum { SHARE_LINEAR, SHARE_RELU, SHARE_TANH } ShareActivation;

typedef struct {
    bool (*of_means)(const void *self); /* NULL: always */

    /* Of means. NULL: x is h; p is m; u is g and c 0; the pooling's own score_backward does. */
    void (*value)(const void *self, double *x, const real *h);
    void (*value_backward)(const void *self, double *dh, const double *dx, const real *h); /* dh [n_h] is added to */
    void (*merge)(const void *self, double *p, const double *m);                           /* m NULL: p_0 */
    void (*spread)(const void *self, double *u, double *c, const double *g);
    void (*score_backward)(const void *self, double *dh, const double *da, const real *h); /* da [n_column] */

    /* Of the others, after `pool` of one bag: p and p_0 (NULL: z and 0), and part [n] = g · p_i of its rows h [n, ·]; through,
     * the sizes by column, is added to. */
    void (*pooled)(const void *self, double *p, double *p_0);
    void (*divide)(const void *self, double *part, double *through, const double *g, const real *h, int n);
    /* Does number j of p come from number j of the embedding of row i? NULL: numbers of p are not those of embeddings. */
    bool (*is_from)(const void *self, Index j, const real *h, int i, int n);

    ShareActivation (*activation)(const void *self); /* f; NULL: linear */
} PoolingShare;

extern const PoolingShare share_of_means; /* z is the means themselves */

#endif
