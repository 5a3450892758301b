/* SPDX-License-Identifier: MIT
 *
 * important.h: the sequences of a cohort that speak most for a class by the models of a rival: important_sequences.tsv,
 *
 *     rank junction_aa v_call j_call score n_bags
 *
 * Equal sequences with equal genes are one row. A score is the mean over the models of all folds.
 */
#ifndef HOPSACK_IMPORTANT_H
#define HOPSACK_IMPORTANT_H

#include "rival/rival.h"

typedef struct {
    const char *folder; /* of the rivals */
    const Cohort *cohort;
    const bool *use;      /* [cohort->n] bags whose sequences are ranked */
    int n_repeat, n_fold; /* each has a model */
    int n;                /* rows wanted, > 0 */
    const StopFlag *stop;
} ImportantSetup;

/* Writes FOLDER/METHOD/important_sequences.tsv by the models in FOLDER/METHOD/models, the first task, its positive class (of
 * several classes the last). Nothing for rivals that rank none. */
Status important_write(const ImportantSetup *setup, const Rival *rival);

#endif
