/* SPDX-License-Identifier: MIT
 *
 * stackcarrier.h: which column carries a stack, in words.
 */
#ifndef HOPSACK_STACKCARRIER_H
#define HOPSACK_STACKCARRIER_H

#include <jansson.h>
#include <stddef.h>

/* "gapped carries it: it is chosen in 4 of 5 outer folds". task: of the summary, see stack.h. Of several columns that are chosen
 * equally often, or where all weights are 0, none carries it. */
void stackcarrier_sentence(char *text, size_t room, const json_t *task);

#endif
