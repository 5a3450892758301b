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
    int n;
    const char *first; /* name of one, borrowed from the cohort */
} ApplyNames;

typedef struct {
    ModelFile *model; /* [n_model] */
    int n_model, n_out;
    int n_folder; /* words that stood for all models of a cross-validation */
    int n_word;
    bool held_out; /* of a cross-validation only the models that have not seen the bag, where there are any */
    int n_used;    /* models of the last apply_bag */
    Target *
        target; /* [n_target] those of the first model; probabilities and operating points: of all that made the output */
    int n_target;
    BagFile *file; /* borrowed */
    Cache *cache;
    real *one;                   /* [n_out] outputs of one model */
    double *sum;                 /* [n_out] */
    ApplyNames changed, renamed; /* bags that bear the name of a bag seen, and other content; and the reverse */
} Apply;

/* Reads the models, a file or a run folder each; the folder of a cross-validation stands for the models of all its
 * folds, that of a fold for those of its ensemble. ERR_MODEL where two do not predict the same, or the cross-validation
 * has not ended. */
Status apply_read(Apply *out, const char *const *path, int n_path);

typedef struct {
    char **path;     /* [n] */
    int n, n_folder; /* n_folder: words that stood for a cross-validation */
} ApplyPaths;

/* Adds the model files that a word of apply_read stands for; nothing is read of them. */
Status apply_list(ApplyPaths *p, const char *path);
void apply_list_free(ApplyPaths *p); /* accepts {0} */

/* Reads exactly these model files, of networks or of other methods, whose outputs are the caller's affair. */
Status apply_read_files(Apply *out, const char *const *path, int n_path);

/* Fits them to the bags of a cohort, plans workspace; holds no bags. */
Status apply_fit(Apply *a, const Cohort *cohort);
void apply_free(Apply *a); /* accepts half-built ones */

/* output [n_out] of one bag; attention (may be NULL) is that of the only model. ERR_MODEL where an output is not finite. */
Status apply_bag(real *output, Apply *a, int bag, MilAttention *attention);

/* The attention of one model, which is not the only one. */
Status apply_attention(Apply *a, int model, int bag, MilAttention *attention);

/* The members from `member` on are predicted next, in this order: the first is read meanwhile (cache.h). */
static inline void apply_next(Apply *a, const Cohort *cohort, int member)
{
    cache_next_of(a->cache, cohort->bag + member, cohort->n - member);
}

/* Are the models those of one cross-validation? */
bool apply_is_crossval(const Apply *a);

/* Has one of the models seen this bag, whose content is decoded? */
Status apply_model_seen(Seen *out, const Apply *a, int model, BagFile *file, int bag);

/* Has any of the models seen this member of the cohort? By its content, which is decoded; it is kept for apply_bag. Names that
 * tell otherwise are counted. */
Status apply_seen(Seen *out, Apply *a, const Cohort *cohort, int member);
void apply_report(const Apply *a, const char *of); /* warns of those names; `of`: whose bags, or NULL */

/* Reads the labels of the cohort where its table has the columns of all tasks; *known says so. Warns of labels that the model
 * cannot read. */
Status apply_label(Apply *a, Cohort *cohort, bool *known);

#endif
