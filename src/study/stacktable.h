/* SPDX-License-Identifier: MIT
 *
 * stacktable.h: predictions.tsv and inner.tsv of one column of a stack, as sorted rows. inner.tsv has the columns of
 * predictions.tsv and a last one, `inner`: outputs on training bags of the outer fold by inner fits that had not seen them.
 *
 * Two columns are about the same bags where their sorted rows have the same keys: repeat, fold, task, bag, class.
 */
#ifndef HOPSACK_STACKTABLE_H
#define HOPSACK_STACKTABLE_H

#include "data/text/table.h"

#include <stdbool.h>

typedef struct {
    int repeat, fold;
    int inner;                      /* inner fold; -1 in predictions.tsv */
    const char *task, *bag, *class; /* borrowed from the table */
    double label, output;           /* NaN: empty cells */
    const char *probability;        /* as it stands; "": none */
    int place;                      /* row of the file */
} StackRow;

typedef struct {
    Table table;
    StackRow *row; /* [n] sorted by repeat, fold, task, bag, class */
    int n;
} StackTable;

/* The test rows of predictions.tsv, or, with `inner`, the rows of inner.tsv whose label is known. ERR_FORMAT names the
 * line that is damaged, or that stands there twice. */
Status stacktable_read(StackTable *out, const char *path, bool inner);
void stacktable_free(StackTable *t); /* accepts {0} and half-built ones */

/* Are both about the same bags, with the same labels? ERR_FORMAT names the first fold and bag of which they are not. `name`:
 * of the columns, for the sentence. */
Status stacktable_same(const StackTable *a, const StackTable *b, const char *name_a, const char *name_b);

#endif
