/* SPDX-License-Identifier: MIT */
#include "study/rankingtable.h"
#include "data/text/table.h"

#include <stdlib.h>
#include <string.h>

static const char *const compared[RANKINGTABLE_COLUMNS] = {"junction_aa", "v_call", "j_call"};

#define NO_CELL "-999.0" /* of a row that is no sequence, in tables of the AIRR-ML challenge */

typedef struct {
    char *bytes;       /* of all texts */
    const char **text; /* [n] cells joined by tabs, which no cell holds */
    int n;
} RankedTexts;

static void texts_free(RankedTexts *t)
{
    free(t->bytes);
    free((void *)t->text);
}

static Status find_columns(RankingResult *out, const Table *ranking, const Table *truth)
{
    const Table *const table[] = {ranking, truth};
    for (int k = 0; k < 2; k++)
        if (table_column(table[k], compared[0]) < 0)
            return fail(ERR_FORMAT, "%s: no column junction_aa; ranked and true sequences need one", table[k]->path);
    for (int c = 0; c < RANKINGTABLE_COLUMNS; c++)
        if (table_column(ranking, compared[c]) >= 0 && table_column(truth, compared[c]) >= 0)
            out->column[out->n_column++] = compared[c];
    return OK;
}

static size_t count_bytes(const Table *t, const RankingResult *r)
{
    size_t bytes = 1;
    for (int c = 0; c < r->n_column; c++) {
        const int column = table_column(t, r->column[c]);
        for (int row = 0; row < t->n_row; row++) bytes += strlen(table_cell(t, row, column)) + 1;
    }
    return bytes;
}

static Status read_texts(RankedTexts *out, const Table *t, const RankingResult *r)
{
    int column[RANKINGTABLE_COLUMNS];
    for (int c = 0; c < r->n_column; c++) column[c] = table_column(t, r->column[c]);
    out->bytes = malloc(count_bytes(t, r));
    out->text = malloc(((size_t)t->n_row + 1) * sizeof *out->text);
    if (!out->bytes || !out->text) return fail(ERR_MEMORY, "%s: no memory for %d sequences", t->path, t->n_row);
    char *at = out->bytes;
    for (int row = 0; row < t->n_row; row++) {
        const char *junction = table_cell(t, row, column[0]);
        if (*junction == '\0' || strcmp(junction, NO_CELL) == 0) continue;
        out->text[out->n++] = at;
        for (int c = 0; c < r->n_column; c++) {
            const char *cell = table_cell(t, row, column[c]);
            const size_t n = strlen(cell);
            memcpy(at, cell, n);
            at += n;
            *at++ = c + 1 < r->n_column ? '\t' : '\0';
        }
    }
    return out->n ? OK : fail(ERR_FORMAT, "%s: no row has a sequence in junction_aa", t->path);
}

Status rankingtable_score(RankingResult *out, const char *ranking, const char *truth)
{
    Table table[2] = {{0}, {0}};
    RankedTexts text[2] = {{0}, {0}};
    Status status;
    *out = (RankingResult){0};
    TRY_DONE(table_read(&table[0], ranking));
    TRY_DONE(table_read(&table[1], truth));
    TRY_DONE(find_columns(out, &table[0], &table[1]));
    for (int k = 0; k < 2; k++) TRY_DONE(read_texts(&text[k], &table[k], out));
    status = ranking_score(&out->score, text[0].text, text[0].n, text[1].text, text[1].n);
done:
    for (int k = 0; k < 2; k++) {
        texts_free(&text[k]);
        table_free(&table[k]);
    }
    return status;
}
