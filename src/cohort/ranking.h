/* SPDX-License-Identifier: MIT
 *
 * ranking.h: how well ranked sequences agree with true ones. n is the number of different true sequences; the first n different
 * ones of the ranking are looked at, and a ranking that has fewer counts as filled up with wrong ones:
 *
 *     Jaccard index       |first n ∩ true| / |first n ∪ true|
 *     average precision   mean over the ranks of the true ones among the first n of: true ones up to there / rank
 *
 * as the AIRR-ML challenge scores them. Average precision is 0 where none of the first n is true.
 */
#ifndef HOPSACK_RANKING_H
#define HOPSACK_RANKING_H

#include "core/status.h"

typedef struct {
    int n_true;         /* different true sequences */
    int n_ranked;       /* different ranked ones, all of them */
    int n_hit;          /* true ones among the first n_true */
    double jaccard, ap; /* NaN where n_true is 0 */
} RankingScore;

/* Texts of sequences, best first; equal texts are the same sequence. ERR_MEMORY. */
Status ranking_score(RankingScore *out, const char *const *ranked, int n_ranked, const char *const *truth,
                     int n_truth);

#endif
