/* SPDX-License-Identifier: MIT
 *
 * baseline_table.c: summary.md over all methods: for each task a row a method, runs beside them, and in words what the
 * figures on exchanged labels mean.
 */
#include "core/jsontext.h"
#include "core/number.h"
#include "core/textout.h"
#include "cv/chance.h"
#include "study/baseline_parts.h"

#include <math.h>
#include <string.h>

static void print_number(TextOut *out, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_number(value))
        textout_printf(out, " | %.3f", json_number_value(value));
    else
        textout_printf(out, " | –");
}

static void print_interval(TextOut *out, const json_t *task)
{
    const json_t *interval = json_object_get(task, "auc_ci95");
    if (json_is_array(interval))
        textout_printf(out, " | %.3f to %.3f", json_number_value(json_array_get(interval, 0)),
                       json_number_value(json_array_get(interval, 1)));
    else
        textout_printf(out, " | –");
}

typedef struct {
    TextOut *out;
    const char *score; /* "auc" */
    bool batches, permuted, exchanged;
} TableColumns;

static void print_key(const TableColumns *c, const json_t *object, const char *what)
{
    char key[64];
    snprintf(key, sizeof key, "%s_%s", c->score, what);
    print_number(c->out, object, key);
}

static void print_row(const TableColumns *c, const char *name, const json_t *task)
{
    textout_printf(c->out, "| ");
    textout_text(c->out, name);
    print_key(c, task, "mean");
    print_key(c, task, "std_repeats");
    print_key(c, task, "std_folds");
    print_number(c->out, task, "auc_pooled");
    print_interval(c->out, task);
    print_number(c->out, task, "accuracy_mean");
    if (c->batches) print_key(c, json_object_get(task, "leave_batch_out"), "mean");
    if (c->exchanged) print_key(c, json_object_get(task, "batch_permuted"), "mean");
    if (c->permuted) print_number(c->out, json_object_get(task, "permuted"), "p");
    textout_printf(c->out, " | %.1f |\n", jsontext_number(task, "seconds"));
}

static void print_head(const TableColumns *c)
{
    textout_printf(
        c->out,
        "\n\n| method | %s | ± repetitions | ± folds | pooled AUC | 95 %% interval | accuracy |%s%s%s seconds "
        "|\n|---|---|---|---|---|---|---|%s%s%s---|\n",
        metric_title(c->score), c->batches ? " whole batches left out |" : "",
        c->exchanged ? " labels exchanged by batches |" : "", c->permuted ? " p |" : "", c->batches ? "---|" : "",
        c->exchanged ? "---|" : "", c->permuted ? "---|" : "");
}

/* Adds a method, or a run, if it still scores where batches have exchanged their labels. */
static int add_recognised(const TableColumns *c, const char *name, const json_t *task, int n)
{
    const json_t *mean = json_object_get(json_object_get(task, "batch_permuted"), "auc_mean");
    if (chance_batches(task) != CHANCE_RECOGNISED) return n;
    textout_printf(c->out, "%s", n ? ", " : "\n");
    textout_text(c->out, name);
    textout_printf(c->out, " (%.2f)", json_number_value(mean));
    return n + 1;
}

static void print_recognised(const TableColumns *c, const json_t *methods, const json_t *beside, const char *task)
{
    const char *name;
    json_t *own;
    int n = 0;
    json_object_foreach((json_t *)(size_t)methods, name, own)
    {
        n = add_recognised(c, name, json_object_get(json_object_get(own, "tasks"), task), n);
    }
    json_object_foreach((json_t *)(size_t)beside, name, own)
    {
        n = add_recognised(c, name, json_object_get(own, task), n);
    }
    if (n == 0) return;
    textout_printf(
        c->out,
        " score%s above one half on labels that batches have exchanged: %s batches, and a part of the figure may "
        "come from that.%s\n",
        n == 1 ? "s" : "", n == 1 ? "it recognizes" : "they recognize",
        c->batches ? " The column with whole batches left out is the one to go by." : "");
}

/* Numbers that may explain what other methods find. */
static void print_single(TextOut *out, const char *method, const json_t *task)
{
    const char *name;
    json_t *area;
    const json_t *single = json_object_get(task, "single");
    if (json_object_size(single) == 0) return;
    textout_printf(
        out,
        "\n`%s`, AUC of each number alone on the bags that are tested (above one half: larger in the positive "
        "class):",
        method);
    json_object_foreach((json_t *)(size_t)single, name, area)
    {
        textout_printf(out, " ");
        textout_text(out, name);
        if (json_is_number(area))
            textout_printf(out, " %.2f;", json_number_value(area));
        else
            textout_printf(out, " –;");
    }
    textout_printf(out, "\n");
}

