/* SPDX-License-Identifier: MIT
 *
 * stack_parts.h: a stack under way, for the files that share it: stack.c (what is stacked), stack_summary.c (what is found),
 * stack_files.c and stack_table.c (what is written).
 */
#ifndef HOPSACK_STACK_PARTS_H
#define HOPSACK_STACK_PARTS_H

#include "core/path.h"
#include "run/runlock.h"
#include "study/stack.h"
#include "study/stackkind.h"
#include "study/stackround.h"

typedef struct {
    const StackSetup *in;
    StackColumns columns;
    StackRound main;
    uint64_t seed; /* of the first column, which its figures were resampled by */
    RunLock lock;  /* of the folder */
    int n_round[STACK_KINDS];
    json_t *remarks;            /* array of sentences */
    json_t *round[STACK_KINDS]; /* array: summary of each round */
} Stack;

/* stack_summary.c */
Status stack_summary_make(json_t **out, const Stack *s);

/* stack_files.c */
Status stack_files_check(const Stack *s); /* who may write there; touches nothing */
Status stack_files_begin(Stack *s);       /* the folder, locked, without what an earlier stack left there */
Status stack_files_round(const Stack *s, const StackRound *r, const char *inside, json_t *summary);
Status stack_files_finish(const Stack *s, json_t *summary);

/* stack_table.c */
Status stack_table_write(const char *path, const Stack *s, const json_t *summary);

#endif
