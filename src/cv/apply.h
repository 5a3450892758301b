/* SPDX-License-Identifier: MIT
 *
 * apply.h: trained models on the bags of a dataset. Outputs of several models are averaged before the sigmoid.
 */
#ifndef HOPSACK_APPLY_H
#define HOPSACK_APPLY_H

#include "cohort/cohort.h"
#include "data/bagfile/cache.h"
#include "run/modelfile.h"

typedef struct {
    ModelFile *model; /* [n_model] */
    int n_model, n_out;
    Target *target; /* of the first model; `n_target` of them */
    int n_target;
    BagFile *file; /* borrowed */
    Cache *cache;
    real *one;   /* [n_out] outputs of one model */
    double *sum; /* [n_out] */
} Apply;

/* Reads the models, a file or a run folder each; the folder of a cross-validation stands for the models of all its
 * folds, that of a fold for those of its ensemble. ERR_MODEL where two do not predict the same, or the cross-validation
 * has not ended. */
Status apply_read(Apply *out, const char *const *path, int n_path);

/* Fits them to the bags of a file, plans workspace; holds no bags. */
Status apply_fit(Apply *a, BagFile *file);
void apply_free(Apply *a); /* accepts half-built ones */

/* output [n_out] of one bag; attention (may be NULL) is that of the only model. ERR_MODEL where an output is not finite. */
Status apply_bag(real *output, Apply *a, int bag, MilAttention *attention);

/* Has any of the models seen this bag? */
Seen apply_seen(const Apply *a, uint64_t hash);

/* Reads the labels of the cohort where its table has the columns of all tasks; *known says so. */
Status apply_label(Apply *a, Cohort *cohort, bool *known);

#endif
