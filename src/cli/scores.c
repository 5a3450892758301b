/* SPDX-License-Identifier: MIT */
#include "cli/scores.h"
#include "cohort/metric.h"
#include "core/escape.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/number.h"
#include "cv/chance.h"

#include <stdbool.h>
#include <string.h>

/* " sensitivity 0.950 (0.764 to 0.991)", with a 95 % interval where there is one */
static void print_rate(FILE *out, const json_t *scores, const char *name, const char *word)
{
    char key[64];
    const json_t *value = json_object_get(scores, name);
    snprintf(key, sizeof key, "%s_ci95", name);
    const json_t *interval = json_object_get(scores, key);
    if (json_is_number(value))
        fprintf(out, " %s %.3f", word, json_number_value(value));
    else
        fprintf(out, " %s undefined", word);
    if (json_is_array(interval))
        fprintf(out, " (%.3f to %.3f)", json_number_value(json_array_get(interval, 0)),
                json_number_value(json_array_get(interval, 1)));
}

static void print_value(FILE *out, const json_t *scores, const char *name)
{
    if (json_is_object(json_object_get(scores, name))) return;
    if (strncmp(name, "operating_", 10) == 0 || strstr(name, "_ci95")) return;
    fprintf(out, ",");
    print_rate(out, scores, name, name);
}

static void print_interval(FILE *out, const json_t *interval)
{
    if (!json_is_array(interval)) return;
    fprintf(out, ", 95 %% interval %.3f to %.3f", json_number_value(json_array_get(interval, 0)),
            json_number_value(json_array_get(interval, 1)));
}

/* ", operating point at probability 0.312: sensitivity 0.950 (0.764 to 0.991), specificity …" */
static void print_operating(FILE *out, const json_t *scores)
{
    const json_t *probability = json_object_get(scores, "operating_probability");
    if (!probability) return;
    fprintf(out, ", operating point at probability %.3f:", json_number_value(probability));
    print_rate(out, scores, "operating_sensitivity", "sensitivity");
    fprintf(out, ",");
    print_rate(out, scores, "operating_specificity", "specificity");
}

/* ", bags: - 20, + 21" */
static void print_classes(FILE *out, const json_t *classes)
{
    const char *name, *before = ", bags: ";
    json_t *n;
    json_object_foreach((json_t *)(size_t)classes, name, n)
    {
        char shown[64];
        fprintf(out, "%s%s %lld", before, escape_text(shown, sizeof shown, name), (long long)json_integer_value(n));
        before = ", ";
    }
}

/* The main score of the kind of task comes first. */
static void print_task(FILE *out, const char *part, const char *task, const json_t *scores, bool several)
{
    const char *name, *known = metric_main(scores), *first = known ? known : "loss";
    const json_t *score = json_object_get(scores, first), *value;
    fprintf(out, "%s%s%s %s ", part, several ? " " : "", several ? task : "", metric_title(first));
    if (json_is_number(score))
        fprintf(out, "%.3f", json_number_value(score));
    else
        fprintf(out, "undefined");
    const int n_bag = (int)json_integer_value(json_object_get(scores, "n_bags"));
    fprintf(out, " (%d bag%s)", n_bag, number_plural(n_bag));
    print_interval(out, json_object_get(scores, "auc_ci95"));
    json_object_foreach((json_t *)(size_t)scores, name, value)
    {
        if (strncmp(name, first, strlen(first)) != 0 && strcmp(name, "n_bags") != 0) print_value(out, scores, name);
    }
    print_operating(out, scores);
    print_classes(out, json_object_get(scores, "classes"));
    fprintf(out, "\n");
}

void scores_print(FILE *out, const char *part, const json_t *scores)
{
    const json_t *tasks = json_object_get(scores, "tasks"), *task;
    const char *name;
    json_object_foreach((json_t *)(size_t)tasks, name, task)
    {
        print_task(out, part, name, task, json_object_size(tasks) > 1);
    }
}

/* ---- of a cross-validation ---- */

static double number_of(const json_t *object, const char *score, const char *what, bool *known)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", score, what);
    const json_t *value = json_object_get(object, key);
    *known = json_is_number(value);
    return json_number_value(value);
}

