/* SPDX-License-Identifier: MIT
 *
 * folds.h: the folds of a cohort in every repetition, drawn or from a table, and what all parts made of them share.
 */
#ifndef HOPSACK_FOLDS_H
#define HOPSACK_FOLDS_H

#include "cohort/cohort.h"
#include "cohort/split.h"

#include <stdatomic.h>
#include <stdint.h>

typedef struct {
    const Cohort *cohort;        /* with its labels; borrowed, like the options */
    const SplitOptions *options; /* their repeat and fold are not looked at */
    uint64_t seed;               /* of the splits */
    int n_repeat, n_fold;        /* of splits.file where one is given; n_fold 1: it holds parts */
    int *strata;                 /* [n_row] classes by which folds are drawn; NULL: those of the labels */
    int *group;                  /* [n_row] equal numbers stay in one part; NULL: no groups */
    int *batch;                  /* [n_row] of splits.batch, -1: no batch or no label; NULL: no such column */
    int n_batch;
    SplitTable table;   /* of splits.file */
    uint64_t *hash;     /* [n] of a bag's content, after folds_hash */
    bool hashed;        /* are they there? */
    atomic_bool warned; /* said once that parts are not separate; folds are made by several threads */
    atomic_bool shared; /* said once that groups lie in several batches */
    bool one_class;     /* said once that a part cannot be judged */
    bool lacks_class;   /* said once that a training part lacks one of several classes */
} Folds;

/* ERR_FORMAT, ERR_CONFIG: no such group column, a bad table. `seed`: the run's, unless splits.seed is set. */
Status folds_open(Folds *out, const Cohort *cohort, const SplitOptions *options, uint64_t seed);
void folds_close(Folds *f); /* accepts half-built ones */

bool folds_are_parts(const Folds *f); /* of splits.file: a repetition is one training */

/* fold [n_row] in a repetition; -1: no label, or not listed. Not where the file holds parts. */
Status folds_assign(int *fold, const Folds *f, int repeat);

/* Folds of the same cohort by other options, which may differ in permute, and in kind where that becomes SPLIT_BATCH without a
 * file. It shares the arrays of `of`, which must stay; close it by folds_close_view. ERR_FORMAT: too few batches. */
Status folds_view(Folds *out, const Folds *of, const Cohort *cohort, const SplitOptions *options);
void folds_close_view(Folds *view); /* accepts {0} */

/* Hands the labels to other bags as splits.permute says, where it does. Folds stay those of the true labels, so that a method
 * is compared with itself on the same folds. ERR_CONFIG: batches without splits.batch. */
Status folds_permute(Folds *f, Labels *labels);
const int *folds_strata(const Folds *f); /* [n_row] classes that folds are stratified by; NULL: none */
/* Kind and number of splits.permute; kind -1: none. False: it is neither none nor a kind and a number. */
bool folds_parse_permute(int *kind, int *number, const char *text);

/* Hashes of all members' bags: those decoded before cost nothing. From then on partition_make compares contents. */
Status folds_hash(Folds *f);

#endif
