/* SPDX-License-Identifier: MIT
 *
 * kmerblocks.h: the counts of a profile's cells in all bags of a cohort, some cells at a time, so that memory stays within
 * bounds however many bags and cells there are. Bags are held as far as they fit, and looked at again for every block of
 * cells; a block ends with a view unless one view of all bags is too much. The last block's counts stay for the next walk:
 * where all cells are one block, bags are counted once.
 *
 * Cells are handed out in panels, whose borders depend on the profile alone.
 */
#ifndef HOPSACK_KMERBLOCKS_H
#define HOPSACK_KMERBLOCKS_H

#include "cohort/cohort.h"
#include "cohort/kmerprofile.h"
#include "core/stop.h"
#include "data/bagfile/cache.h"

#define KMERBLOCKS_PANEL 2000                 /* cells */
#define KMERBLOCKS_BYTES ((size_t)704 << 20)  /* of a block, unless one panel of all bags is more */
#define KMERBLOCKS_WHOLE ((size_t)1344 << 20) /* of a block where all cells are one: gapped of 1 000 bags */
#define KMERBLOCKS_CACHE ((size_t)4 << 30)    /* of bags held; at most a third of what is free */

typedef struct {
    const Cohort *cohort;
    const bool *use; /* [cohort->n] members to be counted */
    bool by_counts;  /* a sequence counts as often as its count says; else once */
    const StopFlag *stop;
    size_t bytes; /* of a block; 0: KMERBLOCKS_WHOLE where that is all cells and a quarter of what is free, else
                     KMERBLOCKS_BYTES */
    Cache **held; /* of bags without counts, for one user after the other: opened here where it is NULL, closed by the
                     caller; NULL: a cache of its own */
} KmerBlocksSetup;

/* Cells of one view in all bags that are counted. */
typedef struct {
    int n;                 /* bags */
    int view;              /* number */
    int first, n_cell;     /* cells first … of the profile, at most KMERBLOCKS_PANEL */
    const uint32_t *count; /* [n, n_cell] of row stride `stride`; until the next panel */
    Index stride;
    const double *total; /* [n] counts of all cells of the view; 0: the bag has no windows */
} KmerPanel;

typedef struct KmerBlocks KmerBlocks;

/* ERR_FORMAT: the dataset's letters are not the 20 amino acids. `profile`, `use` and cohort are borrowed. */
Status kmerblocks_open(KmerBlocks **out, const KmerProfile *profile, const KmerBlocksSetup *setup);
void kmerblocks_close(KmerBlocks *blocks); /* accepts NULL */

int kmerblocks_n(const KmerBlocks *blocks);             /* bags that are counted */
const int *kmerblocks_member(const KmerBlocks *blocks); /* [n] ascending */

/* All panels in the order of their cells. A status of the body that is not OK ends the walk. */
Status kmerblocks_walk(KmerBlocks *blocks, Status (*body)(void *context, const KmerPanel *panel), void *context);

/* Are its bags sequences over the letters that cells are numbered by? ERR_FORMAT; the sentence says of what. */
Status kmerblocks_check(const BagFile *file);

#endif
