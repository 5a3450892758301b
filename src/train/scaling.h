/* SPDX-License-Identifier: MIT
 *
 * scaling.h: how the features of vector bags are scaled, fitted on the training bags alone.
 *
 *     x' = (x - shift) · scale      standard: shift the mean, scale 1 / standard deviation (divisor n)
 *                                   minmax:   shift min, scale 1 / (max - min), so 0 … 1
 *
 * over all instances of the training bags, each once. A feature that does not vary there, but for the last bits of a float,
 * gets scale 0 and is 0 from then on. Sparse features are scaled and not shifted, so zeros stay zeros: standard divides by
 * the same deviation, minmax by the largest magnitude. The embedder cuts x' to ±data.clip.
 *
 * The two are tensors of the model, which its embedder declares and freezes.
 */
#ifndef HOPSACK_SCALING_H
#define HOPSACK_SCALING_H

#include "core/bag.h"
#include "core/param.h"

typedef enum { SCALE_NONE, SCALE_STANDARD, SCALE_MINMAX } ScaleKind; /* data.scale */

#define SCALING_SHIFT "instance_embedding.shift" /* [n_feat] */
#define SCALING_SCALE "instance_embedding.scale"

/* The training bags, one after the other; asked for more than once. */
typedef struct {
    const BagSpec *spec;
    int n;
    Status (*bag)(void *context, const Bag **out, int i); /* borrowed until the next */
    void *context;
} ScalingBags;

/* shift, scale [n_feat]; *n_constant features do not vary. ERR_MEMORY, or what `bag` says. */
Status scaling_fit(real *shift, real *scale, int *n_constant, ScaleKind kind, const ScalingBags *bags);

/* The same into the model's tensors; nothing where kind is SCALE_NONE. */
Status scaling_set(real *theta, const ParamList *params, int *n_constant, ScaleKind kind, const ScalingBags *bags);

#endif
