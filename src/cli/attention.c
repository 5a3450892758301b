/* SPDX-License-Identifier: MIT */
#include "cli/attention.h"
#include "core/number.h"
#include "model/select.h"
#include "run/predictions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

Status attention_open(Attention *a, const char *path, bool force, const Mil *mil, const BagFile *file, int top)
{
    const size_t n = (size_t)bagfile_n_max(file) + 1;
    *a = (Attention){.n_column = mil_n_column(mil),
                     .n_head = mil_n_head(mil),
                     .top = top,
                     .sequences = bagfile_spec(file)->kind == BAG_SEQUENCES};
    a->bag.logit = calloc(n * (size_t)a->n_column, sizeof(real));
    a->bag.weight = calloc(n * (size_t)a->n_column, sizeof(real));
    a->order = calloc(n, sizeof *a->order);
    a->row = calloc(n, sizeof *a->row);
    if (!a->bag.logit || !a->bag.weight || !a->order || !a->row)
        return fail(ERR_MEMORY, "no memory for the attention of %zu instances", n);
    for (size_t i = 0; i < n; i++) a->row[i] = (int)i;
    TRY(textout_open(&a->out, path, force));
    textout_printf(a->out, "bag\tinstance\t%squery\thead\tlogit\tweight\trank\n",
                   a->sequences ? "junction_aa\tv_call\tj_call\tduplicate_count\t" : "");
    return OK;
}

static void write_row(Attention *a, const char *id, const BagText *text, int i, int column, int rank)
{
    char buffer[NUMBER_ROOM];
    const size_t at = (size_t)i * (size_t)a->n_column + (size_t)column;
    textout_cell(a->out, id);
    textout_printf(a->out, "\t%d", i);
    if (a->sequences) {
        textout_printf(a->out, "\t%s\t", text->sequence + (size_t)i * text->stride);
        textout_cell(a->out, text->v_call ? text->v_call[i] : "");
        textout_printf(a->out, "\t");
        textout_cell(a->out, text->j_call ? text->j_call[i] : "");
        textout_printf(a->out, "\t%" PRId64, text->count[i]);
    }
    textout_printf(a->out, "\t%d\t%d", column / a->n_head, column % a->n_head);
    textout_printf(a->out, "\t%s", number_text_float(buffer, (float)a->bag.logit[at]));
    textout_printf(a->out, "\t%s\t%d\n", number_text_float(buffer, (float)a->bag.weight[at]), rank);
}

Status attention_write(Attention *a, BagFile *file, int bag, const char *id)
{
    BagText text = {0};
    const int n = bagfile_n(file, bag), rows = a->top > 0 && a->top < n ? a->top : n;
    if (a->sequences) TRY(bagfile_read_text(&text, file, bag));
    for (int column = 0; column < a->n_column; column++) {
        memcpy(a->order, a->row, (size_t)n * sizeof *a->order); /* select_order sorts what it is given */
        select_order(a->order, n, a->bag.logit + column, a->n_column, a->row);
        for (int rank = 0; rank < rows; rank++) write_row(a, id, &text, a->order[rank], column, rank + 1);
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
    *a = (Attention){0};
}
