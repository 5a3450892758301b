/* SPDX-License-Identifier: MIT */
#include "cli/scores.h"

#include <stdbool.h>
#include <string.h>

static void print_value(FILE *out, const char *name, const json_t *value)
{
    if (json_is_number(value))
        fprintf(out, ", %s %.3f", name, json_number_value(value));
    else
        fprintf(out, ", %s undefined", name);
}

static void print_interval(FILE *out, const json_t *interval)
{
    if (!json_is_array(interval)) return;
    fprintf(out, ", 95 %% interval %.3f to %.3f", json_number_value(json_array_get(interval, 0)),
            json_number_value(json_array_get(interval, 1)));
}

/* The score that comes first is the area under the ROC curve, where the kind of task has one. */
static void print_task(FILE *out, const char *part, const char *task, const json_t *scores, bool several)
{
    const char *name, *first = json_object_get(scores, "auc") ? "auc" : json_object_get(scores, "r2") ? "r2" : "bacc";
    const json_t *auc = json_object_get(scores, first), *value;
    fprintf(out, "%s%s%s %s ", part, several ? " " : "", several ? task : "",
            strcmp(first, "auc") == 0 ? "AUC" : first);
    if (json_is_number(auc))
        fprintf(out, "%.3f", json_number_value(auc));
    else
        fprintf(out, "undefined");
    fprintf(out, " (%d bags)", (int)json_integer_value(json_object_get(scores, "n_bags")));
    print_interval(out, json_object_get(scores, "auc_ci95"));
    json_object_foreach((json_t *)(size_t)scores, name, value)
    {
        if (strncmp(name, first, strlen(first)) != 0 && strcmp(name, "n_bags") != 0) print_value(out, name, value);
    }
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
