/* SPDX-License-Identifier: MIT
 *
 * stackkind.h: the rounds that columns have beside the main one, each in a folder inside.
 */
#ifndef HOPSACK_STACKKIND_H
#define HOPSACK_STACKKIND_H

#include <stdbool.h>

enum { STACK_BATCHES, STACK_PERMUTED, STACK_BATCH_PERMUTED, STACK_KINDS };

typedef struct {
    const char *folder;  /* in that of each column, and of the stack */
    bool is_numbered;    /* folder/00, folder/01, … */
    const char *missing; /* what there is not where a column has no such folder */
    const char *how;     /* it is made */
} StackKind;

extern const StackKind stackkinds[STACK_KINDS];

void stackkind_folder(char name[64], int kind, int number); /* "permuted/03" */

#endif
