/* SPDX-License-Identifier: MIT
 *
 * scoretable.h: every model on every dataset: a row for each pair, task and set of bags.
 */
#ifndef HOPSACK_SCORETABLE_H
#define HOPSACK_SCORETABLE_H

#include "core/cost.h"
#include "core/status.h"
#include "core/textout.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    const char *const *model; /* [n_model] words of apply_read */
    const char *const *data;  /* [n_data] datasets */
    int n_model, n_data;
    const char *metadata, *id_column; /* label table of all datasets; NULL: their own columns */
    bool all;                         /* bags that a model has seen are scored too */
    bool dry_run;                     /* counts bags, scores none */
    Cost *cost;                       /* of a dry run: what scoring will take; the caller's, zeros before */
} ScoreTableSetup;

/* *out, the caller's to decref: [{"model", "dataset", "task", "kind", "part", "left_out", and the scores as run/record.h has
 * them}]. A pair whose bags were all seen has a row with "n_bags" 0, and a warning. Other pairs that do not fit end it; models,
 * datasets and columns of labels that are not there do so before the first bag is scored. */
Status scoretable_make(json_t **out, const ScoreTableSetup *setup);

/* As tab-separated text with one header line; a cell without a value is empty. Ends `out`. */
Status scoretable_write(const json_t *rows, TextOut *out);

#endif
