/* SPDX-License-Identifier: MIT
 *
 * search.h: a search for settings inside the folds of a cross-validation (run/trials.h). In each outer fold every trial is
 * trained on the inner folds of the training and validation bags; the trial of the best mean inner score, the earlier where
 * equal, is the fold's. Test bags of the outer fold are not looked at.
 *
 * The score is the main one of the first task: AUC, balanced accuracy, R². An inner fold where it is not defined is left
 * out of the mean; a trial that diverged in an inner fold is taken only if all did.
 *
 * With halving (rungs.h) the best trials of a rung by the same mean go on to the next, and the fold's trial is the best of the
 * last.
 *
 * searchtable.h has the files that tell of it.
 */
#ifndef HOPSACK_SEARCH_H
#define HOPSACK_SEARCH_H

#include "cv/foldlist.h"
#include "cv/tally.h"
#include "run/trials.h"

typedef struct {
    const Config *config; /* the run's */
    const Target *target; /* the first */
    Trials trials;
    Trials members; /* of an ensemble that has settings of its own for each; n 0: none */
    Rungs rungs;
    Config *shorter; /* [rungs.n - 1, trials.n] settings of trials in rungs before the last; share all with theirs */
    int n_fold, n_all;  /* folds of a repetition, and of all */
    const int *n_inner; /* [n_all] of the fold list */
    int *chosen;        /* [n_all] number of the trial; -1: not known yet */
    int *place;         /* [n_all, rungs.n, trials.n] trial of each slot of a rung; -1: not known yet */
    int *reached;       /* [n_all, trials.n] last rung of a trial, whose scores it has */
    double *score;      /* [n_all, trials.n, config->search.inner_folds] NaN: not defined */
    bool *diverged;     /* [n_all, trials.n] */
    double *test;       /* [n_all, trials.n] on the outer fold, after search_read_throughout; NULL: not asked for */
    bool *lost;         /* [trials.n] likewise: diverged in one of them */
} FoldSearch;

/* Reads the trials and members; trials.n is 0 without a search. ERR_CONFIG. */
Status search_open(FoldSearch *out, const Config *config);
Status search_begin(FoldSearch *s, const FoldList *list,
                    const Target *target); /* once folds are known; both must stay */
void search_close(FoldSearch *s);          /* accepts {0} and half-built ones */

bool search_is_on(const FoldSearch *s);

/* The job with its trial, where that is known. */
FoldJob search_job(const FoldSearch *s, FoldJob job);

/* The settings that a job is derived from: the run's, a member's, a trial's, or those of the trial chosen for its fold. */
const Config *search_config(const FoldSearch *s, FoldJob job);
bool search_is_open(const FoldSearch *s, FoldJob job); /* is its trial still to be chosen? */

/* Chooses in every fold whose inner trainings are done; with halving also what goes on to the next rung. */
Status search_choose(FoldSearch *s, const char *run);

/* With search.throughout, when all is done: the scores of all trials in all outer folds. */
Status search_read_throughout(FoldSearch *s, const char *run);

/* After a training that diverged: the files by which the trial counts as done, without a score. */
Status search_give_up(const char *run, FoldJob job);

/* The trial that the inner folds other than `inner` choose in a fold. */
int search_without(const void *search, int fold, int inner);

double search_score(const FoldSearch *s, int fold, int trial, int inner); /* NaN: not defined */
double search_mean(const FoldSearch *s, int fold, int trial);             /* over inner folds; NaN: not defined */

#endif
