/* SPDX-License-Identifier: MIT
 *
 * confoundwatch.h: the quick part of hopsack check, which a run does on the bags it learns from: sizes, counts, lengths and
 * columns of the label table, of which one alone may predict the label (cohort/confound.h). It never changes a result.
 */
#ifndef HOPSACK_CONFOUNDWATCH_H
#define HOPSACK_CONFOUNDWATCH_H

#include "cohort/folds.h"
#include "cohort/traits.h"

#include <jansson.h>

typedef struct {
    const Cohort *cohort; /* labelled */
    const Target *target; /* [n_target] */
    int n_target;
    const Folds *folds;    /* groups, and the batch column; NULL: neither */
    const char *id_column; /* or "auto" */
    uint64_t seed;
} ConfoundWatch;

/* What the traits are, but for genes. `use` [cohort->n] are the members with a label. */
Status confoundwatch_traits(Traits *out, bool **use, const ConfoundWatch *in);

/* Warns of each task of which a trait alone predicts the label.
 * *out: {task: {"units": number, "joined", "tested", "level", "found": [as confoundtext_json]}} */
Status confoundwatch_report(json_t **out, const ConfoundWatch *in);

#endif
