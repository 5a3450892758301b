/* SPDX-License-Identifier: MIT
 *
 * chance.h: what further cross-validations say of a score: on permuted labels, on labels permuted over batches, with whole batches
 * left out, and without the numbers of the bag. Each task of a summary (tally.h) gets
 *
 *     "permuted": {"n", "auc": [of each], "auc_mean", "p"}          p = (1 + those that reach auc_mean) / (1 + n)
 *     "batch_permuted": {"n", "auc": […], "auc_mean"}
 *     "leave_batch_out": {"auc_mean", "auc_std_folds", "auc_ci95", "n_folds", "n_bags"}, or {"reason"}: there is none
 *
 *     "without_inputs": as leave_batch_out, of the network without model.bag_inputs on the same folds
 *
 * of the main score of its kind. A cross-validation whose score is not defined is null, and counts as one that reaches it.
 */
#ifndef HOPSACK_CHANCE_H
#define HOPSACK_CHANCE_H

#include <jansson.h>
#include <stdbool.h>

#define CHANCE_BATCHES 6 /* permutations over batches */

/* subs: array of summaries, null where a cross-validation was not possible; `tasks`: those of the summary. */
void chance_add_permuted(json_t *tasks, const json_t *subs);
void chance_add_batch_permuted(json_t *tasks, const json_t *subs);
void chance_add_left_out(json_t *tasks, const json_t *sub, const char *reason); /* sub NULL: not possible */

void chance_add_without(json_t *tasks, const json_t *sub);

/* Is the mean AUC on labels permuted over batches above 0.5 by two standard errors of the AUC of these bags? Then the method
 * recognises batches. Unknown where there is no such AUC. */
typedef enum { CHANCE_UNKNOWN, CHANCE_NOT_SHOWN, CHANCE_RECOGNISED } ChanceVerdict;
ChanceVerdict chance_batches(const json_t *task);

/* Does any cross-validation on permuted labels reach the score, so often that p is above 0.05? */
bool chance_reached(const json_t *task);

/* The same as sentences without a full stop: an array, which may be empty; the caller's to decref. NULL: no memory. */
json_t *chance_sentences(const json_t *task);

#endif
