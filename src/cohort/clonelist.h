/* SPDX-License-Identifier: MIT
 *
 * clonelist.h: sequences with the bags that hold them, as a list that is read from its beginning as often as wanted. What
 * does not fit a budget of memory lies in a temporary file.
 *
 *     CloneReader *r;
 *     TRY(clonelist_open(&r, list));
 *     while ((status = clonelist_next(r)) == OK && r->n > 0) …
 *     clonelist_close(r);
 */
#ifndef HOPSACK_CLONELIST_H
#define HOPSACK_CLONELIST_H

#include "cohort/clonekey.h"
#include "cohort/clonespill.h"

#define CLONELIST_BATCH   65536     /* most sequences of a batch */
#define CLONELIST_MEMBERS (1 << 21) /* from so many members of its sequences on a batch is full */

/* Sequences whose keys have equally many words. A sequence is: n, members [n], key [2 n_word]. */
typedef struct {
    uint32_t *unit; /* NULL: in the file */
    int64_t at;     /* there */
    size_t n_unit;
    int n_word; /* of a key */
    int n;      /* sequences */
} CloneBlock;

typedef struct {
    CloneBlock *block;
    int n_block, room;
    int64_t n;             /* sequences */
    int64_t n_held;        /* members of all */
    int64_t bytes, budget; /* held in memory, and the most */
    CloneSpill spill;
} CloneList;

/* Adds a block behind the others and takes its units over, whatever it returns. */
Status clonelist_add(CloneList *list, CloneBlock block);
void clonelist_free(CloneList *list); /* accepts {0} */

/* A reader, and the batch that it has read. Where batches end depends on nothing but the list. */
typedef struct {
    const CloneList *list;
    int n;              /* sequences of the batch; 0: the list is at its end */
    int64_t first;      /* number of the first of them */
    size_t *start;      /* [n + 1] sequence i is held by member[start[i]] … member[start[i + 1] - 1], ascending */
    int *member;        /* [start[n]] */
    size_t *key_start;  /* [n + 1] words of a key, likewise */
    uint64_t *key;      /* [key_start[n]] */
    size_t room, words; /* of member, of key */

    int block, left; /* the block, and sequences of it that were not read */
    const uint32_t *at;
    uint32_t *scratch; /* a block from the file */
    size_t scratch_room;
} CloneReader;

Status clonelist_open(CloneReader **out, const CloneList *list);
Status clonelist_next(CloneReader *r);
void clonelist_rewind(CloneReader *r);
void clonelist_close(CloneReader *r); /* accepts NULL */

static inline int clonelist_n(const CloneReader *r, int i)
{
    return (int)(r->start[i + 1] - r->start[i]);
}
static inline const int *clonelist_members(const CloneReader *r, int i)
{
    return r->member + r->start[i];
}
static inline int clonelist_words(const CloneReader *r, int i)
{
    return (int)(r->key_start[i + 1] - r->key_start[i]);
}
static inline const uint64_t *clonelist_key(const CloneReader *r, int i)
{
    return r->key + r->key_start[i];
}

#endif
