/* SPDX-License-Identifier: MIT */
#include "run/predictions.h"
#include "core/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const column[PREDICTION_COLUMNS] = {"bag",         "task", "class",  "target", "output",
                                                       "probability", "part", "repeat", "fold"};

void predictions_header(TextOut *out)
{
    for (int c = 0; c < PREDICTION_COLUMNS; c++)
        textout_printf(out, "%s%s", column[c], c + 1 < PREDICTION_COLUMNS ? "\t" : "\n");
}

Status predictions_check(const Table *t)
{
    bool right = t->n_column == PREDICTION_COLUMNS;
    for (int c = 0; right && c < PREDICTION_COLUMNS; c++) right = strcmp(t->column[c], column[c]) == 0;
    return right ? OK : fail(ERR_FORMAT, "%s: is no predictions.tsv of ours", t->path);
}

static void place_cell(TextOut *out, int number)
{
    if (number >= 0)
        textout_printf(out, "\t%d", number);
    else
        textout_printf(out, "\t");
}

/* What every row of a bag begins and ends with; `label` is NULL where it is unknown. */
typedef struct {
    TextOut *out;
    const Prediction *p;
    const Target *t;
    const real *y, *label;
} Rows;

static void row(const Rows *r, const char *class, const char *label, double output, double probability)
{
    char buffer[NUMBER_ROOM];
    textout_cell(r->out, r->p->bag);
    textout_printf(r->out, "\t");
    textout_cell(r->out, r->t->name);
    textout_printf(r->out, "\t");
    textout_cell(r->out, class);
    textout_printf(r->out, "\t%s", label);
    textout_printf(r->out, "\t%s", number_text_float(buffer, (float)output));
    textout_printf(r->out, "\t%s", isnan(probability) ? "" : number_text_float(buffer, (float)probability));
    textout_printf(r->out, "\t%s", r->p->part);
    place_cell(r->out, r->p->repeat);
    place_cell(r->out, r->p->fold);
    textout_printf(r->out, "\n");
}

/* ---- the rows of each kind of target ---- */

static void binary_rows(const Rows *r)
{
    double p;
    r->t->type->predict(&p, r->t, r->y);
    row(r, r->t->positive,
        !r->label               ? ""
        : *r->label > (real)0.5 ? "1"
                                : "0",
        (double)*r->y, r->p->is_rank ? (double)NAN : p);
}

static void multiclass_rows(const Rows *r)
{
    double p[TARGET_CLASSES];
    assert(r->t->n_out <= TARGET_CLASSES);
    r->t->type->predict(p, r->t, r->y);
    for (int k = 0; k < r->t->n_out; k++)
        row(r, r->t->classes[k], !r->label ? "" : r->label[k] > (real)0.5 ? "1" : "0", (double)r->y[k], p[k]);
}

static void regression_rows(const Rows *r)
{
    char buffer[NUMBER_ROOM];
    double truth = 0, guess;
    r->t->type->predict(&guess, r->t, r->y);
    if (r->label) r->t->type->predict(&truth, r->t, r->label);
    row(r, "", r->label ? number_text_float(buffer, (float)truth) : "", guess, NAN);
}

static const struct {
    const char *target;
    void (*rows)(const Rows *r);
} kinds[] = {{"binary", binary_rows}, {"multiclass", multiclass_rows}, {"regression", regression_rows}};

static void rows_of(const Rows *r)
{
    const size_t n = sizeof kinds / sizeof *kinds;
    size_t k = 0;
    while (k < n && strcmp(kinds[k].target, r->t->type->name) != 0) k++;
    assert(k < n);
    kinds[k].rows(r);
}

void predictions_write(TextOut *out, const Prediction *p)
{
    for (int k = 0; k < p->n_target; k++) {
        const Target *t = &p->target[k];
        const bool known = p->mask && p->mask[k] != 0;
        rows_of(
            &(Rows){.out = out, .p = p, .t = t, .y = p->output + t->at, .label = known ? p->label + t->at : NULL});
    }
}
