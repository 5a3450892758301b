/* SPDX-License-Identifier: MIT
 *
 * task_regression.c: a number a bag. Target and output are (number - mean) / std; files and scores are in the
 * column's unit.
 */
#include "cohort/task.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/number.h"
#include "data/text/cell.h"

#include <math.h>

/* ---- settings ---- */

#define AT(field) offsetof(TaskOptions, target.field)

static const Option options[] = {
    {"mean", OPTION_NUMBER, AT(mean), "auto", 0, 0, "auto", "",
     "mean subtracted from the labels; auto: that of the training set"},
    {"std", OPTION_NUMBER, AT(std), "auto", 1e-30, 1e30, "auto", "",
     "standard deviation by which the labels are then divided; auto: that of the training set"},
    {0},
};

/* ---- labels ---- */

/* The number as it stands; fit normalises it. */
static bool read_cell(real *target, int *class, const Target *t, const char *cell, bool deeprc)
{
    double value;
    bool comma;
    (void)t;
    (void)deeprc;
    *class = -1;
    if (!cell_number(&value, &comma, cell)) return false;
    *target = (real)value;
    return true;
}

/* A decimal comma is read, but a table that mixes conventions may mean something else by it. */
static Status settle(Target *t, const TaskColumn *c)
{
    for (int k = 0; k < c->values->n; k++) {
        double value;
        bool comma;
        const char *cell = c->values->value[k].text;
        if (!cell_number(&value, &comma, cell) || !comma) continue;
        log_warn("%s: column '%s' has decimal commas, which are read as such: '%s' is %g", c->path, t->column, cell,
                 value);
        return OK;
    }
    return OK;
}

/* ---- labels that look wrong ---- */

typedef struct {
    int n;
    double min, max;
} Extent;

static void widen(Extent *r, double x)
{
    r->min = r->n == 0 || x < r->min ? x : r->min;
    r->max = r->n == 0 || x > r->max ? x : r->max;
    r->n++;
}

/* The known labels of a target: those that are `code`, and the others. */
static void divide(Extent *code, Extent *other, const Labels *l, const Target *t, int index, double value)
{
    *code = *other = (Extent){0};
    for (int i = 0; i < l->n; i++) {
        if (l->mask[(size_t)i * (size_t)l->n_target + (size_t)index] == 0) continue;
        const double x = (double)l->target[(size_t)i * (size_t)l->n_out + (size_t)t->at];
        widen(x == value ? code : other, x);
    }
}

/* Numbers that tables use for missing are told by their distance from all others. */
static void remark(const Labels *l, const Target *t, int index, const char *path)
{
    static const double codes[] = {-1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999};
    Extent code, other;
    divide(&code, &other, l, t, index, NAN);
    if (other.n > 0 && other.min == other.max)
        log_warn("%s: every label in column '%s' is %g: nothing is to be learned, and r2 is undefined", path,
                 t->column, other.min);
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++) {
        divide(&code, &other, l, t, index, codes[k]);
        const double gap = codes[k] < other.min ? other.min - codes[k] : codes[k] - other.max;
        const double far = codes[k] < 0 && other.min >= 0 ? 0.5 : 3; /* times the range of the others */
        if (code.n == 0 || other.n < 2 || gap <= far * (other.max - other.min)) continue;
        log_warn("%s: column '%s' is %g in %d cell%s and from %g to %g in all others: empty the cell%s if this means "
                 "missing",
                 path, t->column, codes[k], code.n, number_plural(code.n), other.min, other.max,
                 number_plural(code.n));
    }
}

static double normalise(const Target *t, double number)
{
    return (number - t->mean) / t->std;
}

/* Mean and standard deviation (divisor n) of a target over the members of `use`. */
static void spread(double *mean, double *std, const Labels *labels, const Target *t, int index, const bool *use)
{
    double sum = 0, square = 0, n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < labels->n; i++) {
            if (!use[i] || labels->mask[(size_t)i * (size_t)labels->n_target + (size_t)index] == 0) continue;
            const double x = (double)labels->target[(size_t)i * (size_t)labels->n_out + (size_t)t->at];
            sum += pass ? 0 : x;
            n += pass ? 0 : 1;
            square += pass ? (x - sum / n) * (x - sum / n) : 0;
        }
    *mean = n > 0 ? sum / n : 0;
    *std = square > 0 ? sqrt(square / n) : 1;
}

