/* SPDX-License-Identifier: MIT
 *
 * rowcell.h: what a cell of a repertoire table says: nothing, yes or no, a count.
 */
#ifndef HOPSACK_ROWCELL_H
#define HOPSACK_ROWCELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *text; /* ends with NUL */
    size_t length;
} Cell;

typedef enum { NO, YES, BLANK } Answer;

bool rowcell_is_blank(const Cell *cell);            /* empty, null, NA, … */
bool rowcell_answer(Answer *out, const Cell *cell); /* false: is neither T nor F, nor blank */
bool rowcell_count(int64_t *out, const Cell *cell); /* the integer part; false: is no number */

#endif
