/* SPDX-License-Identifier: MIT */
#include "study/stackblend.h"
#include "study/stackweigh.h"

#include <math.h>
#include <string.h>

static const double costs[] = {0.001, 0.01, 0.1, 1, 10};
#define EXACT  1e-7 /* of a number of single precision, as our tables hold them */
#define N_COST (int)(sizeof costs / sizeof *costs)

static void centre(double *y, int n_out)
{
    double mean = 0;
    if (n_out == 1) return;
    for (int o = 0; o < n_out; o++) mean += y[o] / n_out;
    for (int o = 0; o < n_out; o++) y[o] -= mean;
}

/* (output - shift) · scale, x [n_out, n_column] */
static void standardise(double *x, const StackBlend *blend, double *y, int n_column, int n_out)
{
    for (int c = 0; c < n_column; c++) {
        centre(y + c * n_out, n_out);
        for (int o = 0; o < n_out; o++)
            x[o * n_column + c] = (y[c * n_out + o] - blend->shift[c * n_out + o]) * blend->scale[c];
    }
}

/* Sums over the bags that are in: of the outputs, shift, or of their squared distances from shift, scale. */
static int add_up(StackBlend *blend, const StackView *w, StackWithout without, bool squares)
{
    int n = 0;
    for (int i = 0; i < w->block->n_inner; i++) {
        if (stackview_out(without, stackview_turn(w, i))) continue;
        stackview_outputs(w->s, w, true, w->block->inner + i * w->n_out);
        for (int at = 0; at < w->n_column * w->n_out; at++) {
            if (at % w->n_out == 0) centre(w->s + at, w->n_out);
            const double d = w->s[at] - blend->shift[at];
            if (squares)
                blend->scale[at / w->n_out] += d * d;
            else
                blend->sum[at] += w->s[at];
        }
        n++;
    }
    return n;
}

/* Shift and scale of every column by the inner outputs that are not left out. */
static void set_scale(StackBlend *blend, const StackView *w, StackWithout without)
{
    const int n_value = w->n_column * w->n_out;
    memset(blend->sum, 0, (size_t)n_value * sizeof *blend->sum);
    memset(blend->scale, 0, (size_t)w->n_column * sizeof *blend->scale);
    const int n = add_up(blend, w, without, false);
    for (int at = 0; at < n_value; at++) blend->shift[at] = blend->sum[at] / (n ? n : 1);
    add_up(blend, w, without, true);
    for (int c = 0; c < w->n_column; c++) {
        double least = 1e-12;
        for (int o = 0; o < w->n_out; o++) least = fmax(least, EXACT * fabs(blend->shift[c * w->n_out + o]));
        const double sd = n ? sqrt(blend->scale[c] / n / w->n_out) : 0;
        blend->scale[c] = sd > least ? 1 / sd : 0; /* a column that does not change has no say */
    }
}

/* The bags that are in (`left` -1: all but those left out; else those of inner fold `left`), in blend's scale. */
static StackWeigh collect(const StackView *w, const StackBlend *blend, StackWithout without, int left)
{
    StackWeigh in = {.n_out = w->n_out, .n_column = w->n_column, .n_class = w->n_class, .x = w->x, .label = w->label};
    for (int i = 0; i < w->block->n_inner; i++) {
        const int fold = stackview_turn(w, i);
        if (left < 0 ? stackview_out(without, fold) : fold != left) continue;
        stackview_outputs(w->s, w, true, w->block->inner + i * w->n_out);
        standardise(w->x + (size_t)in.n * (size_t)(w->n_out * w->n_column), blend, w->s, w->n_column, w->n_out);
        w->label[in.n++] = w->n_class ? stackview_class(w, i) : stackview_inner(w, 0, i)->label;
    }
    return in;
}

/* Numbers are weighed in units of their own spread, so that C means the same for all. */
static double spread_of(const StackWeigh *in)
{
    double mean = 0, square = 0;
    for (int i = 0; i < in->n; i++) mean += in->label[i] / in->n;
    for (int i = 0; i < in->n; i++) square += (in->label[i] - mean) * (in->label[i] - mean);
    return in->n > 0 && square > 0 ? sqrt(square / in->n) : 1;
}

static Status fit(StackBlend *blend, const StackView *w, StackWithout without, double cost)
{
    set_scale(blend, w, without);
    StackWeigh in = collect(w, blend, without, -1);
    const double unit = w->n_class ? 1 : spread_of(&in);
    in.cost = cost;
    for (int i = 0; i < in.n && w->n_class == 0; i++) w->label[i] /= unit;
    TRY(stackweigh_fit(blend->weight, blend->bias, &in));
    for (int c = 0; c < w->n_column; c++) blend->weight[c] *= unit;
    for (int o = 0; o < w->n_out; o++) blend->bias[o] *= unit;
    blend->cost = cost;
    return OK;
}

/* The C of the least mean loss over inner folds, each left out in turn; `without.a` is left out throughout. */
Status stackblend_fit(StackBlend *blend, const StackView *w, int without)
{
    double least = NAN, cost = costs[0];
    for (int k = 0; k < N_COST; k++) {
        double sum = 0;
        int n = 0;
        for (int fold = 0; fold < w->block->n_turn; fold++) {
            if (fold == without) continue;
            TRY(fit(blend, w, (StackWithout){without, fold}, costs[k]));
            const StackWeigh in = collect(w, blend, (StackWithout){-1, -1}, fold);
            const double loss = stackweigh_loss(blend->weight, blend->bias, &in);
            if (isnan(loss)) continue;
            sum += loss;
            n++;
        }
        if (n == 0 || sum / n >= least) continue;
        least = sum / n;
        cost = costs[k];
    }
    return fit(blend, w, (StackWithout){without, -1}, cost);
}

void stackblend_add(double *s, const StackBlend *blend, int column, const double *y, int n_out)
{
    const double factor = blend->weight[column] * blend->scale[column];
    double mean = 0;
    for (int o = 0; n_out > 1 && o < n_out; o++) mean += y[o] / n_out;
    for (int o = 0; o < n_out; o++) s[o] += factor * (y[o] - mean - blend->shift[column * n_out + o]);
}

void stackblend_apply(double *s, const StackBlend *blend, const double *y, int n_column, int n_out)
{
    for (int o = 0; o < n_out; o++) s[o] = blend->bias[o];
    for (int c = 0; c < n_column; c++) stackblend_add(s, blend, c, y + c * n_out, n_out);
}

/* An output that is missing cannot be weighed. */
Status stackblend_check(const StackView *w)
{
    for (int c = 0; c < w->n_column; c++)
        for (int i = 0; i < w->block->n_inner * w->n_out; i++)
            if (isnan(w->side[c].inner.row[w->block->inner + i].output))
                return fail(ERR_FORMAT,
                            "%s: repetition %d, fold %d has no inner outputs, so there is nothing to weigh by; leave "
                            "out --weigh, or this column",
                            w->side[c].inner.table.path, w->block->repeat, w->block->fold);
    if (w->block->n_turn > 1) return OK;
    return fail(ERR_FORMAT, "%s: repetition %d, fold %d has one inner fold; --weigh needs two",
                w->side[0].inner.table.path, w->block->repeat, w->block->fold);
}
