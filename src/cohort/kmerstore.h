/* SPDX-License-Identifier: MIT
 *
 * kmerstore.h: counts of k-mers in 16 bits. The few that need more, such as that of the prefix which most junctions begin
 * with, stand in lists.
 */
#ifndef HOPSACK_KMERSTORE_H
#define HOPSACK_KMERSTORE_H

#include "core/real.h"
#include "core/status.h"

#include <stdint.h>

typedef struct {
    int cell;
    uint32_t count;
} LargeCount;

typedef struct {
    int n;          /* -1: there was no memory for them */
    LargeCount *of; /* [n] cells ascending */
} LargeCounts;

typedef struct {
    int n_bag, n_view, n_cell;
    size_t room;        /* counts that `count` has place for */
    uint16_t *count;    /* [n_bag, n_cell] */
    LargeCounts *large; /* [n_bag, n_view] */
} KmerStore;

/* Empty, for n_view views whose cells together are n_cell. */
Status kmerstore_size(KmerStore *store, int n_bag, int n_view, int n_cell);
void kmerstore_free(KmerStore *store); /* accepts one that is all 0 */

/* Cells first … first + n - 1 of a bag, all that the store has of this view, once. Threads may put other bags and views at
 * the same time; kmerstore_check then says whether there was memory for all. */
void kmerstore_put(KmerStore *store, int bag, int view, int first, const uint32_t *count, int n);
Status kmerstore_check(const KmerStore *store);

/* out [n]: some of these cells. */
void kmerstore_get(uint32_t *out, const KmerStore *store, int bag, int view, int first, int n);

#endif
