/* SPDX-License-Identifier: MIT */
#include "study/checklabels.h"
#include "cohort/confoundtext.h"
#include "cohort/task.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "study/checktogether.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_CLASSES 12 /* values of a column of the label table that are listed for each label */

typedef struct {
    const CheckLabels *in;
    const Target *target;
    int index;
    ConfoundUnits u;
    ConfoundRow *row; /* [n_trait] */
    CheckTogether together;
    double *value, *sorted; /* [n] */
    json_t *remarks;
} CheckTask;

/* ---- distributions ---- */

static json_t *spread_json(double *x, int n)
{
    if (n == 0) return json_pack("{s:i}", "n", 0);
    qsort(x, (size_t)n, sizeof *x, number_ascending);
    const double median = n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
    return json_pack("{s:i, s:f, s:f, s:f}", "n", n, "min", x[0], "median", median, "max", x[n - 1]);
}

/* The label of unit i; numbers are one class. */
static int class_of(const CheckTask *k, int i)
{
    return k->u.n_class ? k->u.class[i] : 0;
}

static json_t *number_json(CheckTask *k, int class)
{
    int n = 0;
    for (int i = 0; i < k->u.n; i++)
        if (class_of(k, i) == class && !isnan(k->value[i])) k->sorted[n++] = k->value[i];
    return spread_json(k->sorted, n);
}

/* The text of a class of a column; the first member that has it knows. */
static const char *text_of(const CheckTask *k, const Trait *trait, int value)
{
    const Cohort *c = k->in->cohort;
    const int column = table_column(c->table, trait->name);
    for (int i = 0; i < c->n_row; i++)
        if (trait->value[i] == value)
            return column >= 0 ? table_cell(c->table, c->row[i], column) : value ? "yes" : "no";
    return "";
}

static json_t *classes_json(const CheckTask *k, const Trait *trait, int class)
{
    json_t *out = json_object();
    for (int v = 0; v < trait->n_class && trait->n_class <= SHOWN_CLASSES; v++) {
        int n = 0;
        for (int i = 0; i < k->u.n; i++) n += class_of(k, i) == class && k->value[i] == v;
        json_object_set_new(out, text_of(k, trait, v), json_integer(n));
    }
    return out;
}

static const char *class_name(const Target *t, int class)
{
    return task_n_class(t) ? task_class_name(t, class) : "all";
}

static json_t *by_class(CheckTask *k, const Trait *trait)
{
    json_t *out = json_object();
    confound_values(k->value, &k->u, trait, k->in->traits->n);
    for (int class = 0; class < (k->u.n_class ? k->u.n_class : 1); class ++)
        json_object_set_new(out, class_name(k->target, class),
                            trait->n_class ? classes_json(k, trait, class) : number_json(k, class));
    return out;
}

/* ---- the label itself ---- */

static json_t *counts_json(const CheckTask *k, int *missing)
{
    const Cohort *c = k->in->cohort;
    const Labels *l = &c->labels;
    const int n_class = task_n_class(k->target);
    json_t *out = json_object();
    *missing = 0;
    for (int class = 0; class < (n_class ? n_class : 1); class ++) {
        int n = 0;
        *missing = 0;
        for (int i = 0; i < c->n; i++) {
            const bool known = l->mask[(size_t)i * (size_t)l->n_target + (size_t)k->index] != 0;
            const real *target = l->target + (size_t)i * (size_t)l->n_out + (size_t)k->target->at;
            *missing += !known;
            n += known && (n_class == 0 || task_label_class(k->target, target) == class);
        }
        json_object_set_new(out, class_name(k->target, class), json_integer(n));
    }
    return out;
}

/* ---- remarks ---- */

static void remark(CheckTask *k, const char *text)
{
    json_array_append_new(k->remarks, json_string(text));
}

static void remark_together(CheckTask *k)
{
    char text[400];
    const CheckTogether *t = &k->together;
    if (!t->tested || t->p > CHECKTOGETHER_LEVEL) return;
    snprintf(text, sizeof text,
             "no number alone, but all together predict '%.60s' with AUC %.3f (95 %% interval %.3f to %.3f; logistic "
             "regression, %d folds)",
             k->target->name, t->auc, t->interval[0], t->interval[1], t->n_fold);
    remark(k, text);
}

static void remark_alone(CheckTask *k, int n_found)
{
    char text[CONFOUNDTEXT_ROOM];
    if (n_found == 0) return;
    confoundtext_sentence(text, k->row, n_found, k->target);
    remark(k, text);
}

