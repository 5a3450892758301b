/* SPDX-License-Identifier: MIT
 *
 * clonecount.h: which sequences occur in which bags. The result lists the sequences that at least two bags hold
 * (clonelist.h). It is made by sorting: neither all sequences of a large cohort nor a matrix is ever in memory. Labels are
 * not looked at.
 *
 * With `patterns` it lists, in place of sequences, patterns with one residue that matches any: a sequence of length L has L
 * of them. Sequences of more than CLONEKEY_LONGEST residues have none.
 *
 * The list's order does not depend on the budget or the number of threads: by words of a key, place of the open residue,
 * hash.
 */
#ifndef HOPSACK_CLONECOUNT_H
#define HOPSACK_CLONECOUNT_H

#include "cohort/clonelist.h"
#include "cohort/cohort.h"
#include "core/stop.h"

#include <stdbool.h>

/* Bytes of memory, each at least; what is larger goes to a temporary file or is done in several passes. */
typedef struct {
    int64_t bags;    /* the bags' sequences */
    int64_t records; /* what is sorted at a time; as much again is needed for what comes of it */
    int64_t list;    /* the result */
} CloneBudget;

extern const CloneBudget clonecount_budget; /* the usual */

typedef struct {
    const Cohort *cohort;
    const bool *use; /* [cohort->n] members that are read */
    bool genes;      /* the same sequence with other V or J genes is another */
    bool patterns;   /* without genes */
    CloneBudget budget;
    const StopFlag *stop;
} CloneSetup;

/* n_distinct [cohort->n]: distinct sequences (with genes) of each bag in use, else 0. The caller frees the list. */
Status clonecount_list(CloneList *out, int *n_distinct, const CloneSetup *in);

#endif
