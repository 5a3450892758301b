/* SPDX-License-Identifier: MIT
 *
 * task_binary.c: two classes of bags. The cell `positive` is class 1 (target 1); the one output is its logit.
 */
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
    (void)t;
    return *y > 0;
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
}

/* ---- calibration (Platt 1999) ---- */

#define PLATT_STEPS 100 /* far past convergence */

/* Mean over the known bags of  ln(1 + exp s) - p s  with  s = a (y - centre) / width + b;  derivatives by a and b. */
typedef struct {
    double loss, by_a, by_b, by_aa, by_ab, by_bb;
} Logistic;

typedef struct {
    const Target *t;
    const MetricInput *in;
    double centre, width; /* of the outputs */
    double target[2];     /* by label */
    int n;
} Platt;

static Logistic logistic(const Platt *p, double a, double b)
{
    Logistic l = {0};
    for (int i = 0; i < p->in->n_bag; i++) {
        if (!metric_known(p->in, 0, i)) continue;
        const double y = ((double)*metric_output(p->in, p->t, i) - p->centre) / p->width;
        const double target = p->target[*metric_label(p->in, p->t, i) > (real)0.5], s = a * y + b;
        const double e = exp(-fabs(s)), said = s >= 0 ? 1 / (1 + e) : e / (1 + e), d = said - target,
                     curve = said * (1 - said);
        l.loss += (s > 0 ? s : 0) + log1p(e) - target * s;
        l.by_a += d * y, l.by_b += d;
        l.by_aa += curve * y * y, l.by_ab += curve * y, l.by_bb += curve;
    }
    l.loss /= p->n;
    return l;
}

static double entropy(double share)
{
    return -share * log(share) - (1 - share) * log(1 - share);
}

/* Newton with halved steps; the loss is convex. With a < 0 it is the constant's, which is found with a = 0. */
static double platt(const Platt *p)
{
    double a = 0, b = 0;
    Logistic here = logistic(p, a, b);
    for (int step = 0; step < PLATT_STEPS; step++) {
        const double ridge = 1e-9, aa = here.by_aa + ridge, bb = here.by_bb + ridge,
                     det = aa * bb - here.by_ab * here.by_ab;
        const double da = -(bb * here.by_a - here.by_ab * here.by_b) / det,
                     db = -(aa * here.by_b - here.by_ab * here.by_a) / det;
        double size = 1;
        Logistic next = logistic(p, a + da, b + db);
        while (!(next.loss < here.loss) && size > 1e-10) {
            size /= 2;
            next = logistic(p, a + size * da, b + size * db);
        }
        if (!(next.loss < here.loss - 1e-13)) break;
        a += size * da, b += size * db;
        here = next;
    }
    if (a >= 0) return here.loss;
    double sum = 0;
    for (int i = 0; i < p->in->n_bag; i++)
        if (metric_known(p->in, 0, i)) sum += p->target[*metric_label(p->in, p->t, i) > (real)0.5];
    return entropy(sum / p->n);
}

/* Bags of either class, and the targets that follow. */
static void set_targets(Platt *p, int count[2])
{
    for (int i = 0; i < p->in->n_bag; i++)
        if (metric_known(p->in, 0, i)) count[*metric_label(p->in, p->t, i) > (real)0.5]++;
    p->n = count[0] + count[1];
    p->target[0] = 1. / (count[0] + 2), p->target[1] = (count[1] + 1.) / (count[1] + 2);
}

static double calibrated_min(const Target *t, const MetricInput *in)
{
    Platt p = {.t = t, .in = in};
    int count[2] = {0};
    set_targets(&p, count);
    return p.n ? (count[0] * entropy(p.target[0]) + count[1] * entropy(p.target[1])) / p.n : 0;
}

static double calibrated(const Target *t, const MetricInput *in)
{
    Platt p = {.t = t, .in = in};
    int count[2] = {0};
    double sum = 0, square = 0;
    set_targets(&p, count);
    for (int i = 0; i < in->n_bag; i++) {
        if (!metric_known(in, 0, i)) continue;
        sum += (double)*metric_output(in, t, i);
    }
    if (p.n == 0) return NAN;
    p.centre = sum / p.n;
    for (int i = 0; i < in->n_bag; i++)
        if (metric_known(in, 0, i)) square += pow((double)*metric_output(in, t, i) - p.centre, 2);
    p.width = sqrt(square / p.n) + 1e-12;
    return platt(&p);
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
    .metric = {7, {"loss", "auc", "bacc", "accuracy", "f1", "sensitivity", "specificity"}, scores},
    .calibrated = calibrated,
    .calibrated_min = calibrated_min,
    .rows = rows,
    .to_json = to_json,
    .from_json = from_json,
};