static void fit(Target *t, Labels *labels, int index, const bool *use)
{
    double mean = 0, std = 1;
    if (isnan(t->mean) || isnan(t->std)) spread(&mean, &std, labels, t, index, use);
    if (isnan(t->mean)) t->mean = mean;
    if (isnan(t->std)) t->std = std;
    for (int i = 0; i < labels->n; i++) {
        real *x = &labels->target[(size_t)i * (size_t)labels->n_out + (size_t)t->at];
        *x = (real)normalise(t, (double)*x);
    }
}

/* ---- scores ---- */

/* In the column's unit. r2 = 1 - Σ(y-ŷ)²/Σ(y-ȳ)², undefined where all labels are equal. */
static void scores(double *out, const Target *t, int index, const MetricInput *in)
{
    double loss = 0, sum = 0, absolute = 0, square = 0, variance = 0;
    int n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int b = 0; b < in->n_bag; b++) {
            if (!metric_known(in, index, b)) continue;
            const real *y = metric_output(in, t, b), *label = metric_label(in, t, b);
            double truth, guess;
            t->type->predict(&truth, t, label);
            t->type->predict(&guess, t, y);
            if (pass == 0) {
                loss += t->type->loss(t, y, label);
                sum += truth;
                absolute += fabs(truth - guess);
                square += (truth - guess) * (truth - guess);
                n++;
            } else
                variance += (truth - sum / n) * (truth - sum / n);
        }
    out[0] = n > 0 ? loss / n : NAN;
    out[1] = variance > 0 ? 1 - square / variance : NAN;
    out[2] = n > 0 ? absolute / n : NAN;
    out[3] = n > 0 ? square / n : NAN;
}

/* ---- calibration ---- */

/* The mean square of the residuals of the best line, which does not fall. */
static double calibrated(const Target *t, const MetricInput *in)
{
    double n = 0, y = 0, x = 0, yy = 0, xy = 0, xx = 0;
    for (int i = 0; i < in->n_bag; i++)
        if (metric_known(in, 0, i)) n++, y += (double)*metric_output(in, t, i), x += (double)*metric_label(in, t, i);
    if (n == 0) return NAN;
    y /= n, x /= n;
    for (int i = 0; i < in->n_bag; i++) {
        if (!metric_known(in, 0, i)) continue;
        const double dy = (double)*metric_output(in, t, i) - y, dx = (double)*metric_label(in, t, i) - x;
        yy += dy * dy, xy += dx * dy, xx += dx * dx;
    }
    return (xx - (xy > 0 && yy > 0 ? xy * xy / yy : 0)) / n;
}

/* ---- files ---- */

static void rows(TaskRow *row, const Target *t, const real *y, const real *label)
{
    *row = (TaskRow){.label = NAN, .probability = NAN};
    if (label) t->type->predict(&row->label, t, label);
    t->type->predict(&row->output, t, y);
}

static void to_json(json_t *out, const Target *t)
{
    json_object_set_new(out, "mean", jsontext_real(t->mean));
    json_object_set_new(out, "std", jsontext_real(t->std));
}

/* The config may leave both to the training bags. */
static Status from_json(Target *t, const json_t *json)
{
    const json_t *mean = json_object_get(json, "mean"), *std = json_object_get(json, "std");
    if (!json_is_number(mean) || !json_is_number(std) || !(json_number_value(std) > 0))
        return fail(ERR_MODEL, "task '%s' has no mean and std", t->name);
    t->mean = json_number_value(mean);
    t->std = json_number_value(std);
    return OK;
}

const TaskType task_regression = {
    .target = &target_regression,
    .options = options,
    .cell_word = "number",
    .settle = settle,
    .read_cell = read_cell,
    .remark = remark,
    .fit = fit,
    .metric = {4, {"loss", "r2", "mae", "mse"}, scores},
    .calibrated = calibrated,
    .rows = rows,
    .output_of_row = normalise,
    .to_json = to_json,
    .from_json = from_json,
};
