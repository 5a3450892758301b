/* SPDX-License-Identifier: MIT */
#include "cli/attention.h"
#include "core/number.h"
#include "model/select.h"
#include "run/predictions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static Status reserve(Attention *a, size_t n)
{
    a->bag.logit = calloc(n * (size_t)a->n_column, sizeof(real));
    a->bag.weight = calloc(n * (size_t)a->n_column, sizeof(real));
    a->order = calloc(n, sizeof *a->order);
    a->row = calloc(n, sizeof *a->row);
    a->best = calloc(n, sizeof *a->best);
    a->mean = calloc(n, sizeof *a->mean);
    if (!a->bag.logit || !a->bag.weight || !a->order || !a->row || !a->best || !a->mean)
        return fail(ERR_MEMORY, "no memory for the attention of %zu instances", n);
    for (size_t i = 0; i < n; i++) a->row[i] = (int)i;
    return OK;
}

Status attention_open(Attention *a, const char *path, const AttentionTable *options, const Mil *mil,
                      const BagFile *file)
{
    *a = (Attention){.n_column = mil_n_column(mil),
                     .mil = mil,
                     .top = options->top,
                     .blocks = options->blocks,
                     .ensemble = options->ensemble,
                     .sequences = bagfile_spec(file)->kind == BAG_SEQUENCES};
    TRY(reserve(a, (size_t)bagfile_n_max(file) + 1));
    TRY(textout_open(&a->out, path, options->force));
    textout_printf(a->out, "bag\tinstance\t%squery\thead\tlogit\tweight\trank",
                   a->sequences ? "junction_aa\tv_call\tj_call\tduplicate_count\t" : "");
    if (a->blocks) textout_printf(a->out, "\trepeat\tfold%s\tmean_rank", a->ensemble ? "\tmodel" : "");
    textout_printf(a->out, "%s\n", mil_n_pooling(mil) > 1 ? "\tpooling" : "");
    return OK;
}

/* Places in the order of a column: a->order [n]. */
static void order_column(Attention *a, int n, int column)
{
    memcpy(a->order, a->row, (size_t)n * sizeof *a->order); /* select_order sorts what it is given */
    select_order(a->order, n, a->bag.logit + column, a->n_column, a->row);
}

void attention_rank_begin(Attention *a, int n)
{
    memset(a->mean, 0, (size_t)n * sizeof *a->mean);
}

void attention_rank(Attention *a, int n)
{
    for (int i = 0; i < n; i++) a->best[i] = n;
    for (int column = 0; column < a->n_column; column++) {
        order_column(a, n, column);
        for (int rank = 0; rank < n; rank++)
            if (rank + 1 < a->best[a->order[rank]]) a->best[a->order[rank]] = rank + 1;
    }
    for (int i = 0; i < n; i++) a->mean[i] += a->best[i];
}

void attention_rank_end(Attention *a, int n, int n_model)
{
    for (int i = 0; i < n; i++) a->mean[i] /= n_model;
}

static void write_block(Attention *a, const AttentionBlock *block, int i)
{
    char buffer[NUMBER_ROOM];
    if (!a->blocks) return;
    textout_printf(a->out, "\t%d\t%d", block->repeat, block->fold);
    if (a->ensemble) textout_printf(a->out, "\t%d", block->model);
    textout_printf(a->out, "\t%s", block->ranked ? number_text(buffer, a->mean[i]) : "");
}

static void write_row(Attention *a, const AttentionBlock *block, const BagText *text, int i, int column, int rank)
{
    char buffer[NUMBER_ROOM];
    const MilColumn what = mil_column(a->mil, column);
    const size_t at = (size_t)i * (size_t)a->n_column + (size_t)column;
    textout_cell(a->out, block->id);
    textout_printf(a->out, "\t%d", i);
    if (a->sequences) {
        textout_printf(a->out, "\t%s\t", text->sequence + (size_t)i * text->stride);
        textout_cell(a->out, text->v_call ? text->v_call[i] : "");
        textout_printf(a->out, "\t");
        textout_cell(a->out, text->j_call ? text->j_call[i] : "");
        textout_printf(a->out, "\t%" PRId64, text->count[i]);
    }
    textout_printf(a->out, "\t%d\t%d", what.query, what.head);
    textout_printf(a->out, "\t%s", number_text_float(buffer, (float)a->bag.logit[at]));
    textout_printf(a->out, "\t%s\t%d", number_text_float(buffer, (float)a->bag.weight[at]), rank);
    write_block(a, block, i);
    if (mil_n_pooling(a->mil) > 1) textout_printf(a->out, "\t%d", what.pooling);
    textout_printf(a->out, "\n");
}

Status attention_write(Attention *a, BagFile *file, int bag, const AttentionBlock *block)
{
    BagText text = {0};
    const int n = bagfile_n(file, bag), rows = a->top > 0 && a->top < n ? a->top : n;
    if (a->sequences) TRY(bagfile_read_text(&text, file, bag));
    for (int column = 0; column < a->n_column; column++) {
        order_column(a, n, column);
        for (int rank = 0; rank < rows; rank++) write_row(a, block, &text, a->order[rank], column, rank + 1);
    }
    if (a->sequences) bagtext_free(&text);
    return OK;
}

Status attention_commit(Attention *a)
{
    TextOut *out = a->out;
    a->out = NULL;
    return out ? textout_commit(out) : OK;
}

void attention_free(Attention *a)
{
    textout_drop(a->out);
    free(a->bag.logit);
    free(a->bag.weight);
    free(a->order);
    free(a->row);
    free(a->best);
    free(a->mean);
    *a = (Attention){0};
}
