/* SPDX-License-Identifier: MIT
 *
 * stack.h: one answer of several columns: methods of `hopsack baseline` and runs of `hopsack crossval --inner`. In each outer fold
 * and task the best column inside is taken, or columns are weighed (stackchoice.h). Outer test outputs take no part in it, so the
 * figures are those of the whole procedure.
 *
 * Where all columns have them, the same is done with whole batches left out (folder leave-batch-out), on permuted labels
 * (permuted/NN) and on labels permuted over batches (batch-permuted/NN).
 */
#ifndef HOPSACK_STACK_H
#define HOPSACK_STACK_H

#include "core/stop.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    const char *const *word; /* [n_word] folders, see stackcolumn.h */
    int n_word;
    const char *folder; /* to be written */
    bool weigh, force;
    int argc; /* command line, for the manifest */
    char **argv;
    const StopFlag *stop; /* see stop.h */
    void (*begin)(void);  /* called before work begins; or NULL */
} StackSetup;

/* Writes summary.json, summary.md, predictions.tsv, inner.tsv, stack.json, config.yaml, splits.tsv and manifest.json. *out, the
 * caller's to decref, is what summary.json holds: as cv/tally.h has it, and of each task
 *
 *     "columns": {name: {SCORE_mean, "auc_ci95", "inner_mean", "n_chosen" or "weight_mean"}}, "carried_by": name,
 *     "chosen": [{"repeat", "fold", "column", "inner": {name: figure}} or {…, "C", "weight": {name: weight}}],
 *     "leave_batch_out", "permuted", "batch_permuted": as those of hopsack baseline
 *
 * beside "columns": [name], "left_out": [sentence], "weigh". */
Status stack_run(json_t **out, const StackSetup *setup);

/* What it would do, writing nothing: {"n_repeats", "n_folds", "tasks": [name], "columns": [name], "left_out": [sentence],
 * "rounds": [folder]}. */
Status stack_plan(json_t **out, const StackSetup *setup);

#endif