static bool any_has(const json_t *methods, const char *task, const char *key)
{
    const char *name;
    json_t *summary;
    json_object_foreach((json_t *)(size_t)methods, name, summary)
    {
        if (json_object_get(json_object_get(json_object_get(summary, "tasks"), task), key)) return true;
    }
    return false;
}

static void print_task(TextOut *out, const Baseline *b, const Target *t, const json_t *summary)
{
    const json_t *methods = json_object_get(summary, "methods"), *beside = json_object_get(summary, "beside");
    const TableColumns c = {.out = out,
                            .score = metric_of(t)->name[1],
                            .batches = !b->no_batches && any_has(methods, t->name, "leave_batch_out"),
                            .permuted = any_has(methods, t->name, "permuted"),
                            .exchanged = any_has(methods, t->name, "batch_permuted")};
    const char *name;
    json_t *own;
    textout_printf(out, "\n## ");
    textout_text(out, t->name);
    print_head(&c);
    json_object_foreach((json_t *)(size_t)methods, name, own)
    {
        print_row(&c, name, json_object_get(json_object_get(own, "tasks"), t->name));
    }
    json_object_foreach((json_t *)(size_t)beside, name, own)
    {
        if (json_object_get(own, t->name)) print_row(&c, name, json_object_get(own, t->name));
    }
    if (b->no_batches) {
        textout_printf(out, "\nThere is no figure with whole batches left out: ");
        textout_text(out, b->no_batches);
        textout_printf(out, ".\n");
    }
    print_recognised(&c, methods, beside, t->name);
    json_object_foreach((json_t *)(size_t)methods, name, own)
    {
        print_single(out, name, json_object_get(json_object_get(own, "tasks"), t->name));
    }
}

static void print_methods(TextOut *out, const json_t *summary)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(summary, "methods"), name, value)
    {
        textout_printf(out, "* `%s`: %s\n", name, rival_find(name)->line);
    }
    json_object_foreach(json_object_get(summary, "left_out"), name, value)
    {
        textout_printf(out, "* `%s` was left out: ", name);
        textout_text(out, json_string_value(value));
        textout_printf(out, "\n");
    }
}

/* There are fewer than asked for where the smallest class has fewer bags or groups. */
static void print_inner(TextOut *out, const Baseline *b)
{
    int least, most, n_none;
    baseline_rounds_inner(&least, &most, &n_none, b);
    textout_printf(out, "\nTrained on all bags outside the test fold; ");
    if (most == 0)
        textout_printf(out, "the smallest class has too few bags or groups for inner folds, so nothing was chosen.");
    else if (least == most)
        textout_printf(out, "what a method chooses, it chooses by %d inner folds of them.", most);
    else
        textout_printf(out, "what a method chooses, it chooses by %d to %d inner folds of them.", least, most);
    if (most > 0 && n_none > 0)
        textout_printf(
            out,
            " %d of %d times the smallest class had too few bags or groups for inner folds, and nothing was chosen.",
            n_none, b->plain.n_part * b->n_task);
    textout_printf(out, " Figures: mean over folds, then over repetitions.\n");
}

Status baseline_table_write(const char *path, const Baseline *b, const json_t *summary)
{
    TextOut *out;
    TRY(textout_open(&out, path, true));
    textout_printf(out, "# Rivals: %d repetition%s of %d fold%s\n\n", b->plain.n_repeat,
                   number_plural(b->plain.n_repeat), b->plain.n_fold, number_plural(b->plain.n_fold));
    print_methods(out, summary);
    for (int k = 0; k < b->n_task; k++) print_task(out, b, &b->target[k], summary);
    print_inner(out, b);
    if (b->in->n_permute)
        textout_printf(out, "p: share of %d runs on permuted labels, and this one, that scored as well.\n",
                       b->in->n_permute);
    textout_printf(out, "hopsack %s, seed %lld.\n", jsontext_field(summary, "version"),
                   (long long)json_integer_value(json_object_get(summary, "seed")));
    return textout_commit(out);
}
