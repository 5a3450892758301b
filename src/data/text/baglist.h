/* SPDX-License-Identifier: MIT
 *
 * baglist.h: a list of bags, one ID a line or the ID column of a table. An ID and a bag agree as an ID of a label table and a
 * key do (join.h): equal, or equal without folder and extension.
 */
#ifndef HOPSACK_BAGLIST_H
#define HOPSACK_BAGLIST_H

#include "core/status.h"
#include "data/text/names.h"

#include <stdbool.h>

typedef struct {
    const char *path;  /* borrowed */
    Names given, stem; /* the IDs, and without folder and extension */
    int *of_stem;      /* [n_stem] an ID of that stem */
    bool *met;         /* [n] was a bag found? */
    int n;
} BagList; /* {0}: no list, every bag is wanted */

Status baglist_read(BagList *out, const char *path); /* path NULL: no list. ERR_FORMAT, ERR_IO */
void baglist_free(BagList *list);

/* Is the bag wanted? It is known by a key and, perhaps, by an ID in a label table (NULL: by none). */
bool baglist_has(BagList *list, const char *key, const char *id);

/* After all bags were asked for. ERR_FORMAT lists IDs of no bag; `where` says of what. */
Status baglist_check(const BagList *list, const char *where);

#endif
