/* SPDX-License-Identifier: MIT */
#include "study/stackfigure.h"
#include "core/number.h"

#include <math.h>
#include <stdlib.h>

/* What ranks bags for an output: of several classes its share of the sum of exponentials, as a logarithm. */
static double rank_value(const StackRow *row, int n_out, int output)
{
    double most = row[0].output, sum = 0;
    if (n_out == 1) return row[0].output;
    for (int o = 1; o < n_out; o++) most = row[o].output > most ? row[o].output : most;
    for (int o = 0; o < n_out; o++) sum += exp(row[o].output - most);
    return row[output].output - most - log(sum);
}

/* Bags of one inner fold of a column: order[from … to - 1]. */
typedef struct {
    int column, from, to;
} InnerBags;

static int bag_at(const StackView *w, int k)
{
    return (int)(w->order[k] & UINT32_MAX);
}

static int inner_at(const StackView *w, int k)
{
    return (int)(w->order[k] >> 32);
}

/* By the column's inner fold, without the bags that are left out; returns how many stay. */
static int sort_bags(const StackView *w, int column, StackWithout without)
{
    int n = 0;
    for (int i = 0; i < w->block->n_inner; i++)
        if (!stackview_out(without, stackview_turn(w, i)))
            w->order[n++] = (uint64_t)stackview_inner(w, column, i)->inner << 32 | (uint64_t)i;
    qsort(w->order, (size_t)n, sizeof *w->order, number_ascending_u64);
    return n;
}

/* The area of one output. */
static double area(const StackView *w, InnerBags b, int output)
{
    int n = 0;
    for (int k = b.from; k < b.to; k++) {
        const int i = bag_at(w, k), class = stackview_class(w, i);
        const double value = rank_value(stackview_inner(w, b.column, i), w->n_out, output);
        if (isnan(value)) return NAN;
        w->rank[n++] = (MetricRank){value, w->n_out == 1 ? class : class == output};
    }
    return metric_auc(w->rank, n);
}

/* Over the outputs that have bags of both kinds. */
static double mean_area(const StackView *w, InnerBags b)
{
    double sum = 0;
    int n = 0;
    for (int o = 0; o < w->n_out; o++) {
        const double of_output = area(w, b, o);
        if (isnan(of_output)) continue;
        sum += of_output;
        n++;
    }
    return n ? sum / n : NAN;
}

static double minus_square(const StackView *w, InnerBags b)
{
    double sum = 0;
    for (int k = b.from; k < b.to; k++) {
        const StackRow *row = stackview_inner(w, b.column, bag_at(w, k));
        sum += (row->output - row->label) * (row->output - row->label);
    }
    return -sum / (b.to - b.from);
}

double stackfigure(const StackView *w, int column, StackWithout without)
{
    const int n = sort_bags(w, column, without);
    double sum = 0;
    int n_fold = 0;
    for (InnerBags b = {.column = column}; b.from < n; b.from = b.to) {
        for (b.to = b.from + 1; b.to < n && inner_at(w, b.to) == inner_at(w, b.from);) b.to++;
        const double of_fold = w->n_class ? mean_area(w, b) : minus_square(w, b);
        if (isnan(of_fold)) continue;
        sum += of_fold;
        n_fold++;
    }
    return n_fold ? sum / n_fold : NAN;
}
