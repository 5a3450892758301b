/* SPDX-License-Identifier: MIT
 *
 * scoring.h: models scored on the labelled bags of a dataset. Bags that they were trained or validated on are recognised by
 * their content, and scored by themselves or not at all.
 *
 *     Scoring s = {.all = false};
 *     TRY(predictor_read(&s.predictor, …)); TRY(cohort_open(&s.cohort, …));
 *     TRY(scoring_start(&s)); TRY(scoring_visit(&s, true));
 *     json_t *parts = scoring_parts(&s);
 *     scoring_free(&s);
 */
#ifndef HOPSACK_SCORING_H
#define HOPSACK_SCORING_H

#include "study/predictor.h"

#include <jansson.h>

typedef struct {
    bool all;            /* seen bags are scored too */
    const char *of;      /* model and dataset, for warnings; NULL: there are no others */
    Predictor predictor; /* read by the caller */
    Cohort cohort;       /* opened by the caller */
    Seen *seen;          /* [n] of labelled members */
    real *output;        /* [n, n_out] of those that are scored */
    int *member;         /* [n] scratch */
    int count[3];        /* labelled bags, by Seen */
} Scoring;

/* Are the columns of the labels there? ERR_FORMAT. */
Status scoring_check(const Apply *apply, const Cohort *cohort);

/* Fits the models to the dataset, and reads its labels. ERR_MODEL, ERR_FORMAT: they do not fit, or the label is missing. */
Status scoring_start(Scoring *s);

/* Which bags were seen, and, with `score`, the outputs. ERR_FORMAT: no bag has a label that the models know. */
Status scoring_visit(Scoring *s, bool score);

/* {"new": as record_scores has it, "train", "validation"}, of which the last two only with `all`; a set without bags is
 * absent. NULL: no memory. */
json_t *scoring_parts(const Scoring *s);

void scoring_free(Scoring *s); /* accepts half-built ones */

#endif
