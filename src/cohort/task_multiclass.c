/* SPDX-License-Identifier: MIT
 *
 * task_multiclass.c: several classes of bags, which the config lists, or which are found in the labels. The target is
 * one-hot, and there is one output a class.
 */
#include "cohort/column.h"
#include "cohort/platt.h"
#include "cohort/task.h"
#include "core/log.h"
#include "core/number.h"
#include "data/text/cell.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

static const Option options[] = {
    {"classes", OPTION_TEXTS, offsetof(TaskOptions, classes), "auto", 0, 0, "auto", "",
     "values of the classes; auto: all values of the column, sorted"},
    {"class_weights", OPTION_NUMBERS, offsetof(TaskOptions, class_weights), "[]", 0, 1e6, NULL, "",
     "weight of the loss of each class, in the order of classes; []: 1 each"},
    {0},
};

static bool is_auto(const TaskOptions *o)
{
    return o->classes.n == 1 && strcmp(o->classes.text[0], "auto") == 0;
}

static Status check_names(const TaskOptions *o, const Settings *s, const char *key)
{
    const OptionTexts *c = &o->classes;
    if (is_auto(o)) return OK;
    if (c->n < 2 || c->n > TARGET_CLASSES)
        return settings_fail(s, key, "%d classes are named; from 2 to %d can be told apart", c->n, TARGET_CLASSES);
    for (int k = 0; k < c->n; k++)
        for (int j = 0; j < k; j++)
            if (cell_same(c->text[j], c->text[k]))
                return settings_fail(s, key, "class '%.60s' is named twice", c->text[k]);
    return OK;
}

static Status check(const TaskOptions *o, const Settings *s, const char *path)
{
    char key[64];
    snprintf(key, sizeof key, "%s.classes", path);
    TRY(check_names(o, s, key));
    snprintf(key, sizeof key, "%s.class_weights", path);
    if (is_auto(o) && o->class_weights.n > 0)
        return settings_fail(s, key, "weights go by the order of classes; list the classes, which are auto now");
    if (o->class_weights.n == 0 || o->class_weights.n == o->classes.n) return OK;
    return settings_fail(s, key, "%d weights are given for %d classes", o->class_weights.n, o->classes.n);
}

static void set(Target *t, const TaskOptions *o)
{
    t->n_class = is_auto(o) ? 0 : o->classes.n;
    t->classes = is_auto(o) ? NULL : o->classes.text;
    t->class_weights = o->class_weights.n ? o->class_weights.number : NULL;
}

/* ---- classes: auto ---- */

