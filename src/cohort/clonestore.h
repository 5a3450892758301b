/* SPDX-License-Identifier: MIT
 *
 * clonestore.h: the distinct sequences of many bags, each bag's for itself; those that no longer fit a budget lie in a
 * temporary file.
 */
#ifndef HOPSACK_CLONESTORE_H
#define HOPSACK_CLONESTORE_H

#include "cohort/clonebag.h"
#include "cohort/clonespill.h"
#include "cohort/cohort.h"
#include "core/stop.h"

typedef struct {
    int n; /* distinct sequences */
    CloneSection *section;
    int n_section;
    uint64_t *word; /* NULL: in the file, or none */
    int64_t at;     /* there */
} CloneStored;

typedef struct {
    int n;               /* members of the cohort */
    CloneStored *member; /* [n] */
    int max_len;
    int64_t *n_of_len; /* [max_len + 1] keys of all bags by residues */
    int64_t bytes;     /* held in memory */
    bool genes;        /* keys end with a word of genes */
    CloneSpill spill;
} CloneStore;

/* Members with `use` [cohort->n]; `budget` bytes of their keys stay in memory. */
Status clonestore_fill(CloneStore *out, const Cohort *cohort, const bool *use, bool genes, int64_t budget,
                       const StopFlag *stop);
void clonestore_free(CloneStore *store); /* accepts half-built ones */

/* A section's keys: borrowed, or read into *scratch (realloc'ed; the caller frees it). */
Status clonestore_keys(const uint64_t **out, uint64_t **scratch, size_t *room, const CloneStore *store, int member,
                       const CloneSection *section);

#endif
