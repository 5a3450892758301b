/* SPDX-License-Identifier: MIT
 *
 * rarefy.h: a dataset seen at one depth: of every larger bag so many clones, or so many of its counts, drawn without
 * replacement from stream (seed, "rarefy", bag key). A bag's part depends on the bag and the seed alone, not on the other
 * bags. bagfile_n, bagfile_n_max, bagfile_read, bagfile_read_sizes and bagfile_read_text then tell of the part; hashes
 * are of the whole bag as ever.
 */
#ifndef HOPSACK_RAREFY_H
#define HOPSACK_RAREFY_H

#include "data/bagfile/bagfile.h"

typedef enum { RAREFY_CLONES, RAREFY_COUNTS } RarefyBy; /* data.rarefy_by, in this order */

typedef struct {
    int64_t n; /* clones or counts to keep, ≥ 1 */
    RarefyBy by;
    uint64_t seed;
} RarefyOptions;

/* Once, before a bag is read. Sequences only. *n_smaller (may be NULL): bags that have less and stay whole. */
Status rarefy_set(BagFile *file, const RarefyOptions *options, int *n_smaller);

/* The size of a bag that `n` is compared with: its clones, or the sum of its counts, those below 1 taken as 1. */
Status rarefy_size(int64_t *out, BagFile *file, int bag, RarefyBy by);

/* ---- for readers of bags ---- */
/* keep [kept, ascending]: rows of the bag's part; count [n]: of each row as in the file; those kept are compacted to the
 * front, as drawn where `by` is counts. Needs no counts where `by` is clones: count may be NULL. */
int rarefy_choose(int *keep, int64_t *count, const BagFile *file, int bag);
bool rarefy_by_counts(const BagFile *file); /* does rarefy_choose need counts? */
int rarefy_n(const BagFile *file, int bag); /* instances of the bag's part; of the largest if bag is -1 */
void rarefy_free(BagFile *file);

#endif
