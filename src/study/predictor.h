/* SPDX-License-Identifier: MIT
 *
 * predictor.h: whatever predicts bags: networks (cv/apply.h), a method of `hopsack baseline`, or a stack. A word is
 *
 *     a model file or the folder of a run         networks, averaged as apply.h has it
 *     RIVALS/METHOD, or model files inside        the mean over the models of the outer folds
 *     the folder of a stack                       the mean over the outer folds; each says what the column that was chosen
 *                                                 there says by its models of that fold, or the weighted sum of all columns
 *
 * Outputs of a stack are those of its predictions.tsv: calibrated, so that unlike columns can be averaged. Models of a method
 * that are calibrated themselves (rivalfile.h) give outputs on that scale. Of a cross-validation a bag is predicted by the outer
 * folds whose models have not seen it, if there are any.
 *
 * Everything but outputs is asked of `apply`: names, seen bags, labels, the bags' preparation.
 */
#ifndef HOPSACK_PREDICTOR_H
#define HOPSACK_PREDICTOR_H

#include "cv/apply.h"
#include "rival/rival.h"

typedef struct PredictorTree PredictorTree;

typedef struct {
    Apply apply;         /* all models; its `target` is what is predicted */
    PredictorTree *tree; /* NULL: networks alone */
    bool is_rank;        /* outputs of classes are no logits: only order and sign mean something */
    bool holds_residues; /* some model holds residues of the bags it was trained on */
} Predictor;

/* ERR_MODEL where networks, methods or stacks are mixed; ERR_USAGE where a word stands for many methods. */
Status predictor_read(Predictor *out, const char *const *word, int n_word);

/* Fits all models to the cohort's bags. */
Status predictor_fit(Predictor *p, const Cohort *cohort);
void predictor_free(Predictor *p); /* accepts half-built ones */

/* output [apply.n_out] of a member of which apply_seen was asked; attention: of the only network, or NULL. */
Status predictor_bag(real *output, Predictor *p, const Cohort *cohort, int member, MilAttention *attention);

#endif
