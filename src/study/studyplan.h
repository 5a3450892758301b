/* SPDX-License-Identifier: MIT
 *
 * studyplan.h: the steps from a dataset to a page, each a command of its own whose result stays in a place of its own:
 *
 *     check      OUT/check.json
 *     rivals     OUT/rivals      baseline; it draws the folds of all
 *     network    OUT/network     crossval --inner on these folds
 *     stack      OUT/stack       the choice among both, inside the folds
 *     explain    OUT/seen        of what the stack chooses, or of the next best that ranks instances
 *     report     OUT/report.html, OUT/figures
 */
#ifndef HOPSACK_STUDYPLAN_H
#define HOPSACK_STUDYPLAN_H

#include "core/cost.h"
#include "study/stackseen.h"

#include <jansson.h>
#include <stdbool.h>

#define STUDYPLAN_STEPS 6
#define STUDYPLAN_ROOM  4096

/* What the steps share. */
typedef struct {
    const char *data, *folder;
    const char *config;          /* of the data, the labels and the folds, and of the network */
    int n_setting;               /* keys, and values, of the data, the labels and the folds, as flags of the steps */
    const char *const *setting;  /* [n_setting] */
    const char *const *value;    /* [n_setting] */
    const char *metadata;        /* label table, NULL: the columns of the dataset */
    const char *id_column;       /* in it */
    int threads, inner, permute; /* 0: not set */
    bool network, explain, quiet;
    const char *mute; /* "network", where that cannot be explained; else NULL */
    StackSeen seen;   /* what is explained: the stack until its choice is known */
} StudySetup;

typedef struct {
    const char *name, *line;
    json_t *word;                /* [words] of the command */
    int n_deciding;              /* of them change the result; behind them are threads and the like */
    char result[STUDYPLAN_ROOM]; /* file or folder that it makes */
    bool resumes;                /* the command goes on where it was ended */
    bool failed;                 /* a word could not be made */
    Cost cost;                   /* by studycost.h; zeros before */
} StudyStep;

typedef struct {
    StudyStep step[STUDYPLAN_STEPS];
    int n;
} StudyPlan;

Status studyplan_make(StudyPlan *out, const StudySetup *setup);
/* Another `seen` is explained: the plan anew, with the costs that it had. */
Status studyplan_explain(StudyPlan *plan, const StudySetup *setup);
bool studyplan_same(const StudyStep *step, const json_t *words); /* would these have given the same result? */
void studyplan_free(StudyPlan *plan);                            /* accepts {0} */

#endif
