/* SPDX-License-Identifier: MIT
 *
 * seqlist.h: sequences with V and J genes, in memory: those of all bags of a dataset, or the rows of a table with the column
 * junction_aa and, if it has them, v_call and j_call. Rows without residues, with more than 60 or with other letters are
 * left out. Labels and names of repertoires are not read, and every row counts once.
 */
#ifndef HOPSACK_SEQLIST_H
#define HOPSACK_SEQLIST_H

#include "core/status.h"
#include "data/text/names.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int n, room, longest; /* sequences; residues of the longest */
    size_t n_residue, residue_room;
    int8_t *codes;     /* [n_residue] */
    size_t *at;        /* [n + 1] where sequence i begins */
    int16_t *gene;     /* [n, 2] numbers in v and j, -1: unknown */
    Names v, j;        /* gene names */
    int n_part;        /* repertoires; a table is one */
    int *part;         /* [n_part + 1] where each begins */
    int64_t n_dropped; /* rows left out */
} SeqList;             /* starts as {0} */

/* ERR_IO, ERR_FORMAT: no such column, no rows left; ERR_MEMORY. */
Status seqlist_read(SeqList *out, const char *path);
Status seqlist_add(SeqList *list, const int8_t *codes, int len, const int16_t gene[2]);
void seqlist_free(SeqList *list);

static inline const int8_t *seqlist_codes(const SeqList *list, int i)
{
    return list->codes + list->at[i];
}
static inline int seqlist_len(const SeqList *list, int i)
{
    return (int)(list->at[i + 1] - list->at[i]);
}

#endif
