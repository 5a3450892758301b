/* SPDX-License-Identifier: MIT
 *
 * summary.md: for each task a line that says it all, and a table of folds.
 */
#include "cohort/metric.h"
#include "core/textout.h"
#include "cv/chance.h"
#include "cv/tally.h"
#include "run/remarks.h"

#include <stdbool.h>
#include <string.h>

static double number(const json_t *object, const char *key, bool *known)
{
    const json_t *value = json_object_get(object, key);
    *known = json_is_number(value);
    return json_number_value(value);
}

/* "0.912", or "–" where it is not defined. */
static void print_score(TextOut *out, const json_t *object, const char *key)
{
    bool known;
    const double value = number(object, key, &known);
    if (known)
        textout_printf(out, "%.3f", value);
    else
        textout_printf(out, "–");
}

static void print_spread(TextOut *out, const json_t *object, const char *score, const char *over)
{
    char mean[64], std[64];
    bool known;
    snprintf(mean, sizeof mean, "%s_mean", score);
    snprintf(std, sizeof std, "%s_std_%s", score, over);
    print_score(out, object, mean);
    const double value = number(object, std, &known);
    if (known) textout_printf(out, " ± %.3f", value);
}

static long count(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

/* The scores of a fold, in the order of its keys, without what is no score, or stands in the sentence above the table. */
static bool is_score(const char *key)
{
    static const char *const others[] = {"fold", "n_bags", "kept_update", "seconds", NULL};
    for (const char *const *o = others; *o; o++)
        if (strcmp(*o, key) == 0) return false;
    return strncmp(key, "operating_", 10) != 0 && !strstr(key, "_ci95");
}

/* One row: two cells, bags, then every score of `fold` as `cell` prints it from `from`. */
typedef void Cell(TextOut *out, const json_t *from, const char *score);

static void mean_folds(TextOut *out, const json_t *from, const char *score)
{
    print_spread(out, from, score, "folds");
}

static void mean_repeats(TextOut *out, const json_t *from, const char *score)
{
    print_spread(out, from, score, "repeats");
}

static void print_row(TextOut *out, const char *repeat, const char *which, const json_t *from, const json_t *fold,
                      Cell *cell)
{
    const char *key;
    json_t *value;
    textout_printf(out, "| %s | %s | %ld |", repeat, which, count(from, "n_bags"));
    json_object_foreach((json_t *)(size_t)fold, key, value)
    {
        if (!is_score(key)) continue;
        textout_write(out, " ", 1);
        cell(out, from, key);
        textout_printf(out, " |");
    }
    textout_printf(out, " %.1f |\n", json_number_value(json_object_get(from, "seconds")));
}

static void print_head(TextOut *out, const json_t *fold)
{
    const char *key;
    json_t *value;
    textout_printf(out, "| repetition | fold | bags |");
    json_object_foreach((json_t *)(size_t)fold, key, value)
    {
        if (is_score(key)) textout_printf(out, " %s |", key);
    }
    textout_printf(out, " seconds |\n|---|---|---|");
    json_object_foreach((json_t *)(size_t)fold, key, value)
    {
        if (is_score(key)) textout_printf(out, "---|");
    }
    textout_printf(out, "---|\n");
}

static void print_rows(TextOut *out, const json_t *task)
{
    const json_t *repeats = json_object_get(task, "repeats"), *first;
    first = json_array_get(json_object_get(json_array_get(repeats, 0), "folds"), 0);
    print_head(out, first);
    for (size_t r = 0; r < json_array_size(repeats); r++) {
        const json_t *repeat = json_array_get(repeats, r), *folds = json_object_get(repeat, "folds");
        char number[32], which[32];
        snprintf(number, sizeof number, "%zu", r);
        for (size_t f = 0; f < json_array_size(folds); f++) {
            snprintf(which, sizeof which, "%zu", f);
            print_row(out, number, which, json_array_get(folds, f), first, print_score);
        }
        print_row(out, number, "mean ± std", repeat, first, mean_folds);
    }
    if (json_array_size(repeats) > 1) print_row(out, "mean ± std", "all", task, first, mean_repeats);
}

static void print_classes(TextOut *out, const json_t *classes)
{
    const char *name, *before = "; bags: ";
    json_t *n;
    json_object_foreach((json_t *)(size_t)classes, name, n)
    {
        textout_printf(out, "%s", before);
        textout_text(out, name);
        textout_printf(out, " %lld", (long long)json_integer_value(n));
        before = ", ";
    }
}

/* "AUC 0.912 ± 0.021 …" or the first mean of another kind. */
static void print_headline(TextOut *out, const json_t *task)
{
    const json_t *interval = json_object_get(task, "auc_ci95");
    const char *score = metric_main_of(json_string_value(json_object_get(task, "kind")));
    textout_printf(out, "**%s ", metric_title(score));
    print_spread(out, task, score, "folds");
    textout_printf(out, "** (mean and standard deviation over %ld folds", count(task, "n_folds"));
    if (count(task, "n_repeats") > 1) textout_printf(out, " of %ld repetitions", count(task, "n_repeats"));
    textout_printf(out, ", %ld bags)", count(task, "n_bags"));
    if (json_is_array(interval))
        textout_printf(out, "; 95 %% interval %.3f to %.3f, bags resampled within the test folds",
                       json_number_value(json_array_get(interval, 0)),
                       json_number_value(json_array_get(interval, 1)));
    if (json_object_get(task, "auc_pooled")) {
        textout_printf(out, "; pooled ");
        print_score(out, task, "auc_pooled");
    }
    if (count(task, "n_repeats") > 1) {
        textout_printf(out, "; over repetitions ");
        print_spread(out, task, score, "repeats");
    }
    print_classes(out, json_object_get(task, "classes"));
    textout_printf(out, ".\n\n");
}

/* "sensitivity 0.912 (0.850 to 0.951)" */
static void print_rate(TextOut *out, const char *before, const json_t *task, const char *name, const char *word)
{
    char key[64];
    snprintf(key, sizeof key, "%s_pooled", name);
    textout_printf(out, "%s%s ", before, word);
    print_score(out, task, key);
    snprintf(key, sizeof key, "%s_ci95", name);
    const json_t *interval = json_object_get(task, key);
    if (json_is_array(interval))
        textout_printf(out, " (%.3f to %.3f)", json_number_value(json_array_get(interval, 0)),
                       json_number_value(json_array_get(interval, 1)));
}

/* Of the test bags of all folds together, with 95 % intervals. */
static void print_rates(TextOut *out, const json_t *task)
{
    if (!json_object_get(task, "sensitivity_ci95") && !json_object_get(task, "specificity_ci95")) return;
    print_rate(out, "All test bags, with 95 % intervals: at probability 0.5 ", task, "sensitivity", "sensitivity");
    print_rate(out, ", ", task, "specificity", "specificity");
    if (json_object_get(task, "operating_sensitivity_mean")) {
        print_rate(out, "; at the operating points, chosen on validation bags, ", task, "operating_sensitivity",
                   "sensitivity");
        print_rate(out, ", ", task, "operating_specificity", "specificity");
    }
    textout_printf(out, ".\n\n");
}

/* What further cross-validations say. */
static void print_chance(TextOut *out, const json_t *task)
{
    json_t *list = chance_sentences(task);
    if (json_array_size(list) > 0) textout_printf(out, "\n");
    remarks_print(out, list);
    json_decref(list);
}

/* What each trial of a search would have scored, had it been used in all folds. */
static void print_throughout(TextOut *out, const json_t *search, const char *kind)
{
    size_t k;
    json_t *row;
    const json_t *rows = json_object_get(search, "throughout");
    if (!rows) return;
    textout_printf(
        out,
        "\n## Search\n\nEach trial, had it been used in all folds: %s of the first task on the same test bags. "
        "The best of these figures is optimistic; the figure of the run, whose folds chose for themselves, is "
        "not.\n\n| trial | settings | folds that chose it | mean |\n|---|---|---|---|\n",
        metric_title(metric_main_of(kind)));
    json_array_foreach((json_t *)(size_t)rows, k, row)
    {
        textout_printf(out, "| %ld | ", count(row, "trial"));
        textout_text(out, json_string_value(json_object_get(row, "settings")));
        textout_printf(out, " | %ld | ", count(row, "folds"));
        print_score(out, row, "mean");
        textout_printf(out, " |\n");
    }
}

static const char *first_kind(const json_t *tasks)
{
    const char *name;
    json_t *task;
    json_object_foreach((json_t *)(size_t)tasks, name, task) return json_string_value(json_object_get(task, "kind"));
    return NULL;
}

/* "**AUC, mean over tasks: 0.691 ± 0.014** (…)" above the tasks */
static void print_tasks(TextOut *out, const json_t *summary)
{
    bool known;
    number(summary, "auc_mean_tasks", &known);
    if (!known) return;
    textout_printf(out, "\n**AUC, mean over tasks: ");
    print_score(out, summary, "auc_mean_tasks");
    const double std = number(summary, "auc_mean_tasks_std_folds", &known);
    if (known) textout_printf(out, " ± %.3f", std);
    textout_printf(out, "** (mean and standard deviation over the folds of %ld repetition%s)\n",
                   count(summary, "n_repeats"), count(summary, "n_repeats") == 1 ? "" : "s");
}

static void print_remarks(TextOut *out, const json_t *remarks, const json_t *beside)
{
    if (json_array_size(remarks) == 0 && json_array_size(beside) == 0) return;
    textout_printf(out, "\n## Remarks\n\n");
    remarks_print(out, remarks);
    remarks_print(out, beside);
}

Status tally_write_table(const char *path, const json_t *summary)
{
    TextOut *out;
    const char *name;
    json_t *task;
    TRY(textout_open(&out, path, true));
    textout_printf(out, "# Cross-validation: %ld repetition%s of %ld folds\n", count(summary, "n_repeats"),
                   count(summary, "n_repeats") == 1 ? "" : "s", count(summary, "n_folds"));
    if (count(summary, "n_models") > 1)
        textout_printf(out, "\nEach fold is scored by the mean output of %ld models, whose seeds differ.\n",
                       count(summary, "n_models"));
    print_tasks(out, summary);
    json_object_foreach(json_object_get(summary, "tasks"), name, task)
    {
        textout_printf(out, "\n## ");
        textout_text(out, name);
        textout_printf(out, " (%s)\n\n", json_string_value(json_object_get(task, "kind")));
        print_headline(out, task);
        print_rates(out, task);
        print_rows(out, task);
        print_chance(out, task);
    }
    print_throughout(out, json_object_get(summary, "search"), first_kind(json_object_get(summary, "tasks")));
    print_remarks(out, json_object_get(summary, "remarks"), json_object_get(summary, "beside"));
    textout_printf(out,
                   "\nhopsack %s, seed %lld. Test bags took no part in training or in the choice of the model.\n",
                   json_string_value(json_object_get(summary, "version")),
                   (long long)json_integer_value(json_object_get(summary, "seed")));
    return textout_commit(out);
}