static int by_number(const void *a, const void *b)
{
    double x = 0, y = 0;
    number_read(&x, *(const char *const *)a);
    number_read(&y, *(const char *const *)b);
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbers by their size: 9 comes before 10. */
static void sort_classes(Target *t)
{
    double unused;
    bool numbers = true;
    for (int k = 0; k < t->n_class; k++) numbers = numbers && number_read(&unused, t->classes[k]);
    qsort((void *)t->classes, (size_t)t->n_class, sizeof *t->classes, by_text);
    if (numbers) qsort((void *)t->classes, (size_t)t->n_class, sizeof *t->classes, by_number);
}

static bool is_known(const Target *t, const char *cell)
{
    for (int k = 0; k < t->n_class; k++)
        if (cell_same(t->classes[k], cell)) return true;
    return false;
}

static void report_alike(const Target *t, const char *path)
{
    for (int k = 0; k < t->n_class; k++)
        for (int j = 0; j < k; j++)
            if (cell_alike(t->classes[j], t->classes[k]))
                log_warn("%s: classes '%s' and '%s' of column '%s' look alike but are two; write them alike if they "
                         "are one",
                         path, t->classes[j], t->classes[k], t->column);
}

static void report_classes(const Target *t, const char *path)
{
    char list[512] = "";
    size_t at = 0;
    for (int k = 0; k < t->n_class && at + 60 < sizeof list; k++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s'%.40s'", k ? ", " : "", t->classes[k]);
    log_info("%s: %d classes of task '%s' in column '%s': %s", path, t->n_class, t->name, t->column, list);
}

static Status reserve_classes(Target *t, int n)
{
    t->classes = calloc((size_t)n, sizeof *t->classes);
    t->found = t->classes != NULL;
    return t->found ? OK : fail(ERR_MEMORY, "no memory for the classes of task '%s'", t->name);
}

/* A column that is missing is reported where labels are read. */
static Status find(Target *t, const Table *table, const int *row, int n)
{
    const int column = column_place(table, t->column);
    if (t->n_class > 0 || column < 0) return OK;
    TRY(reserve_classes(t, TARGET_CLASSES));
    for (int i = 0; i < n; i++) {
        const char *cell = row[i] < 0 ? "" : table_cell(table, row[i], column);
        if (cell_missing(cell) || cell_unknown(cell) || is_known(t, cell)) continue;
        if (t->n_class == TARGET_CLASSES)
            return fail(ERR_FORMAT,
                        "%s: column '%s' of task '%s' has more than %d values; list its classes, or is it a "
                        "number (kind: regression)?",
                        table->path, t->column, t->name, TARGET_CLASSES);
        t->classes[t->n_class++] = cell;
    }
    if (t->n_class < 2)
        return fail(ERR_FORMAT, "%s: column '%s' of task '%s' has %d value%s; two classes are the least", table->path,
                    t->column, t->name, t->n_class, number_plural(t->n_class));
    sort_classes(t);
    report_classes(t, table->path);
    report_alike(t, table->path);
    return OK;
}

/* ---- labels ---- */

/* Every class that is named must occur where a model is trained. */
static Status settle(Target *t, const TaskColumn *c)
{
    Shortlist said;
    for (int k = 0; c->training && k < t->n_class; k++)
        if (cellvalues_count(c->values, t->classes[k]) == 0)
            return fail(ERR_FORMAT, "%s: no cell of column '%s' is '%s', a class of task '%s'; its values are %s",
                        c->path, t->column, t->classes[k], t->name, cellvalues_text(&said, c->values));
    return OK;
}

/* DeepRC takes a cell that is no class for the first one. */
static bool read_cell(real *target, int *class, const Target *t, const char *cell, bool deeprc)
{
    *class = -1;
    for (int k = 0; k < t->n_class; k++) {
        target[k] = cell_same(cell, t->classes[k]);
        if (target[k] != 0) *class = k;
    }
    return *class >= 0 || deeprc;
}

/* ---- classes ---- */

static int first_largest(const real *x, int n)
{
    int best = 0;
    for (int k = 1; k < n; k++)
        if (x[k] > x[best]) best = k;
    return best;
}

static int n_class(const Target *t)
{
    return t->n_class;
}

/* A row of DeepRC's may be of no class. */
static int label_class(const Target *t, const real *target)
{
    for (int k = 0; k < t->n_class; k++)
        if (target[k] > (real)0.5) return k;
    return -1;
}

static int output_class(const Target *t, const real *y)
{
    return first_largest(y, t->n_out);
}

static const char *output_name(const Target *t, int output)
{
    return t->classes ? t->classes[output] : NULL;
}

/* ---- scores ---- */

/* Balanced accuracy and accuracy of the class with the largest output; f1 is the mean over classes that occur. */
static void scores(double *out, const Target *t, int index, const MetricInput *in)
{
    double truth[TARGET_CLASSES] = {0}, said[TARGET_CLASSES] = {0}, hit[TARGET_CLASSES] = {0}, loss = 0, hits = 0;
    int n = 0;
    assert(t->n_out <= TARGET_CLASSES);
    for (int b = 0; b < in->n_bag; b++) {
        if (!metric_known(in, index, b)) continue;
        const real *y = metric_output(in, t, b), *target = metric_label(in, t, b);
        const int is = first_largest(target, t->n_out), guess = first_largest(y, t->n_out);
        loss += t->type->loss(t, y, target);
        truth[is]++;
        said[guess]++;
        hit[is] += is == guess;
        hits += is == guess;
        n++;
    }
    double recall = 0, f1_sum = 0, classes = 0;
    for (int k = 0; k < t->n_out; k++) {
        if (truth[k] == 0) continue;
        recall += hit[k] / truth[k];
        f1_sum += 2 * hit[k] / (truth[k] + said[k]);
        classes++;
    }
    out[0] = n > 0 ? loss / n : NAN;
    out[1] = n > 0 ? recall / classes : NAN;
    out[2] = n > 0 ? hits / n : NAN;
    out[3] = n > 0 ? f1_sum / classes : NAN;
}

/* ---- calibration ---- */

#define SEARCH_STEPS 100 /* far past convergence */

static double softmax_loss(const Target *t, const MetricInput *in, double a)
{
    double loss = 0;
    int n = 0;
    for (int i = 0; i < in->n_bag; i++) {
        if (!metric_known(in, 0, i)) continue;
        const real *y = metric_output(in, t, i), *label = metric_label(in, t, i);
        double top = -INFINITY, sum = 0, said = 0;
        for (int k = 0; k < t->n_out; k++) top = fmax(top, a * (double)y[k]);
        for (int k = 0; k < t->n_out; k++) {
            sum += exp(a * (double)y[k] - top);
            if (label[k] > (real)0.5) said = a * (double)y[k] - top;
        }
        loss += log(sum) - said;
        n++;
    }
    return n ? loss / n + 1e-3 * a : NAN; /* of two states that tell all apart, the one with the larger margin */
}

/* Golden section: the loss is convex in a. */
static double calibrated(const Target *t, const MetricInput *in)
{
    const double ratio = (sqrt(5) - 1) / 2;
    double low = 0, high = 100;
    for (int step = 0; step < SEARCH_STEPS; step++) {
        const double left = high - ratio * (high - low), right = low + ratio * (high - low);
        if (softmax_loss(t, in, left) < softmax_loss(t, in, right))
            high = right;
        else
            low = left;
    }
    return softmax_loss(t, in, (low + high) / 2);
}

static bool calibrate(Target *t, const double *output, const int *class, int n)
{
    t->shift = 0;
    t->is_calibrated = platt_fit_classes(&t->slope, output, class, n, t->n_out);
    return t->is_calibrated;
}

/* ---- files ---- */

static void rows(TaskRow *row, const Target *t, const real *y, const real *label)
{
    double p[TARGET_CLASSES];
    assert(t->n_out <= TARGET_CLASSES);
    t->type->predict(p, t, y);
    for (int k = 0; k < t->n_out; k++)
        row[k] = (TaskRow){label ? label[k] > (real)0.5 : (double)NAN, (double)y[k], p[k]};
}

static void to_json(json_t *out, const Target *t)
{
    json_t *classes = json_object_get(out, "classes");
    for (int k = 0; k < t->n_class; k++) json_array_append_new(classes, json_string(t->classes[k]));
}

/* Classes that were found when the model was trained. */
static Status from_json(Target *t, const json_t *json)
{
    const json_t *list = json_object_get(json, "classes");
    const size_t n = json_array_size(list);
    if (t->n_class > 0) return OK;
    if (n < 2 || n > TARGET_CLASSES) return fail(ERR_MODEL, "task '%s' does not say what its classes are", t->name);
    TRY(reserve_classes(t, (int)n));
    t->n_class = (int)n;
    for (int k = 0; k < t->n_class; k++) {
        t->classes[k] = json_string_value(json_array_get(list, (size_t)k));
        if (!t->classes[k]) return fail(ERR_MODEL, "task '%s': a class is no text", t->name);
    }
    return OK;
}

const TaskType task_multiclass = {
    .target = &target_multiclass,
    .options = options,
    .check = check,
    .set = set,
    .find = find,
    .cell_word = "class",
    .settle = settle,
    .read_cell = read_cell,
    .n_class = n_class,
    .label_class = label_class,
    .output_class = output_class,
    .output_name = output_name,
    .metric = {4, {"loss", "bacc", "accuracy", "f1"}, scores},
    .calibrated = calibrated,
    .calibrate = calibrate,
    .rows = rows,
    .to_json = to_json,
    .from_json = from_json,
};
