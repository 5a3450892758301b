/* SPDX-License-Identifier: MIT
 *
 * task_binary.c: two classes of bags. The cell `positive` is class 1 (target 1); the one output is its logit.
 */
#include "cohort/platt.h"
#include "cohort/task.h"
#include "data/text/cell.h"

#include <math.h>
#include <string.h>

/* ---- settings ---- */

#define AT(field) offsetof(TaskOptions, target.field)

static const Option options[] = {
    {"positive", OPTION_TEXT, AT(positive), "null", 0, 0, NULL, "",
     "value of the positive class; null: detected where the two values are + and -, True and False, 1 and 0, or yes "
     "and no"},
    {"negative", OPTION_TEXT, AT(negative), "null", 0, 0, NULL, "",
     "value of the negative class; null: the only other value in the column"},
    {"pos_weight", OPTION_NUMBER, AT(pos_weight), "1.0", 0, 1e6, NULL, "", "weight of the loss of positive bags"},
    {0},
};

static Status check(const TaskOptions *o, const Settings *s, const char *path)
{
    char key[64];
    const Target *t = &o->target;
    snprintf(key, sizeof key, "%s.negative", path);
    if (!t->positive || !t->negative || !cell_same(t->positive, t->negative)) return OK;
    return settings_fail(s, key, "'%.60s' is the positive value too", t->negative);
}

/* ---- labels ---- */

static const char *const pairs[][2] = {{"+", "-"},    {"true", "false"}, {"1", "0"},
                                       {"yes", "no"}, {"1", "-1"},       {"+1", "-1"}};

/* Where the two values speak for themselves. */
static const char *obvious_positive(const CellValues *values)
{
    const char *value[2];
    int n = values->more;
    for (int k = 0; k < values->n; k++) {
        if (values->value[k].unknown) continue;
        if (n < 2) value[n] = values->value[k].text;
        n++;
    }
    for (size_t k = 0; n == 2 && k < sizeof pairs / sizeof *pairs; k++)
        for (int a = 0; a < 2; a++)
            if (cell_same(value[a], pairs[k][0]) && cell_same(value[!a], pairs[k][1])) return value[a];
    return NULL;
}

static Status resolve_positive(Target *t, const CellValues *values, const char *path)
{
    Shortlist said;
    if (t->positive) return OK;
    t->positive = obvious_positive(values);
    if (t->positive) return OK;
    return fail(ERR_CONFIG, "%s: which value of column '%s' is positive? It has %s; say --positive=VALUE%s", path,
                t->column, cellvalues_text(&said, values),
                values->n > 2 ? ", or --kind=multiclass or regression" : "");
}

static Status resolve_negative(Target *t, const CellValues *values, const char *path)
{
    Shortlist said;
    const char *other = NULL;
    int others = values->more;
    for (int k = 0; k < values->n; k++)
        if (!values->value[k].unknown && !cell_same(values->value[k].text, t->positive)) {
            other = values->value[k].text;
            others++;
        }
    if (t->negative) return OK;
    if (others == 1 && other && cell_alike(other, t->positive))
        return fail(ERR_CONFIG,
                    "%s: values '%s' and '%s' of column '%s' look like one class; write them alike, or name both, "
                    "as positive and negative of task '%s'",
                    path, other, t->positive, t->column, t->name);
    if (others > 1)
        return fail(ERR_CONFIG,
                    "%s: column '%s' has %s: besides '%s' only one value may occur; name it as negative "
                    "of task '%s' (--tasks.0.negative=VALUE), the others then count as missing",
                    path, t->column, cellvalues_text(&said, values), t->positive, t->name);
    t->negative = other;
    return OK;
}

static Status need_positive(const Target *t, const CellValues *values, const char *path)
{
    Shortlist said;
    if (cellvalues_count(values, t->positive) > 0) return OK;
    return fail(ERR_FORMAT, "%s: no cell of column '%s' is '%s' (positive); its values are %s", path, t->column,
                t->positive, cellvalues_text(&said, values));
}

static Status need_negative(const Target *t, const CellValues *values, const char *path)
{
    Shortlist said;
    if (!t->negative && values->n > 1)
        return fail(ERR_FORMAT,
                    "%s: every label in column '%s' is '%s' or a word for missing (its values are %s); a model needs "
                    "both classes: name the other with --tasks.0.negative=VALUE",
                    path, t->column, t->positive, cellvalues_text(&said, values));
    if (!t->negative)
        return fail(ERR_FORMAT, "%s: every label in column '%s' is '%s'; a model needs both classes", path, t->column,
                    t->positive);
    if (cellvalues_count(values, t->negative) > 0) return OK;
    return fail(ERR_FORMAT, "%s: no cell of column '%s' is '%s' (negative); its values are %s", path, t->column,
                t->negative, cellvalues_text(&said, values));
}

static Status settle(Target *t, const TaskColumn *c)
{
    TRY(resolve_positive(t, c->values, c->path));
    if (c->training) TRY(need_positive(t, c->values, c->path));
    if (c->deeprc) return OK;
    TRY(resolve_negative(t, c->values, c->path));
    return c->training ? need_negative(t, c->values, c->path) : OK;
}

