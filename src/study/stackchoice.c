/* SPDX-License-Identifier: MIT */
#include "study/stackchoice.h"
#include "cohort/platt.h"
#include "cohort/settle.h"
#include "cohort/task.h"
#include "core/parallel.h"
#include "study/stackfigure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first of the best; *blind: no figure was defined. */
static int best(const StackView *w, StackWithout without, bool *blind)
{
    int at = 0;
    double most = NAN;
    for (int c = 0; c < w->n_column; c++) {
        const double of_column = stackfigure(w, c, without);
        if (isnan(of_column) || (!isnan(most) && !(of_column > most))) continue;
        most = of_column;
        at = c;
    }
    if (blind) *blind = isnan(most);
    return at;
}

/* ---- calibration ---- */

typedef struct {
    int column;
    bool is_done; /* else slope 1, shift 0 */
    double slope, shift;
} Chosen;

/* By the column's inner outputs on all inner folds but one; numbers need none. */
static Chosen calibrate(const StackView *w, int column, StackWithout without)
{
    Chosen out = {.column = column, .slope = 1};
    int n = 0;
    for (int i = 0; i < w->block->n_inner && w->n_class > 0; i++) {
        const StackRow *row = stackview_inner(w, column, i);
        if (stackview_out(without, stackview_turn(w, i)) || isnan(row->output)) continue;
        for (int o = 0; o < w->n_out; o++) w->x[n * w->n_out + o] = row[o].output;
        w->class[n++] = stackview_class(w, i);
    }
    if (w->n_class > 0 && w->n_out == 1) out.is_done = platt_fit(&out.slope, &out.shift, w->x, w->class, n);
    if (w->n_class > 0 && w->n_out > 1) out.is_done = platt_fit_classes(&out.slope, w->x, w->class, n, w->n_out);
    return out;
}

/* ---- choosing ---- */

static void take_row(double *output, int *column, const Chosen *chosen, const StackRow *row)
{
    *output = chosen->slope * row->output + chosen->shift;
    *column = chosen->is_done ? -1 : chosen->column;
}

static void take_test(StackOutcome *o, const StackView *w, const Chosen *c)
{
    const int from = w->block->test, n = w->block->n_test * w->n_out;
    for (int i = from; i < from + n; i++)
        take_row(&o->test_output[i], &o->test_column[i], c, &o->source.side[c->column].test.row[i]);
}

/* Of the bags of inner fold `fold` of the first column. */
static void take_inner(StackOutcome *o, const StackView *w, const Chosen *c, int fold)
{
    for (int i = 0; i < w->block->n_inner; i++) {
        const int at = w->block->inner + i * w->n_out;
        if (stackview_turn(w, i) != fold) continue;
        for (int k = at; k < at + w->n_out; k++)
            take_row(&o->inner_output[k], &o->inner_column[k], c, &o->source.side[c->column].inner.row[k]);
    }
}

static void choose(StackOutcome *o, StackChoice *choice, const StackView *w)
{
    const StackWithout none = {-1, -1};
    choice->column = best(w, none, &choice->blind);
    Chosen chosen = calibrate(w, choice->column, none);
    choice->is_calibrated = chosen.is_done;
    choice->slope = chosen.slope;
    choice->shift = chosen.shift;
    take_test(o, w, &chosen);
    for (int fold = 0; fold < w->block->n_turn; fold++) {
        const StackWithout without = {fold, -1};
        chosen = calibrate(w, best(w, without, NULL), without);
        take_inner(o, w, &chosen, fold);
    }
}

/* ---- weighing ---- */

static void weigh_rows(StackOutcome *o, const StackBlend *blend, const StackView *w, bool inner, int row)
{
    int *column = (inner ? o->inner_column : o->test_column) + row;
    stackview_outputs(w->s, w, inner, row);
    stackblend_apply((inner ? o->inner_output : o->test_output) + row, blend, w->s, w->n_column, w->n_out);
    for (int k = 0; k < w->n_out; k++) column[k] = -1;
}

static Status weigh(StackOutcome *o, StackChoice *choice, const StackView *w)
{
    StackBlend *blend = &choice->blend;
    TRY(stackblend_check(w));
    for (int fold = 0; fold < w->block->n_turn; fold++) {
        TRY(stackblend_fit(blend, w, fold));
        for (int i = 0; i < w->block->n_inner; i++)
            if (stackview_turn(w, i) == fold) weigh_rows(o, blend, w, true, w->block->inner + i * w->n_out);
    }
    TRY(stackblend_fit(blend, w, -1));
    choice->column = -1;
    for (int i = 0; i < w->block->n_test; i++) weigh_rows(o, blend, w, false, w->block->test + i * w->n_out);
    return OK;
}

