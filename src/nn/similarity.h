/* SPDX-License-Identifier: MIT
 *
 * similarity.h: how alike a state q and a stored pattern k are, before β and softmax.
 *
 *   dot        s = q·k
 *   distance   s = q·k - ½ ‖k‖²                        = ½ ‖q‖² - ½ ‖q - k‖²: softmax favours what is near, however long
 *   tanimoto   s = q·k / (‖q‖² + ‖k‖² - q·k)           -1/3 … 1; 1 where q = k ≠ 0, 0 where either is 0, or both
 *
 * For patterns of 0 and 1 tanimoto is the share of common ones. Both zero: s = 0 without gradient, although the limit
 * along q = k is 1; so the zero pattern is like nothing, under all three. With dot and distance repeated updates never
 * raise an energy (retrieval.h); for tanimoto none is known.
 */
#ifndef HOPSACK_SIMILARITY_H
#define HOPSACK_SIMILARITY_H

#include "core/real.h"

typedef enum { SIMILARITY_DOT, SIMILARITY_DISTANCE, SIMILARITY_TANIMOTO } Similarity;
#define SIMILARITY_WORDS "dot distance tanimoto"

/* s from q·k, ‖q‖² (tanimoto) and ‖k‖² (not of dot). */
static inline real similarity_of(Similarity kind, real dot, real q_square, real k_square)
{
    const real joint = q_square + k_square - dot;
    if (kind == SIMILARITY_DOT) return dot;
    if (kind == SIMILARITY_DISTANCE) return dot - k_square / 2;
    return joint == 0 ? 0 : dot / joint;
}

/* ds/dq = cross k + own_q q,  ds/dk = cross q + own_k k */
typedef struct {
    real cross, own_q, own_k;
} SimilaritySlope;

static inline SimilaritySlope similarity_slope(Similarity kind, real dot, real q_square, real k_square)
{
    const real joint = q_square + k_square - dot;
    if (kind == SIMILARITY_DOT) return (SimilaritySlope){1, 0, 0};
    if (kind == SIMILARITY_DISTANCE) return (SimilaritySlope){1, 0, -1};
    if (joint == 0) return (SimilaritySlope){0, 0, 0};
    const real s = dot / joint;
    return (SimilaritySlope){(1 + s) / joint, -2 * s / joint, -2 * s / joint};
}

#endif
