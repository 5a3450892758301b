/* SPDX-License-Identifier: MIT
 *
 * checklabels.h: a label and what else is known of the bags, as JSON:
 *
 *     {"column", "kind", "counts": {class: bags}, "missing", "units", "joined", "too_few", "tested", "level",
 *      "traits": [confoundtext_json with "by_class": {class: {"n", "min", "median", "max"} or {value: bags}}],
 *      "together": {"auc", "interval", "folds", "columns", "p"}}
 *
 * too_few: no remark is possible, whatever the numbers are.
 */
#ifndef HOPSACK_CHECKLABELS_H
#define HOPSACK_CHECKLABELS_H

#include "cohort/folds.h"
#include "cohort/traits.h"

#include <jansson.h>

typedef struct {
    const Cohort *cohort;
    const Target *target; /* [n_target] */
    const Folds *folds;
    const Traits *traits;
    uint64_t seed;
} CheckLabels;

/* Of target `index`. Sentences of what is found are added to `remarks`. */
Status checklabels_task(json_t **out, json_t *remarks, const CheckLabels *in, int index);

#endif
