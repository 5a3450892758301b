/* SPDX-License-Identifier: MIT
 *
 * predictions.h: predictions.tsv: bag task class target output probability part repeat fold.
 */
#ifndef HOPSACK_PREDICTIONS_H
#define HOPSACK_PREDICTIONS_H

#include "core/file.h"
#include "data/text/table.h"
#include "model/target.h"

#include <stdbool.h>

typedef struct {
    const char *bag, *part; /* part: train, validation, test or new */
    int repeat, fold;       /* -1: empty cells */
    const Target *target;   /* [n_target] */
    int n_target;
    bool is_rank;             /* outputs are no logits: only order and sign mean something, and targets
                               * that are not calibrated have no probabilities */
    const real *output;       /* [n_out] of the bag */
    const real *label, *mask; /* [n_out], [n_target] of the bag; NULL: no labels */
} Prediction;

void predictions_header(TextOut *out);
void predictions_write(TextOut *out, const Prediction *p); /* the rows of one bag */

/* inner.tsv: what inner fits said of bags that they had not seen; the same columns, and `inner`, the number of the inner fold.
 * `part` of a row is PREDICTIONS_INNER. */
#define PREDICTIONS_INNER "inner"
void predictions_inner_header(TextOut *out);
void predictions_inner_write(TextOut *out, const Prediction *p, int task, int inner); /* the rows of one task */

/* Its columns, and whether a table read is such a file. ERR_FORMAT. */
enum {
    PREDICTION_BAG,
    PREDICTION_TASK,
    PREDICTION_CLASS,
    PREDICTION_TARGET,
    PREDICTION_OUTPUT,
    PREDICTION_PROBABILITY,
    PREDICTION_PART,
    PREDICTION_REPEAT,
    PREDICTION_FOLD,
    PREDICTION_COLUMNS
};
Status predictions_check(const Table *table);

#endif
