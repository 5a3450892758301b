/* SPDX-License-Identifier: MIT
 *
 * baseline_parts.h: a run of rivals under way, for the files that share it: baseline.c (what is run), baseline_rounds.c (folds
 * and labels), baseline_fits.c (one method), baseline_files.c and baseline_table.c (what is written).
 */
#ifndef HOPSACK_BASELINE_PARTS_H
#define HOPSACK_BASELINE_PARTS_H

#include "cohort/partition.h"
#include "rival/cloneshare.h"
#include "run/dataset.h"
#include "study/baseline.h"

/* A way to divide the bags. */
typedef struct {
    Folds *folds; /* the dataset's, or `own` */
    Folds own;
    SplitOptions options; /* of `own` */
    int n_repeat, n_fold, n_part;
    Partition *part; /* [n_part] fold part % n_fold of repetition part / n_fold */
    int *inner;      /* [n_part, n_task, n] inner fold of training bags; -1: the others */
    int *n_inner;    /* [n_part, n_task] */
} BaselineSplits;

typedef enum { ROUND_PLAIN, ROUND_BATCHES, ROUND_PERMUTED, ROUND_BATCH_PERMUTED } RoundKind;

/* Folds, and the labels that are learned there. */
typedef struct {
    RoundKind kind;
    int number;               /* of a permutation */
    const BaselineSplits *at; /* its folds */
    Labels labels;            /* as read, or exchanged */
} BaselineRound;

/* What a method said in a round. */
typedef struct {
    real *output;    /* [n_repeat, n, n_out] of test bags */
    double *inner;   /* [n_part, n, n_out] of training bags by inner fits; NaN: none */
    json_t **choice; /* [n_part, n_task] */
    Target *target;  /* [n_part, n_task] with probabilities and operating points by the inner outputs */
} RoundOutputs;

typedef struct {
    const BaselineSetup *in;
    Config config; /* the setup's, not to be freed */
    Dataset dataset;
    Target *target; /* [n_task] as the dataset's, numbers in the column's unit */
    int n, n_task, n_out;
    BaselineSplits plain, batches;
    char *no_batches; /* why there is no figure with whole batches left out; NULL: there is one, or none is wanted */
    int n_round;
    BaselineRound *round; /* [n_round] the plain one first */
    bool *use;            /* [n] members with a part anywhere */
    const Rival *method[BASELINE_METHODS];
    int n_method;
    Cache *held;       /* decoded bags that methods share */
    CloneShare clones; /* and sequences that bags share */
    json_t *left_out;  /* {name: why} */
    json_t *methods;   /* {name: summary} of those that are done */
} Baseline;

/* One method. */
typedef struct {
    Baseline *b;
    const Rival *rival;
    RoundOutputs *outputs; /* [n_round] */
    json_t *single;        /* {task: AUC of each number alone}; NULL: the rival has none */
    double seconds;
} BaselineMethod;

/* baseline_rounds.c */
Status baseline_rounds_open(Baseline *b);  /* folds of all rounds; what is wrong with one is said */
Status baseline_rounds_check(Baseline *b); /* again, once bags are hashed; inner folds, labels */
void baseline_rounds_close(Baseline *b);
/* Fewest and most inner folds that an outer fold has, where it has any; *n_none: outer folds, over tasks, that have none. */
void baseline_rounds_inner(int *least, int *most, int *n_none, const Baseline *b);
bool baseline_rounds_batched(const Baseline *b); /* are there rounds about batches? */
const char *baseline_rounds_folder(char name[64],
                                   const BaselineRound *round); /* "permuted/03"; "" of the plain one */

/* baseline_fits.c */
Status baseline_fits_run(BaselineMethod *m); /* writes models into the method's folder; fills the outputs */
void baseline_fits_free(BaselineMethod *m);

/* baseline_files.c */
Status baseline_files_begin(const Baseline *b);
Status baseline_files_method(json_t **summary, const BaselineMethod *m); /* scores, and all files but models */
/* Of an earlier run; NULL: not done, or with another value of the flag *other. */
Status baseline_files_done(json_t **summary, const char **other, const Baseline *b, const Rival *rival);
Status baseline_files_finish(const Baseline *b, const json_t *summary);

/* baseline_clear.c */
/* ERR_IO where a link, or anything but a file or a folder, stands at a name of a method. Touches nothing. */
Status baseline_clear_check(const BaselineSetup *setup, const Rival *const *method, int n_method);
Status baseline_clear(const Baseline *b, const Rival *rival); /* what an earlier run of the method left */

/* baseline_scores.c */
Status baseline_scores_sum(json_t **summary, const BaselineMethod *m);

/* baseline_table.c */
Status baseline_table_write(const char *path, const Baseline *b, const json_t *summary);

#endif
