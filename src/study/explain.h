/* SPDX-License-Identifier: MIT
 *
 * explain.h: which instances, residues or features, and motifs the outputs of models are made of (model/attribution.h).
 *
 * Every bag is explained by the models that have not seen it: the mean over those of the contributions to each model's own
 * score. A score is a logit, of several classes the logit less the mean over the classes, of a number the number itself. A
 * class of a multiclass task is a question of its own, as is each task.
 *
 *     sequences.tsv            the instances with the largest contributions, of every question (instances.tsv of vectors)
 *     residues.tsv.gz          integrated gradients of those (features.tsv.gz; and features.tsv, their means)
 *     important_sequences.tsv  distinct sequences by their largest contribution, of the first question
 *     motifs.meme motifs.tsv   see explain_motifs.c; kernels.tsv kernels.meme, explain_kernels.c; heads.tsv, explain_heads.c
 *     bags.tsv                 each bag's score, what of it is bias, and the sum of its contributions
 *     rearrangements.tsv       sequences.tsv as an AIRR Rearrangement table, if it is asked for
 *     explain.json             what was checked, and how well known carriers were found
 *
 * Methods of `hopsack baseline` that rank sequences have the first and third alone. Columns of a stack are explained each by
 * itself (explain_stack.c).
 */
#ifndef HOPSACK_EXPLAIN_H
#define HOPSACK_EXPLAIN_H

#include "core/stop.h"
#include "study/predictor.h"

/* What contributions are differences from: the mean over bags of the plain mean of their instances, or of what they pool, or no
 * instances. */
typedef enum { EXPLAIN_REFERENCE_INSTANCES, EXPLAIN_REFERENCE_MEAN, EXPLAIN_REFERENCE_NONE } ExplainReference;

typedef struct {
    Predictor *predictor; /* read; fitted here */
    Cohort *cohort;
    const char *const *word; /* [n_word] as the predictor was given them, for explain.json */
    int n_word;
    const char *folder, *truth; /* truth NULL: not known */
    int top, important;         /* rows of sequences.tsv for each question; rows of important_sequences.tsv */
    bool all;                   /* bags that every model has seen too, explained by all of them */
    ExplainReference reference;
    bool airr, force;
    const StopFlag *stop;
} ExplainSetup;

/* Writes the files; *out, the caller's to decref, is explain.json. ERR_MODEL: no bag is new to a model, or the models rank
 * nothing. */
Status explain_run(json_t **out, const ExplainSetup *setup);

#endif
