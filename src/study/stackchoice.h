/* SPDX-License-Identifier: MIT
 *
 * stackchoice.h: what a stack makes of its columns in each outer fold and task, from their inner outputs alone.
 *
 *     choice   the column with the best inner figure (stackfigure.h); of equal ones the first. Its outputs of classes are
 *              calibrated by its inner outputs (cohort/platt.h), so that those of unlike columns can be compared
 *     weights  stackblend.h
 *
 * The stack's own inner outputs: what is chosen or weighed for an inner fold looks at no output on its bags.
 */
#ifndef HOPSACK_STACKCHOICE_H
#define HOPSACK_STACKCHOICE_H

#include "study/stackblend.h"

/* One outer fold of one task. */
typedef struct {
    double *figure;      /* [n_column] inner figure; NaN: not defined */
    int column;          /* chosen; -1: weights */
    bool blind;          /* no figure was defined; the first column stands */
    bool is_calibrated;  /* the output is slope · that of the column + shift */
    double slope, shift; /* 1 and 0 where it is not; shift 0 of several classes */
    double cutoff;       /* operating point of the stack's outputs, by its inner ones (Youden); NaN: none */
    StackBlend blend;
} StackChoice;

typedef struct {
    StackSource source;   /* given */
    bool weigh;           /* given */
    StackChoice *choice;  /* [frame->n_block] */
    double *test_output;  /* [test rows] */
    int *test_column;     /* [test rows] whose probability stands; -1: the output is a logit */
    double *inner_output; /* [inner rows] */
    int *inner_column;    /* [inner rows] */
} StackOutcome;

/* Fills what is not given. Bits do not depend on threads. */
Status stackchoice_make(StackOutcome *o);
void stackchoice_free(StackOutcome *o); /* accepts {0} and half-built ones */

#endif
