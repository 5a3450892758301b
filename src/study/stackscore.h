/* SPDX-License-Identifier: MIT
 *
 * stackscore.h: scores of outputs on the outer test bags, as a cross-validation's summary.json has them (cv/tally.h): of a
 * stack, and of each of its columns by itself.
 */
#ifndef HOPSACK_STACKSCORE_H
#define HOPSACK_STACKSCORE_H

#include "study/stackchoice.h"

/* Of every test row of a frame. */
typedef struct {
    const double *output; /* [frame->test->n] ranks the bags */
    const double
        *probability; /* [frame->test->n] of classes; NaN: none, and then the output's sign decides, without a loss */
    const StackChoice *choice; /* [frame->n_block] whose operating points are scored; NULL: none */
} StackScored;

/* *summary: the caller's to decref. */
Status stackscore_make(json_t **summary, const StackFrame *frame, const StackScored *scored, uint64_t seed);

/* The same of a column, whose tables are about the frame's bags. */
Status stackscore_column(json_t **summary, const StackFrame *frame, const StackTable *test, uint64_t seed);

#endif