static long count(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

static void print_mean(FILE *out, const json_t *task, const char *before, const char *score, const char *what)
{
    bool known;
    const double value = number_of(task, score, what, &known);
    if (known) fprintf(out, "%s%.3f", before, value);
}

/* "status: AUC 0.912 ± 0.021 over 5 folds (200 bags), 95 % interval 0.871 to 0.944, pooled 0.905, accuracy 0.840" */
static void print_folds(FILE *out, const char *name, const json_t *task)
{
    const json_t *interval = json_object_get(task, "auc_ci95");
    const char *known_score = metric_main_of(json_string_value(json_object_get(task, "kind")));
    const char *score = known_score ? known_score : "loss";
    bool known;
    const double mean = number_of(task, score, "_mean", &known);
    fprintf(out, "%s: %s ", name, metric_title(score));
    if (known)
        fprintf(out, "%.3f", mean);
    else
        fprintf(out, "undefined");
    print_mean(out, task, " ± ", score, "_std_folds");
    fprintf(out, " over %ld folds (%ld bags)", count(task, "n_folds"), count(task, "n_bags"));
    if (json_is_array(interval))
        fprintf(out, ", 95 %% interval %.3f to %.3f", json_number_value(json_array_get(interval, 0)),
                json_number_value(json_array_get(interval, 1)));
    if (count(task, "n_repeats") > 1) print_mean(out, task, ", ± ", score, "_std_repeats");
    if (count(task, "n_repeats") > 1) fprintf(out, " over %ld repetitions", count(task, "n_repeats"));
    print_mean(out, task, ", pooled ", "auc", "_pooled");
    print_mean(out, task, ", accuracy ", "accuracy", "_mean");
    print_mean(out, task, ", sensitivity ", "sensitivity", "_mean");
    print_mean(out, task, ", specificity ", "specificity", "_mean");
    print_classes(out, json_object_get(task, "classes"));
    print_mean(out, task, ", mae ", "mae", "_mean");
    fprintf(out, "\n");
}

/* "mean over tasks: AUC 0.691 ± 0.014 over 50 folds, ± 0.014 over 50 repetitions" */
static void print_tasks(FILE *out, const json_t *summary)
{
    bool known;
    const double mean = number_of(summary, "auc_mean_tasks", "", &known);
    if (!known) return;
    const long n_repeat = count(summary, "n_repeats");
    fprintf(out, "mean over tasks: AUC %.3f", mean);
    print_mean(out, summary, " ± ", "auc_mean_tasks", "_std_folds");
    fprintf(out, " over %ld folds", count(summary, "n_folds") * n_repeat);
    if (n_repeat > 1) print_mean(out, summary, ", ± ", "auc_mean_tasks", "_std_repeats");
    if (n_repeat > 1) fprintf(out, " over %ld repetitions", n_repeat);
    fprintf(out, "\n");
}

static void print_sentences(FILE *out, const char *name, const json_t *task)
{
    size_t i;
    json_t *sentence, *list = chance_sentences(task);
    json_array_foreach(list, i, sentence) fprintf(out, "%s: %s\n", name, json_string_value(sentence));
    json_decref(list);
}

static void log_remarks(const char *method, const json_t *remarks)
{
    size_t i;
    json_t *sentence;
    json_array_foreach(remarks, i, sentence)
        log_info("remark: %s%s%s", method ? method : "", method ? ", " : "", json_string_value(sentence));
}

void scores_log_remarks(const json_t *remarks)
{
    log_remarks(NULL, remarks);
}

void scores_print_crossval(FILE *out, const char *method, const json_t *summary)
{
    const char *name;
    json_t *task;
    json_object_foreach(json_object_get(summary, "tasks"), name, task)
    {
        if (method) fprintf(out, "%-15s ", method);
        print_folds(out, name, task);
    }
    if (method && json_object_get(summary, "auc_mean_tasks")) fprintf(out, "%-15s ", method);
    print_tasks(out, summary);
    log_remarks(method, json_object_get(summary, "remarks"));
    log_remarks(method, json_object_get(summary, "beside"));
}

void scores_print_chance(FILE *out, const json_t *summary)
{
    const char *name;
    json_t *task;
    json_object_foreach(json_object_get(summary, "tasks"), name, task) print_sentences(out, name, task);
}

/* ---- methods of a baseline ---- */

static bool print_figure(FILE *out, const json_t *object, const char *score, const char *words, bool begun)
{
    char key[64];
    snprintf(key, sizeof key, "%s_mean", score);
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value)) return begun;
    fprintf(out, "%s%s %.3f", begun ? ", " : "                ", words, json_number_value(value));
    return true;
}

/* Batches and chance, in a line below the method's own. */
static void print_method_chance(FILE *out, const json_t *task)
{
    const char *score = metric_main_of(jsontext_field(task, "kind"));
    const json_t *p = json_object_get(json_object_get(task, "permuted"), "p");
    if (!score) return;
    bool begun = print_figure(out, json_object_get(task, "leave_batch_out"), score, "whole batches left out", false);
    begun = print_figure(out, json_object_get(task, "batch_permuted"), score, "labels exchanged by batches", begun);
    if (chance_batches(task) == CHANCE_RECOGNISED) fprintf(out, " (it recognizes batches)");
    if (json_is_number(p)) fprintf(out, "%sp %.3f", begun ? ", " : "                ", json_number_value(p));
    if (begun || json_is_number(p)) fprintf(out, "\n");
}

void scores_print_methods(FILE *out, const json_t *methods)
{
    const char *name, *of;
    json_t *summary, *task;
    json_object_foreach((json_t *)(size_t)methods, name, summary)
    {
        scores_print_crossval(out, name, summary);
        json_object_foreach(json_object_get(summary, "tasks"), of, task) print_method_chance(out, task);
    }
}
