/* SPDX-License-Identifier: MIT
 *
 * rankingtable.h: a table of ranked sequences, such as important_sequences.tsv, against a table of true ones, such as the truth
 * file of `hopsack simulate` (cohort/ranking.h). Sequences are compared by junction_aa, v_call and j_call, as far as both
 * tables have them. Rows without a junction (empty, or -999.0 as in the tables of the AIRR-ML challenge) do not count.
 */
#ifndef HOPSACK_RANKINGTABLE_H
#define HOPSACK_RANKINGTABLE_H

#include "cohort/ranking.h"

#define RANKINGTABLE_COLUMNS 3

typedef struct {
    RankingScore score;
    int n_column; /* compared */
    const char *column[RANKINGTABLE_COLUMNS];
} RankingResult;

/* ERR_FORMAT: a table has no column junction_aa, or no sequence. */
Status rankingtable_score(RankingResult *out, const char *ranking, const char *truth);

#endif
