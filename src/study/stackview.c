/* SPDX-License-Identifier: MIT */
#include "study/stackview.h"
#include "cohort/task.h"

#include <math.h>
#include <stdlib.h>

/* First row of the i-th inner bag of the block, in a column's table. */
const StackRow *stackview_inner(const StackView *w, int column, int i)
{
    return &w->side[column].inner.row[w->block->inner + i * w->n_out];
}

int stackview_turn(const StackView *w, int i)
{
    return stackview_inner(w, 0, i)->inner % STACKFRAME_TURNS;
}

int stackview_class(const StackView *w, int i)
{
    const StackRow *row = stackview_inner(w, 0, i);
    if (w->n_out == 1) return row->label > 0.5;
    for (int o = 0; o < w->n_out; o++)
        if (row[o].label > 0.5) return o;
    return 0;
}

/* y [n_column, n_out] of rows number `row` on; of several classes less their mean, by which only differences count. */
void stackview_outputs(double *y, const StackView *w, bool inner, int row)
{
    for (int c = 0; c < w->n_column; c++) {
        const StackRow *from = (inner ? w->side[c].inner.row : w->side[c].test.row) + row;
        for (int o = 0; o < w->n_out; o++) y[c * w->n_out + o] = from[o].output;
    }
}

Status stackview_open(StackView *w, const StackSource *o, const StackBlock *b)
{
    const Target *t = &o->frame->target[b->task];
    const size_t n = (size_t)b->n_inner + 1, n_column = (size_t)o->n_column, n_out = (size_t)t->n_out;
    *w = (StackView){
        .side = o->side, .block = b, .n_out = t->n_out, .n_column = o->n_column, .n_class = task_n_class(t)};
    w->rank = malloc(n * sizeof *w->rank);
    w->x = malloc(n * n_out * n_column * sizeof *w->x);
    w->label = malloc(n * sizeof *w->label);
    w->s = malloc(n_out * n_column * sizeof *w->s);
    w->class = malloc(n * sizeof *w->class);
    w->order = malloc(n * sizeof *w->order);
    return w->rank && w->x && w->label && w->s && w->class && w->order
               ? OK
               : fail(ERR_MEMORY, "no memory for %d bags", b->n_inner);
}

void stackview_close(StackView *w)
{
    free(w->rank);
    free(w->x);
    free(w->label);
    free(w->s);
    free(w->class);
    free(w->order);
}

bool stackview_out(StackWithout w, int turn)
{
    return turn == w.a || turn == w.b;
}
