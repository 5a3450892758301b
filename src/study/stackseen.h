/* SPDX-License-Identifier: MIT
 *
 * stackseen.h: what of a stack can be explained, from its summary (stack.h). A stack is explained by what was chosen in each
 * outer fold, where all of that ranks instances. Otherwise one column is explained alone: the best by inner figure, in the
 * first task where that happens, of those that rank.
 */
#ifndef HOPSACK_STACKSEEN_H
#define HOPSACK_STACKSEEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    bool whole;       /* the stack itself */
    char column[256]; /* else this one; "": none ranks instances */
} StackSeen;

/* tasks: of its summary. mute: a network that cannot be explained either (mil_options_mix); NULL: none. */
void stackseen_find(StackSeen *out, const json_t *tasks, const char *mute);

/* "The stack chose nuisance in 2, kmer-3 in 1 of 3 outer folds. nuisance ranks no instances. Explained is kmer-3 alone." of one
 * task of the summary, where `column` is explained; NULL: nothing is. False, and empty: it was chosen in all folds. */
bool stackseen_sentence(char *text, size_t room, const json_t *task, const char *column, const char *mute);

#endif