/* 1, 0, or -1 for a cell that is neither. */
static int cell_class(const Target *t, const char *cell, bool deeprc)
{
    if (cell_same(cell, t->positive)) return 1;
    if (deeprc) return 0;
    if (t->negative && cell_same(cell, t->negative) && !cell_missing(cell)) return 0;
    return -1;
}

static bool read_cell(real *target, int *class, const Target *t, const char *cell, bool deeprc)
{
    *class = cell_class(t, cell, deeprc);
    *target = *class == 1;
    return *class >= 0;
}

/* ---- classes ---- */

static int n_class(const Target *t)
{
    (void)t;
    return 2;
}

static int label_class(const Target *t, const real *target)
{
    (void)t;
    return *target > (real)0.5;
}

static int output_class(const Target *t, const real *y)
{
    double p;
    t->type->predict(&p, t, y);
    return p > 0.5;
}

static const char *output_name(const Target *t, int output)
{
    (void)output;
    return t->positive;
}

/* ---- scores ---- */

typedef struct {
    double count[2][2]; /* [truth][prediction] */
} Confusion;

/* Sensitivity for truth 1, specificity for truth 0; NaN without such bags. */
static double recall(const Confusion *c, int truth)
{
    const double n = c->count[truth][0] + c->count[truth][1];
    return n > 0 ? c->count[truth][truth] / n : NAN;
}

static double balanced_accuracy(const Confusion *c)
{
    double sum = 0, classes = 0;
    for (int truth = 0; truth < 2; truth++) {
        if (isnan(recall(c, truth))) continue;
        sum += recall(c, truth);
        classes++;
    }
    return classes > 0 ? sum / classes : NAN;
}

/* No positive among truth and predictions: 0, as is usual, unless there are no bags. */
static double f1(const Confusion *c, int n)
{
    const double hit = 2 * c->count[1][1], all = hit + c->count[0][1] + c->count[1][0];
    if (n == 0) return NAN;
    return all > 0 ? hit / all : 0;
}

static void scores(double *out, const Target *t, int index, const MetricInput *in)
{
    Confusion c = {0};
    double loss = 0;
    int n = 0;
    for (int b = 0; b < in->n_bag; b++) {
        if (!metric_known(in, index, b)) continue;
        const real *y = metric_output(in, t, b), *target = metric_label(in, t, b);
        const int label = *target > (real)0.5;
        double p;
        t->type->predict(&p, t, y);
        loss += t->type->loss(t, y, target);
        c.count[label][p > 0.5]++;
        in->rank[n++] = (MetricRank){(double)*y, label};
    }
    out[0] = n > 0 ? loss / n : NAN;
    out[1] = metric_auc(in->rank, n);
    out[2] = balanced_accuracy(&c);
    out[3] = n > 0 ? (c.count[0][0] + c.count[1][1]) / n : NAN;
    out[4] = f1(&c, n);
    out[5] = recall(&c, 1);
    out[6] = recall(&c, 0);
    out[7] = metric_ap(in->rank, n);
}

/* ---- calibration ---- */

/* The known bags of the first target, which is what the loop's scores go by; returns how many. */
static int known_bags(const Target *t, const MetricInput *in)
{
    int n = 0;
    for (int b = 0; b < in->n_bag; b++)
        if (metric_known(in, 0, b))
            in->rank[n++] = (MetricRank){(double)*metric_output(in, t, b), *metric_label(in, t, b) > (real)0.5};
    return n;
}

static double calibrated(const Target *t, const MetricInput *in)
{
    return platt_loss(in->rank, known_bags(t, in));
}

static double calibrated_min(const Target *t, const MetricInput *in)
{
    return platt_loss_min(in->rank, known_bags(t, in));
}

static bool calibrate(Target *t, const double *output, const int *class, int n)
{
    t->is_calibrated = platt_fit(&t->slope, &t->shift, output, class, n);
    return t->is_calibrated;
}

/* ---- files ---- */

static void rows(TaskRow *row, const Target *t, const real *y, const real *label)
{
    row->label = label ? label_class(t, label) : (double)NAN;
    row->output = (double)*y;
    t->type->predict(&row->probability, t, y);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void to_json(json_t *out, const Target *t)
{
    json_object_set_new(out, "positive", text_or_null(t->positive));
    json_object_set_new(out, "negative", text_or_null(t->negative));
    json_object_set_new(out, "pos_weight", json_real(t->pos_weight));
}

static Status from_json(Target *t, const json_t *json)
{
    t->positive = json_string_value(json_object_get(json, "positive"));
    t->negative = json_string_value(json_object_get(json, "negative"));
    return t->positive ? OK : fail(ERR_MODEL, "task '%s' does not say which value is positive", t->name);
}

const TaskType task_binary = {
    .target = &target_binary,
    .options = options,
    .check = check,
    .cell_word = "class",
    .settle = settle,
    .read_cell = read_cell,
    .n_class = n_class,
    .label_class = label_class,
    .output_class = output_class,
    .output_name = output_name,
    .has_auc = true,
    .metric = {8, {"loss", "auc", "bacc", "accuracy", "f1", "sensitivity", "specificity", "ap"}, scores},
    .calibrated = calibrated,
    .calibrated_min = calibrated_min,
    .calibrate = calibrate,
    .rows = rows,
    .to_json = to_json,
    .from_json = from_json,
};
