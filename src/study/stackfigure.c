/* SPDX-License-Identifier: MIT */
#include "study/stackfigure.h"

#include <math.h>

/* What ranks bags for an output: of several classes its share of the sum of exponentials, as a logarithm. */
static double rank_value(const StackRow *row, int n_out, int output)
{
    double most = row[0].output, sum = 0;
    if (n_out == 1) return row[0].output;
    for (int o = 1; o < n_out; o++) most = row[o].output > most ? row[o].output : most;
    for (int o = 0; o < n_out; o++) sum += exp(row[o].output - most);
    return row[output].output - most - log(sum);
}

/* The area of one output over the bags of a column's inner fold. */
static double area(const StackView *w, int column, int fold, StackWithout without, int output)
{
    int n = 0;
    for (int i = 0; i < w->block->n_inner; i++) {
        const StackRow *row = stackview_inner(w, column, i);
        if (row->inner != fold || stackview_out(without, stackview_fold(w, i))) continue;
        const double value = rank_value(row, w->n_out, output);
        if (isnan(value)) return NAN;
        w->rank[n++] = (MetricRank){value, w->n_out == 1 ? stackview_class(w, i) : stackview_class(w, i) == output};
    }
    return metric_auc(w->rank, n);
}

/* Over the outputs that have bags of both kinds. */
static double mean_area(const StackView *w, int column, int fold, StackWithout without)
{
    double sum = 0;
    int n = 0;
    for (int o = 0; o < w->n_out; o++) {
        const double of_output = area(w, column, fold, without, o);
        if (isnan(of_output)) continue;
        sum += of_output;
        n++;
    }
    return n ? sum / n : NAN;
}

static double minus_square(const StackView *w, int column, int fold, StackWithout without)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < w->block->n_inner; i++) {
        const StackRow *row = stackview_inner(w, column, i);
        if (row->inner != fold || stackview_out(without, stackview_fold(w, i))) continue;
        sum += (row->output - row->label) * (row->output - row->label);
        n++;
    }
    return n ? -sum / n : NAN;
}

static int most_inner(const StackView *w, int column)
{
    int most = -1;
    for (int i = 0; i < w->block->n_inner; i++) {
        const int inner = stackview_inner(w, column, i)->inner;
        most = inner > most ? inner : most;
    }
    return most;
}

double stackfigure(const StackView *w, int column, StackWithout without)
{
    double sum = 0;
    int n = 0;
    const int last = most_inner(w, column);
    for (int fold = 0; fold <= last; fold++) {
        const double of_fold =
            w->n_class ? mean_area(w, column, fold, without) : minus_square(w, column, fold, without);
        if (isnan(of_fold)) continue;
        sum += of_fold;
        n++;
    }
    return n ? sum / n : NAN;
}
