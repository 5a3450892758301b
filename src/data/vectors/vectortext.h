/* SPDX-License-Identifier: MIT
 *
 * vectortext.h: delimited text with a line an instance, whatever its columns stand for.
 */
#ifndef HOPSACK_VECTORTEXT_H
#define HOPSACK_VECTORTEXT_H

#include "data/vectors/vectorformat.h"

/* What the columns are; all that are neither these nor skipped by the rules are features. */
typedef struct {
    bool one_row;                /* a row is a bag; bag -1, key NULL: it is named by its number */
    bool splits;                 /* columns named as those of splits are kept for a table of them */
    bool header;                 /* the first line names the columns; else they are named by their number, from 1 */
    int bag, label;              /* -1: none */
    int skip, skip_too;          /* more that are no features; -1: none */
    const char *key, *key_label; /* bag -1: the bag all rows belong to, and its label (or NULL) */
    int line;                    /* where that was said */
} VectorLayout;

#define VECTOR_LAYOUT_NONE                                                                                           \
    {                                                                                                                \
        .bag = -1, .label = -1, .skip = -1, .skip_too = -1                                                           \
    }

/* ERR_FORMAT names file and line, and the column where a cell is no finite number. */
Status vectortext_read(VectorIntake *in, const VectorPeek *peek, const VectorLayout *layout);

/* The same for a format whose columns have no names, so that --bag and --label=COLUMN are ERR_USAGE; --label=none leaves
 * the label out. */
Status vectortext_nameless(VectorIntake *in, const VectorPeek *peek, VectorLayout layout);

bool vectortext_is_number(const char *cell);
bool vectortext_is_range(const Header *cells); /* 0, 1, 2, … or 1, 2, 3, …: how pandas names columns without names */

#endif
