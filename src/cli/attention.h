/* SPDX-License-Identifier: MIT
 *
 * attention.h: the attention table: bag instance junction_aa v_call j_call duplicate_count query head logit weight rank,
 * by bag, query, head, rank. Vector bags have no sequence columns.
 */
#ifndef HOPSACK_ATTENTION_H
#define HOPSACK_ATTENTION_H

#include "core/file.h"
#include "data/bagfile/bagfile.h"
#include "model/mil.h"

typedef struct {
    TextOut *out;              /* NULL: no table is asked for */
    MilAttention bag;          /* [n_max, n_column] of the bag under way */
    int *order, *row;          /* [n_max] places by rank; 0, 1, … */
    int n_column, n_head, top; /* columns; heads of a query; instances a bag, 0: every one */
    bool sequences;
} Attention;

Status attention_open(Attention *a, const char *path, bool force, const Mil *mil, const BagFile *file, int top);
Status attention_write(Attention *a, BagFile *file, int bag, const char *id); /* after mil_predict filled a->bag */
Status attention_commit(Attention *a);
void attention_free(Attention *a); /* without a commit nothing is published */

#endif
