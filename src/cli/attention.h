/* SPDX-License-Identifier: MIT
 *
 * attention.h: the attention table: bag instance junction_aa v_call j_call duplicate_count query head logit weight rank,
 * by bag, query, head, rank. Vector bags have no sequence columns. Where several poolings stand side by side, the last
 * column is pooling: the number of the one that has the query. Queries are numbered on over those that have attention.
 *
 * Of the models of a cross-validation each has a block of rows in every bag that it has not seen, and there are more columns:
 * repeat fold, model where a fold has several, and mean_rank: in bags that no model has seen, the mean over the models of an
 * instance's place, which is its best rank over queries and heads.
 */
#ifndef HOPSACK_ATTENTION_H
#define HOPSACK_ATTENTION_H

#include "core/file.h"
#include "data/bagfile/bagfile.h"
#include "model/mil.h"

typedef struct {
    TextOut *out;      /* NULL: no table is asked for */
    MilAttention bag;  /* [n_max, n_column] of the bag under way */
    int *order, *row;  /* [n_max] places by rank; 0, 1, … */
    int *best;         /* [n_max] place of an instance, from 1 */
    double *mean;      /* [n_max] sum of places over models, then their mean; blocks only */
    const Mil *mil;    /* whose columns they are */
    int n_column, top; /* columns; instances a bag, 0: every one */
    bool sequences, blocks, ensemble;
} Attention;

typedef struct {
    bool force, blocks, ensemble; /* blocks: of a cross-validation; ensemble: its folds have several models */
    int top;
} AttentionTable;

/* Whose rows are written. */
typedef struct {
    const char *id;
    int repeat, fold, model; /* blocks only */
    bool ranked;             /* mean_rank is known */
} AttentionBlock;

Status attention_open(Attention *a, const char *path, const AttentionTable *options, const Mil *mil,
                      const BagFile *file);

/* After mil_predict filled a->bag. */
Status attention_write(Attention *a, BagFile *file, int bag, const AttentionBlock *block);

/* The mean of places over models: attention_rank once a model, after mil_predict, between the two others. */
void attention_rank_begin(Attention *a, int n);
void attention_rank(Attention *a, int n);
void attention_rank_end(Attention *a, int n, int n_model);

Status attention_commit(Attention *a);
void attention_free(Attention *a); /* without a commit nothing is published */

#endif
