/* SPDX-License-Identifier: MIT
 *
 * stackround.h: a stack of columns in one setting: on the labels as they are, with whole batches left out, or on labels that
 * were permuted. Each column has the tables of a setting in a folder of that name.
 */
#ifndef HOPSACK_STACKROUND_H
#define HOPSACK_STACKROUND_H

#include "study/stackchoice.h"
#include "study/stackcolumn.h"

typedef struct {
    const StackColumns *columns; /* borrowed */
    StackSide *side;             /* [columns->n] */
    StackFrame frame;
    StackOutcome outcome;
} StackRound;

/* Reads the tables in the folder `inside` of every column ("": its own), then chooses or weighs. */
Status stackround_open(StackRound *out, const StackColumns *columns, const char *inside, bool weigh);
void stackround_free(StackRound *r); /* accepts {0} and half-built ones */

/* *summary as cv/tally.h has it, the caller's to decref. */
Status stackround_score(json_t **summary, const StackRound *r, uint64_t seed);

/* predictions.tsv and inner.tsv; replaces the files. */
Status stackround_write(const StackRound *r, const char *folder);

#endif
