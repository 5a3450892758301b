/* SPDX-License-Identifier: MIT
 *
 * stackcolumn.h: the columns of a stack. A column is a folder with predictions.tsv, summary.json and inner.tsv: a method of
 * `hopsack baseline`, a run of `hopsack crossval --inner`, or a stack. The folder of `hopsack baseline` stands for all of its
 * methods.
 */
#ifndef HOPSACK_STACKCOLUMN_H
#define HOPSACK_STACKCOLUMN_H

#include "core/path.h"
#include "study/stacktable.h"

#include <jansson.h>

typedef struct {
    char name[256];         /* last name of the folder; the folder itself where two have the same */
    char folder[PATH_ROOM]; /* as given */
    json_t *summary;
} StackColumn;

typedef struct {
    StackColumn *column; /* [n] in the order of the words */
    int n;
    json_t *left_out; /* array: a sentence for each column without inner.tsv */
} StackColumns;

/* The columns that words stand for. ERR_FORMAT where a word is none of these, a column stands there twice, or none is left. */
Status stackcolumn_find(StackColumns *out, const char *const *word, int n);
void stackcolumn_free(StackColumns *c); /* accepts {0} and half-built ones */

/* What one column says in one setting, such as the labels as they are, or permuted. */
typedef struct {
    StackTable test, inner;
} StackSide;

/* Reads both tables of all columns, out [c->n], from the folder `inside` of each ("": its own), and sees that they are about
 * the same bags. */
Status stackcolumn_read(StackSide *out, const StackColumns *c, const char *inside);
void stackcolumn_release(StackSide *side, int n);

/* Have all columns a folder of this name, with both tables? If not, *lacking is the first that has not; else -1. */
void stackcolumn_have(int *lacking, const StackColumns *c, const char *inside);

#endif
