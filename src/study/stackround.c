/* SPDX-License-Identifier: MIT */
#include "study/stackround.h"
#include "cohort/split.h"
#include "cohort/task.h"
#include "core/file.h"
#include "core/number.h"
#include "run/predictions.h"
#include "study/stackscore.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Status stackround_open(StackRound *out, const StackColumns *columns, const char *inside, bool weigh)
{
    Status status = OK;
    *out = (StackRound){.columns = columns};
    StackSide *side = calloc((size_t)columns->n, sizeof *side);
    if (!side) return fail(ERR_MEMORY, "no memory for %d columns", columns->n);
    out->side = side;
    TRY_DONE(stackcolumn_read(side, columns, inside));
    TRY_DONE(stackframe_make(&out->frame, &side[0], columns->column[0].summary));
    out->outcome = (StackOutcome){.source = {&out->frame, side, columns->n}, .weigh = weigh};
    status = stackchoice_make(&out->outcome);
done:
    if (status != OK) stackround_free(out);
    return status;
}

void stackround_free(StackRound *r)
{
    stackchoice_free(&r->outcome);
    stackframe_free(&r->frame);
    if (r->side) stackcolumn_release(r->side, r->columns->n);
    free(r->side);
    *r = (StackRound){.side = NULL};
}

/* ---- probabilities ---- */

/* Of a weighted output, whose fit is one of probabilities; NaN of numbers. y [n_out] are the outputs of the bag. */
static double of_weights(const Target *t, const double *y, int output)
{
    double most = y[0], sum = 0;
    if (task_n_class(t) == 0) return NAN;
    if (t->n_out == 1) return y[0] >= 0 ? 1 / (1 + exp(-y[0])) : exp(y[0]) / (1 + exp(y[0]));
    for (int o = 1; o < t->n_out; o++) most = y[o] > most ? y[o] : most;
    for (int o = 0; o < t->n_out; o++) sum += exp(y[o] - most);
    return exp(y[output] - most) / sum;
}

/* Every row's, of test or of inner tables; NaN: none. */
static void find_probabilities(double *out, const StackRound *r, bool inner)
{
    const StackOutcome *o = &r->outcome;
    const double *y = inner ? o->inner_output : o->test_output;
    for (int k = 0; k < r->frame.n_block; k++) {
        const StackBlock *b = &r->frame.block[k];
        const Target *t = &r->frame.target[b->task];
        const int from = inner ? b->inner : b->test, n = (inner ? b->n_inner : b->n_test) * t->n_out;
        for (int i = from; i < from + n; i++) {
            const int column = inner ? o->inner_column[i] : o->test_column[i], output = (i - from) % t->n_out;
            if (column < 0)
                out[i] = of_weights(t, y + i - output, output);
            else if (!number_read(&out[i], (inner ? r->side[column].inner : r->side[column].test).row[i].probability))
                out[i] = NAN;
        }
    }
}

Status stackround_score(json_t **summary, const StackRound *r, uint64_t seed)
{
    double *probability = malloc(((size_t)r->frame.test->n + 1) * sizeof *probability);
    *summary = NULL;
    if (!probability) return fail(ERR_MEMORY, "no memory for the scores of %d bags", r->frame.n_bag);
    find_probabilities(probability, r, false);
    const StackScored scored = {r->outcome.test_output, probability, r->outcome.choice};
    const Status status = stackscore_make(summary, &r->frame, &scored, seed);
    free(probability);
    return status;
}

/* ---- files ---- */

typedef struct {
    const StackTable *table; /* of the first column */
    const double *output, *probability;
    int *at; /* [table rows] number of the sorted row; -1: not ours */
    bool inner;
} Writing;

static void write_row(TextOut *out, const Writing *w, int i)
{
    static const int copied[] = {PREDICTION_BAG, PREDICTION_TASK, PREDICTION_CLASS, PREDICTION_TARGET};
    const StackRow *row = &w->table->row[i];
    char buffer[NUMBER_ROOM];
    for (int c = 0; c < 4; c++) {
        textout_cell(out, table_cell(&w->table->table, row->place, copied[c]));
        textout_write(out, "\t", 1);
    }
    textout_printf(out, "%s\t", number_text_float(buffer, (float)w->output[i]));
    textout_printf(out, "%s\t", number_text_float(buffer, (float)w->probability[i]));
    textout_printf(out, "%s\t%d\t%d", w->inner ? "inner" : part_name[PART_TEST], row->repeat, row->fold);
    if (w->inner) textout_printf(out, "\t%d", row->inner);
    textout_write(out, "\n", 1);
}

/* Rows in the order of the first column's file. */
static Status write_rows(const Writing *w, const char *path)
{
    TextOut *out;
    for (int r = 0; r < w->table->table.n_row; r++) w->at[r] = -1;
    for (int i = 0; i < w->table->n; i++) w->at[w->table->row[i].place] = i;
    TRY(textout_open(&out, path, true));
    for (int c = 0; c < PREDICTION_COLUMNS; c++)
        textout_printf(out, "%s%s", c ? "\t" : "", w->table->table.column[c]);
    textout_printf(out, w->inner ? "\tinner\n" : "\n");
    for (int r = 0; r < w->table->table.n_row; r++)
        if (w->at[r] >= 0) write_row(out, w, w->at[r]);
    return textout_commit(out);
}

static Status write_table(const StackRound *r, const char *folder, bool inner)
{
    const StackTable *table = inner ? r->frame.inner : r->frame.test;
    char path[PATH_ROOM];
    double *probability = malloc(((size_t)table->n + 1) * sizeof *probability);
    int *at = malloc(((size_t)table->table.n_row + 1) * sizeof *at);
    const Writing w = {.table = table,
                       .output = inner ? r->outcome.inner_output : r->outcome.test_output,
                       .probability = probability,
                       .at = at,
                       .inner = inner};
    Status status = probability && at ? OK : fail(ERR_MEMORY, "no memory for %d rows", table->n);
    if (status == OK && !path_join(path, folder, inner ? "inner.tsv" : "predictions.tsv"))
        status = fail(ERR_USAGE, "-o: the path is too long");
    if (status == OK) {
        find_probabilities(probability, r, inner);
        status = write_rows(&w, path);
    }
    free(probability);
    free(at);
    return status;
}

Status stackround_write(const StackRound *r, const char *folder)
{
    TRY(write_table(r, folder, false));
    return write_table(r, folder, true);
}
