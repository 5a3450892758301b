/* SPDX-License-Identifier: MIT
 *
 * cell.h: what a cell of a label table or split table means. Blanks around it do not count, 1.0 is 1, and TRUE is True:
 * spreadsheets and programs write one value in several ways, and one class must not become two.
 */
#ifndef HOPSACK_CELL_H
#define HOPSACK_CELL_H

#include <stdbool.h>

/* Do two cells hold one value? Equal texts, whole numbers with or without .0, words of a boolean in any case. */
bool cell_same(const char *a, const char *b);

/* An order in which cells of one value stand together; booleans are texts here. 0: one value. */
int cell_compare(const char *a, const char *b);

/* Would cells of two values be taken for one by a reader? They differ in letter case, blanks, underscores or quotes
 * alone. */
bool cell_alike(const char *a, const char *b);
int cell_compare_alike(const char *a, const char *b); /* 0: alike */

/* Empty, NA, N/A, NULL, null, NaN, … as pandas has them, or Unknown. */
bool cell_missing(const char *cell);

/* A word for missing that could also be a class: unknown, not collected, ?, … It is one where the config names it. */
bool cell_unknown(const char *cell);

/* The number that a cell holds; *comma: with a decimal comma, as 61,5. "1,234" could be either and is none. */
bool cell_number(double *out, bool *comma, const char *cell);

#endif
