/* SPDX-License-Identifier: MIT
 *
 * split.h: which bag is in which fold, and which fold plays which part.
 */
#ifndef HOPSACK_SPLIT_H
#define HOPSACK_SPLIT_H

#include "core/option.h"
#include "core/status.h"
#include "data/text/table.h"

typedef enum { SPLIT_STRATIFIED, SPLIT_RANDOM, SPLIT_DEEPRC, SPLIT_BATCH } SplitKind;

/* The keys splits.* of the config. */
typedef struct {
    int kind;            /* SplitKind */
    const char *file;    /* table of bag id and fold or part; NULL: none */
    const char *place;   /* where that file lies now; NULL: there. Not a setting */
    OptionTexts columns; /* its fold columns; none: all that begin with rep, fold, seed or split */
    int n_fold, n_repeat;
    int repeat, fold;       /* train: those of the one model */
    const char *validation; /* "previous", "none", or a share 0 < s < 0.5 of the training bags */
    const char *group;      /* column; NULL: none */
    const char *batch;      /* column; NULL: none */
    const char *seed;       /* NULL: the run's seed */
    const char *inner;   /* "I/K": train on inner folds but the I-th of K (innerparts.h); NULL: on the outer fold */
    const char *permute; /* "none", "labels:N", "batches:N": labels handed to other bags (folds_permute) */
} SplitOptions;
extern const Option split_options[], split_more_options[]; /* the latter: inner and permute */

typedef enum { PART_NONE = -1, PART_TRAIN, PART_VALIDATION, PART_TEST } Part;
extern const char *const part_name[]; /* "train" "validation" "test" */

/* fold [n]: fold of each of n bags for repetition `repeat`, -1 where `use` says 0 (no label). Drawn from stream
 * (seed, "split", repeat).
 *   class  [n] label of the first task for stratification, -1 unknown; NULL: not stratified
 *   group  [n] equal numbers stay in one fold; NULL: none. Folds are balanced by classes and sizes as far as groups allow.
 * SPLIT_DEEPRC: p = NumPy's legacy permutation of 0 … n-1 from `seed`; fold s is p[s⌊n/k⌋ … (s+1)⌊n/k⌋), the last takes
 * the remainder. There the order is that of the label table's rows. */
Status split_folds(int *fold, int n, const SplitOptions *options, uint64_t seed, int repeat, const int *use,
                   const int *class, const int *group);

/* The permutation alone: p [n]. Seed below 2^32. */
void split_numpy_permutation(int *p, int n, uint32_t seed);

/* part [n]: fold `test` is the test part; validation by options->validation ("previous": fold test - 1, cyclic; a
 * share: stratified by class and kept together by group, stream (seed, "validation", repeat · n_fold + test)). */
typedef struct {
    const int *fold; /* [n] of one repetition; -1: none */
    int n, n_fold, repeat, test;
    uint64_t seed;
    const int *class, *group; /* [n] as for split_folds */
} SplitFolds;
Status split_parts(Part *part, const SplitOptions *options, const SplitFolds *in);

/* Reads options->file: per bag (bag_id [n], keys matched as IDs of label tables are) either parts (train, validation or
 * val, test) or folds (from 0 or from 1); each column is a repetition. ERR_FORMAT names unknown IDs, bad cells with line. */
typedef struct {
    int n_column, n_fold; /* n_fold 1: the table holds parts */
    int *fold;            /* [n_column, n] -1: not listed; NULL: parts */
    Part *part;           /* [n_column, n] NULL: folds */
} SplitTable;
Status split_read(SplitTable *out, const SplitOptions *options, const char *const *bag_id, int n);
void split_free(SplitTable *t);

#endif
