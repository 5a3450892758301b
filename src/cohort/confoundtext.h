/* SPDX-License-Identifier: MIT
 *
 * confoundtext.h: what confound.h found, in words and as JSON.
 */
#ifndef HOPSACK_CONFOUNDTEXT_H
#define HOPSACK_CONFOUNDTEXT_H

#include "cohort/confound.h"

#include <jansson.h>

/* Sorts by p, then strength; constant ones last. */
void confoundtext_sort(ConfoundRow *row, int n);
/* How many of the sorted rows are remarked on: p at most `level`. */
int confoundtext_found(const ConfoundRow *row, int n, double level);

/* {"name", "source": bag, gene or column, "auc" or "correlation", "interval", "higher_in" or "lower_in", "settles", "p"};
 * NULL: no memory. */
json_t *confoundtext_json(const ConfoundRow *row, const Target *t);

/* One sentence on the first n > 0 rows, which are found, without a full stop. */
#define CONFOUNDTEXT_ROOM 1200
void confoundtext_sentence(char out[CONFOUNDTEXT_ROOM], const ConfoundRow *row, int n, const Target *t);

#endif
