/* SPDX-License-Identifier: MIT */
#include "cli/inspect_runs.h"
#include "cli/print.h"
#include "cohort/metric.h"
#include "core/jsontext.h"
#include "study/sides.h"

#include <stdio.h>
#include <string.h>

/* "0.123", "+0.123" or "" */
static void print_number(const json_t *value, bool sign, int width)
{
    char text[32] = "-";
    if (json_is_number(value)) snprintf(text, sizeof text, sign ? "%+.3f" : "%.3f", json_number_value(value));
    printf("  %*s", width, text);
}

#define INTERVAL_WIDTH 16

/* "0.123 to 0.234" */
static void print_interval(const json_t *interval, bool sign, int width)
{
    char text[64] = "-";
    const json_t *low = json_array_get(interval, 0), *high = json_array_get(interval, 1);
    if (json_is_number(low) && json_is_number(high))
        snprintf(text, sizeof text, sign ? "%+.3f to %+.3f" : "%.3f to %.3f", json_number_value(low),
                 json_number_value(high));
    printf("  %-*s", width, text);
}

static int name_width(const json_t *runs)
{
    size_t k;
    json_t *run;
    int width = 3;
    json_array_foreach(runs, k, run)
    {
        const int n = (int)strlen(jsontext_field(run, "name"));
        if (n > width) width = n;
    }
    return width < 40 ? width : 40;
}

static void print_run(const json_t *run, const char *score, int width)
{
    char key[80];
    snprintf(key, sizeof key, "%.60s_ci95", score);
    printf("%-*s", width, jsontext_field(run, "name"));
    print_number(json_object_get(run, score), false, 7);
    print_interval(json_object_get(run, key), false, INTERVAL_WIDTH);
    print_number(json_object_get(run, "difference"), true, 10);
    print_interval(json_object_get(run, "difference_ci95"), true, 0); /* the last */
    printf("\n");
}

static void print_reasons(const json_t *runs)
{
    size_t k;
    json_t *run;
    json_array_foreach(runs, k, run)
    {
        if (json_object_get(run, "reason"))
            printf("%s is not compared: %s\n", jsontext_field(run, "name"), jsontext_field(run, "reason"));
    }
}

static void print_task(const char *name, const json_t *task)
{
    const char *score = jsontext_field(task, "score");
    const json_t *runs = json_object_get(task, "runs");
    const int width = name_width(runs);
    size_t k;
    json_t *run;
    printf("task %s: differences are to %s, with 95 %% intervals of the same bags drawn for both\n", name,
           jsontext_field(task, "against"));
    printf("%-*s  %7s  %-*s  %10s  %s\n", width, "run", metric_title(score), INTERVAL_WIDTH, "95 % interval",
           "difference", "95 % interval");
    json_array_foreach(runs, k, run)
    {
        print_run(run, score, width);
    }
    print_reasons(runs);
}

static Status print_all(json_t *result, bool json)
{
    const char *name;
    json_t *shown, *task;
    if (json) return print_json(result);
    const Status status = print_escaped(&shown, result);
    json_decref(result);
    TRY(status);
    json_object_foreach(json_object_get(shown, "tasks"), name, task)
    {
        print_task(name, task);
    }
    json_decref(shown);
    return OK;
}

Status inspect_runs(const char *const *word, int n_word, bool json)
{
    Sides sides;
    json_t *result;
    TRY(sides_open(&sides, word, n_word));
    const Status status = sides_json(&result, &sides);
    sides_close(&sides);
    TRY(status);
    return print_all(result, json);
}