/* Said of every batch column, since a label that goes by batches cannot be told from them, however few there are. */
static void remark_batch(CheckTask *k)
{
    char text[400];
    const char *batch = k->in->folds->options->batch;
    for (int i = 0; i < k->in->traits->n_trait && batch; i++) {
        const ConfoundRow *row = &k->row[i];
        if (row->constant || !row->settles || strcmp(row->trait->name, batch) != 0) continue;
        snprintf(text, sizeof text,
                 "each value of the batch column '%.60s' goes with one label of '%.60s' only, so nothing in this "
                 "cohort can tell the label from the batch",
                 batch, k->target->name);
        remark(k, text);
    }
}

/* ---- all of it ---- */

static json_t *together_json(const CheckTogether *t)
{
    if (!t->known) return json_null();
    json_t *out = json_pack("{s:f, s:[f, f], s:i, s:i}", "auc", t->auc, "interval", t->interval[0], t->interval[1],
                            "folds", t->n_fold, "columns", t->n_column);
    if (out && t->tested) json_object_set_new(out, "p", jsontext_real(t->p));
    return out;
}

static json_t *traits_json(CheckTask *k)
{
    json_t *list = json_array();
    for (int i = 0; i < k->in->traits->n_trait; i++) {
        json_t *row = confoundtext_json(&k->row[i], k->target);
        json_object_set_new(row, "by_class", by_class(k, k->row[i].trait));
        json_array_append_new(list, row);
    }
    return list;
}

static Status compare(CheckTask *k)
{
    const Traits *traits = k->in->traits;
    TRY(confound_test(k->row, traits, &k->u, k->in->seed, k->index));
    confoundtext_sort(k->row, traits->n_trait);
    const int found = confoundtext_found(k->row, traits->n_trait, CONFOUND_LEVEL);
    TRY(checktogether_run(&k->together, traits, &k->u, k->in->seed, found == 0));
    remark_alone(k, found);
    remark_together(k);
    remark_batch(k);
    return OK;
}

static Status task_open(CheckTask *k)
{
    const CheckLabels *in = k->in;
    TRY(confound_units(&k->u, in->cohort, k->target, k->index, in->folds->group));
    k->row = calloc((size_t)in->traits->n_trait + 1, sizeof *k->row);
    k->value = malloc(((size_t)in->cohort->n + 1) * sizeof *k->value);
    k->sorted = malloc(((size_t)in->cohort->n + 1) * sizeof *k->sorted);
    return k->row && k->value && k->sorted ? OK : fail(ERR_MEMORY, "no memory for %d bags", in->cohort->n);
}

/* Are even two orders of the labels, the best and the opposite, more than CONFOUND_LEVEL of all? Then no p is below it. */
static bool too_few(const CheckTask *k)
{
    double log_share = log(2) - lgamma(k->u.n + 1);
    for (int class = 0; class < k->u.n_class; class ++) {
        int n = 0;
        for (int i = 0; i < k->u.n; i++) n += k->u.class[i] == class;
        log_share += lgamma(n + 1);
    }
    return log_share > log(CONFOUND_LEVEL);
}

static Status make_json(json_t **out, CheckTask *k)
{
    int missing, tested = 0;
    for (int i = 0; i < k->in->traits->n_trait; i++) tested += !k->row[i].constant;
    json_t *counts = counts_json(k, &missing);
    *out =
        json_pack("{s:s, s:s, s:o, s:i, s:i, s:b, s:b, s:i, s:f, s:o, s:o}", "column", k->target->column, "kind",
                  k->target->type->name, "counts", counts, "missing", missing, "units", k->u.n, "joined", k->u.joined,
                  "too_few", too_few(k), "tested", tested, "level", CONFOUND_LEVEL + CHECKTOGETHER_LEVEL, "traits",
                  traits_json(k), "together", together_json(&k->together));
    return *out ? OK : fail(ERR_MEMORY, "no memory for the check of '%s'", k->target->name);
}

Status checklabels_task(json_t **out, json_t *remarks, const CheckLabels *in, int index)
{
    CheckTask k = {.in = in, .target = &in->target[index], .index = index, .remarks = remarks};
    Status status;
    *out = NULL;
    TRY_DONE(task_open(&k));
    TRY_DONE(compare(&k));
    TRY_DONE(make_json(out, &k));
done:
    confound_units_free(&k.u);
    free(k.row);
    free(k.value);
    free(k.sorted);
    return status;
}
