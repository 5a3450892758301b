/* SPDX-License-Identifier: MIT
 *
 * gather.h: the sequences of one repertoire while its rows come in; equal ones may become one. Their counts are added
 * then, and the genes are those of the row with the largest count, the earlier one where equal. Where a format has two
 * columns of counts and only the whole file shows which one counts, both are gathered until gather_done.
 */
#ifndef HOPSACK_GATHER_H
#define HOPSACK_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By one column of counts. */
typedef struct {
    int64_t *count;   /* [n] */
    int *v, *j;       /* [n] number of the gene's name, -1 unknown */
    int64_t *largest; /* [n] count of the row that gave the genes */
} GatherCounts;

typedef struct {
    int n;
    int8_t *codes; /* dense */
    int64_t *len;  /* [n] */
    GatherCounts by, other;
    bool has_other; /* set before the first row */
    bool overflow;  /* counts of equal sequences add up to more than 64 bits hold */

    size_t *start; /* [n] of each row in codes */
    int *slot;     /* [n_slot] row + 1 of the sequence that hashes there; 0: free */
    size_t room, n_code, room_code, n_slot;
} Gather; /* starts as {0} */

typedef struct {
    int64_t count, other; /* by either column */
    int v, j;
} GatherRow;

/* Where the codes of the next sequence go, `length` of them at most; NULL: no memory. */
int8_t *gather_room(Gather *g, size_t length, bool merge);
/* Takes the codes put there. True: they went into an equal sequence. */
bool gather_add(Gather *g, size_t length, const GatherRow *row, bool merge);
void gather_done(Gather *g, bool other); /* settles the counts, `other` ones or not; frees what only adding needs */
void gather_free(Gather *g);

/* Counts are never negative where they are added. */
int64_t gather_sum(int64_t a, int64_t b);

#endif
