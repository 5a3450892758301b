/* SPDX-License-Identifier: MIT
 *
 * summary.md of a stack: for each task what came out, which column carries it, and each column's own figure beside.
 */
#include "cohort/metric.h"
#include "core/jsontext.h"
#include "core/textout.h"
#include "cv/chance.h"
#include "run/remarks.h"
#include "study/stack_parts.h"
#include "study/stackcarrier.h"

#include <stdio.h>
#include <string.h>

/* What is printed of one task. */
typedef struct {
    TextOut *out;
    const Stack *s;
    const Target *target;
    const json_t *task;
    const char *score; /* "auc" */
} StackPage;

static long count(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

/* "0.912", or "–" where it is not defined. */
static void print_value(TextOut *out, const json_t *value)
{
    if (json_is_number(value))
        textout_printf(out, "%.3f", json_number_value(value));
    else
        textout_printf(out, "–");
}

static void print_key(const StackPage *p, const json_t *object, const char *what)
{
    char key[64];
    snprintf(key, sizeof key, "%s_%s", p->score, what);
    print_value(p->out, json_object_get(object, key));
}

static void print_interval(TextOut *out, const json_t *row)
{
    const json_t *interval = json_object_get(row, "auc_ci95");
    if (json_is_array(interval))
        textout_printf(out, "%.3f to %.3f", json_number_value(json_array_get(interval, 0)),
                       json_number_value(json_array_get(interval, 1)));
    else
        textout_printf(out, "–");
}

/* ---- what came out ---- */

static void print_headline(const StackPage *p)
{
    TextOut *out = p->out;
    textout_printf(out, "**%s ", metric_title(p->score));
    print_key(p, p->task, "mean");
    textout_printf(out, " ± ");
    print_key(p, p->task, "std_folds");
    textout_printf(out, "** (mean and standard deviation over %ld folds, %ld bags)", count(p->task, "n_folds"),
                   count(p->task, "n_bags"));
    if (json_is_array(json_object_get(p->task, "auc_ci95"))) {
        textout_printf(out, "; 95 %% interval ");
        print_interval(out, p->task);
        textout_printf(out, ", of the whole procedure, choice included");
    }
    textout_printf(out, ".\n");
}

static void print_carrier(const StackPage *p)
{
    char sentence[1024];
    stackcarrier_sentence(sentence, sizeof sentence, p->task);
    textout_printf(p->out, "\n");
    textout_text(p->out, sentence);
    textout_printf(p->out, ".\n");
}

/* With whole batches left out, and on permuted labels. */
static void print_rounds(const StackPage *p)
{
    json_t *list = chance_sentences(p->task);
    if (json_array_size(list) > 0) textout_printf(p->out, "\n");
    remarks_print(p->out, list);
    json_decref(list);
}

/* ---- tables ---- */

static void print_columns(const StackPage *p)
{
    const bool weigh = p->s->in->weigh;
    const char *name, *title = metric_title(p->score);
    json_t *row;
    textout_printf(p->out,
                   "\n| column | %s | ± folds | 95 %% interval | inner figure | %s |\n|---|---|---|---|---|---|\n| "
                   "**stack** | **",
                   title, weigh ? "mean weight" : "chosen");
    print_key(p, p->task, "mean");
    textout_printf(p->out, "** | ");
    print_key(p, p->task, "std_folds");
    textout_printf(p->out, " | ");
    print_interval(p->out, p->task);
    textout_printf(p->out, " | | |\n");
    json_object_foreach(json_object_get(p->task, "columns"), name, row)
    {
        textout_printf(p->out, "| ");
        textout_text(p->out, name);
        textout_printf(p->out, " | ");
        print_key(p, row, "mean");
        textout_printf(p->out, " | ");
        print_key(p, row, "std_folds");
        textout_printf(p->out, " | ");
        print_interval(p->out, row);
        textout_printf(p->out, " | ");
        print_value(p->out, json_object_get(row, "inner_mean"));
        if (weigh)
            textout_printf(p->out, " | %.3g |\n", jsontext_number(row, "weight_mean"));
        else
            textout_printf(p->out, " | %ld |\n", count(row, "n_chosen"));
    }
}

/* The score of a fold in the summary of its repetition. */
static const json_t *fold_of(const StackPage *p, const json_t *chosen)
{
    const json_t *repeats = json_object_get(p->task, "repeats");
    const json_t *repeat = json_array_get(repeats, (size_t)count(chosen, "repeat"));
    return json_array_get(json_object_get(repeat, "folds"), (size_t)count(chosen, "fold"));
}

static void print_folds(const StackPage *p)
{
    size_t k;
    json_t *chosen;
    textout_printf(p->out, "\n| repetition | fold | bags | %s | %s |\n|---|---|---|---|---|\n",
                   p->s->in->weigh ? "C" : "column", p->score);
    json_array_foreach(json_object_get(p->task, "chosen"), k, chosen)
    {
        const json_t *fold = fold_of(p, chosen);
        textout_printf(p->out, "| %ld | %ld | %ld | ", count(chosen, "repeat"), count(chosen, "fold"),
                       count(fold, "n_bags"));
        if (p->s->in->weigh)
            textout_printf(p->out, "%g", jsontext_number(chosen, "C"));
        else
            textout_text(p->out, jsontext_field(chosen, "column"));
        textout_printf(p->out, " | ");
        print_value(p->out, json_object_get(fold, p->score));
        textout_printf(p->out, " |\n");
    }
}

static void print_task(const StackPage *p)
{
    textout_printf(p->out, "\n## ");
    textout_text(p->out, p->target->name);
    textout_printf(p->out, " (%s)\n\n", p->target->type->name);
    print_headline(p);
    print_carrier(p);
    print_rounds(p);
    print_columns(p);
    print_folds(p);
}

/* ---- all of it ---- */

static void print_method(TextOut *out, bool weigh)
{
    if (weigh)
        textout_printf(out, "\nThe outputs of all columns are weighed by L2 logistic regression without negative "
                            "weights (numbers: by least squares), learned in each outer fold from the columns' inner "
                            "outputs. C is chosen by inner folds.\n");
    else
        textout_printf(out, "\nIn each outer fold the column with the best inner figure is taken: the mean AUC over "
                            "the inner folds (several classes: each against the others; numbers: minus the mean "
                            "squared error). Of equal columns the first is taken.\n");
    textout_printf(out,
                   "Outputs on outer test bags take no part in this. The best row of a column of test figures is "
                   "no result: it would be chosen by test bags.\n");
}

static void print_remarks(TextOut *out, const json_t *summary)
{
    const json_t *left_out = json_object_get(summary, "left_out"), *remarks = json_object_get(summary, "remarks");
    if (json_array_size(left_out) + json_array_size(remarks) == 0) return;
    textout_printf(out, "\n## Remarks\n\n");
    remarks_print(out, left_out);
    remarks_print(out, remarks);
}

Status stack_table_write(const char *path, const Stack *s, const json_t *summary)
{
    TextOut *out;
    const StackFrame *f = &s->main.frame;
    TRY(textout_open(&out, path, true));
    textout_printf(out, "# Stack of %d column%s: %d repetition%s of %d folds\n", s->columns.n,
                   s->columns.n == 1 ? "" : "s", f->n_repeat, f->n_repeat == 1 ? "" : "s", f->n_fold);
    print_method(out, s->in->weigh);
    for (int k = 0; k < f->n_task; k++) {
        const StackPage page = {.out = out,
                                .s = s,
                                .target = &f->target[k],
                                .task = json_object_get(json_object_get(summary, "tasks"), f->target[k].name),
                                .score = metric_of(&f->target[k])->name[1]};
        print_task(&page);
    }
    print_remarks(out, summary);
    textout_printf(out, "\nhopsack %s, seed %lld.\n", jsontext_field(summary, "version"), (long long)s->seed);
    return textout_commit(out);
}
