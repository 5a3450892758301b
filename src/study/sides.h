/* SPDX-License-Identifier: MIT
 *
 * sides.h: finished runs side by side: of hopsack train, crossval, stack and baseline, whose folder stands for all of its methods.
 * Each has its own score; where the test bags and folds are those of the first, the difference to it has an interval, by
 * resampling bags within the test folds (cv/foldauc.h), the same bags for both.
 */
#ifndef HOPSACK_SIDES_H
#define HOPSACK_SIDES_H

#include "core/path.h"
#include "study/testrows.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    char name[256];         /* last name of the folder; the folder itself where two have the same */
    char folder[PATH_ROOM]; /* without a slash at the end */
    json_t *summary;        /* summary.json */
    bool is_method;         /* of hopsack baseline */
    StackTable test;        /* predictions.tsv; n 0 where `lack` is set */
    char *lack;             /* why its bags cannot be compared with those of the first; NULL: they can */
} Side;

/* The mean AUC of a side minus that of the first. */
typedef struct {
    bool known; /* false: no such task, not two classes, or other bags or folds */
    double difference, interval[2];
} SidesGap;

typedef struct {
    Side *side; /* [n] in the order of the words */
    int n;
    struct SidesKept {
        const char *task; /* borrowed from the first summary */
        int k;
        SidesGap gap;
    } * kept; /* [n_kept] differences that were asked for */
    int n_kept;
} Sides;

/* ERR_FORMAT: a folder that is no finished run, or the first one's predictions.tsv cannot be used. */
Status sides_open(Sides *out, const char *const *word, int n_word);
void sides_close(Sides *s); /* accepts {0} and half-built ones */

/* Scores on test bags of a task, as cv/tally.h has them or, of a single training, run/record.h; NULL: it has no such task. */
const json_t *sides_task(const json_t *summary, const char *task);
const json_t *sides_tasks(const json_t *summary); /* {name: scores}; NULL: none */

const char *sides_main(const json_t *task); /* name of its main score (cohort/metric.h); NULL: unknown */

/* SCORE_mean, or SCORE of a single training; NaN: not defined. */
double sides_score(const json_t *task, const char *score);

bool sides_is_nuisance(const Side *side); /* the method of baseline that sees numbers of a bag alone */

/* Of side k, computed once. `task` is a name in the first summary, and lasts as long. ERR_MEMORY. */
Status sides_gap(SidesGap *out, Sides *s, const char *task, int k);

/* {"tasks": {name: {"score", "against": name of the first, "runs": [{"name", "folder", SCORE, "SCORE_ci95", "n_bags", "difference",
 * "difference_ci95" or "reason"}]}}}, the caller's to decref; null where a figure is not defined. */
Status sides_json(json_t **out, Sides *s);

#endif