/* ---- one outer fold ---- */

/* By the stack's own inner outputs, which owe nothing to the labels of their bags. */
static Status choose_cutoff(StackOutcome *o, StackChoice *choice, const StackView *w)
{
    Target t = o->source.frame->target[w->block->task];
    const SettleRule rule = {.cutoff = {.kind = CUTOFF_YOUDEN}};
    choice->cutoff = NAN;
    if (!task_of(&t)->has_auc) return OK;
    for (int i = 0; i < w->block->n_inner; i++) w->class[i] = stackview_class(w, i);
    TRY(settle_target(&t, NULL, rule, o->inner_output + w->block->inner, w->class, w->block->n_inner));
    if (t.has_cutoff) choice->cutoff = t.cutoff;
    return OK;
}

static Status make_block(StackOutcome *o, int k)
{
    StackView w;
    StackChoice *choice = &o->choice[k];
    Status status = stackview_open(&w, &o->source, &o->source.frame->block[k]);
    for (int c = 0; status == OK && c < w.n_column; c++)
        choice->figure[c] = stackfigure(&w, c, (StackWithout){-1, -1});
    if (status == OK && o->weigh) status = weigh(o, choice, &w);
    if (status == OK && !o->weigh) choose(o, choice, &w);
    if (status == OK) status = choose_cutoff(o, choice, &w);
    stackview_close(&w);
    return status;
}

/* The sentence of a thread is another's; the first block that fails is done again to have it. */
typedef struct {
    StackOutcome *o;
    bool *bad; /* [n_block] */
} Blocks;

static void run_block(void *context, int k, int thread)
{
    const Blocks *b = context;
    (void)thread;
    b->bad[k] = b->o->source.frame->block[k].n_test > 0 && make_block(b->o, k) != OK;
}

static Status run_blocks(StackOutcome *o)
{
    Blocks b = {.o = o, .bad = calloc((size_t)o->source.frame->n_block + 1, sizeof *b.bad)};
    Status status = b.bad ? OK : fail(ERR_MEMORY, "no memory for %d folds", o->source.frame->n_block);
    if (status == OK) parallel_for(o->source.frame->n_block, run_block, &b);
    for (int k = 0; b.bad && status == OK && k < o->source.frame->n_block; k++)
        if (b.bad[k]) status = make_block(o, k);
    free(b.bad);
    return status;
}

static Status reserve(StackOutcome *o)
{
    const size_t n = (size_t)o->source.n_column;
    const size_t n_test = (size_t)o->source.frame->test->n + 1, n_inner = (size_t)o->source.frame->inner->n + 1;
    o->choice = calloc((size_t)o->source.frame->n_block + 1, sizeof *o->choice);
    o->test_output = calloc(n_test, sizeof *o->test_output);
    o->test_column = calloc(n_test, sizeof *o->test_column);
    o->inner_output = calloc(n_inner, sizeof *o->inner_output);
    o->inner_column = calloc(n_inner, sizeof *o->inner_column);
    if (!o->choice || !o->test_output || !o->test_column || !o->inner_output || !o->inner_column)
        return fail(ERR_MEMORY, "no memory for the outputs of %d folds", o->source.frame->n_block);
    for (int k = 0; k < o->source.frame->n_block; k++) {
        const size_t n_out = (size_t)o->source.frame->target[o->source.frame->block[k].task].n_out;
        StackChoice *c = &o->choice[k];
        c->figure = calloc(3 * n + 2 * n * n_out + n_out, sizeof *c->figure);
        if (!c->figure) return fail(ERR_MEMORY, "no memory for the outputs of %d folds", o->source.frame->n_block);
        c->blend.weight = c->figure + n;
        c->blend.scale = c->blend.weight + n;
        c->blend.shift = c->blend.scale + n;
        c->blend.sum = c->blend.shift + n * n_out;
        c->blend.bias = c->blend.sum + n * n_out;
    }
    return OK;
}

Status stackchoice_make(StackOutcome *o)
{
    Status status = reserve(o);
    if (status == OK) status = run_blocks(o);
    if (status != OK) stackchoice_free(o);
    return status;
}

void stackchoice_free(StackOutcome *o)
{
    for (int k = 0; o->choice && k < o->source.frame->n_block; k++) free(o->choice[k].figure);
    free(o->choice);
    free(o->test_output);
    free(o->test_column);
    free(o->inner_output);
    free(o->inner_column);
    o->choice = NULL;
    o->test_output = o->inner_output = NULL;
    o->test_column = o->inner_column = NULL;
}
