/* SPDX-License-Identifier: MIT */
#include "study/stackseen.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "core/shortlist.h"
#include "rival/rival.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A column that is no method is a network. */
static bool ranks(const char *column, const char *mute)
{
    if (mute && strcmp(column, mute) == 0) return false;
    const Rival *rival = rival_find(column);
    return !rival || rival->rank;
}

static int times_chosen(const json_t *task, const char *column)
{
    return jsontext_count(json_object_get(json_object_get(task, "columns"), column), "n_chosen");
}

/* In all outer folds, of a choice. */
static bool is_ranked(const json_t *task, const char *mute)
{
    const char *name;
    json_t *column;
    json_object_foreach(json_object_get(task, "columns"), name, column)
    {
        if (!ranks(name, mute) &&
            (jsontext_count(column, "n_chosen") > 0 || jsontext_number(column, "weight_mean") > 0))
            return false;
    }
    return true;
}

static void find_best(StackSeen *out, const json_t *task, const char *mute)
{
    double best = -INFINITY;
    const char *name;
    json_t *column;
    json_object_foreach(json_object_get(task, "columns"), name, column)
    {
        const json_t *mean = json_object_get(column, "inner_mean");
        const double inner = json_is_number(mean) ? json_number_value(mean) : -INFINITY;
        if (!ranks(name, mute) || (*out->column && !(inner > best))) continue;
        snprintf(out->column, sizeof out->column, "%s", name);
        best = inner;
    }
}

void stackseen_find(StackSeen *out, const json_t *tasks, const char *mute)
{
    const char *name;
    json_t *task;
    *out = (StackSeen){.whole = true};
    json_object_foreach((json_t *)(size_t)tasks, name, task)
    {
        if (is_ranked(task, mute)) continue;
        out->whole = false;
        find_best(out, task, mute);
        return;
    }
}

bool stackseen_sentence(char *text, size_t room, const json_t *task, const char *column, const char *mute)
{
    const int n_fold = (int)json_array_size(json_object_get(task, "chosen"));
    Shortlist chosen = {.most = 5}, silent = {.most = 5};
    const char *name;
    json_t *one;
    *text = '\0';
    if (n_fold == 0 || (column && times_chosen(task, column) == n_fold)) return false;
    json_object_foreach(json_object_get(task, "columns"), name, one)
    {
        const int n = jsontext_count(one, "n_chosen");
        if (n == 0) continue;
        shortlist_add(&chosen, "%.100s in %d", name, n);
        if (!ranks(name, mute)) shortlist_add(&silent, "%.100s", name);
    }
    int n =
        snprintf(text, room, "The stack chose %s of %d outer fold%s.", chosen.text, n_fold, number_plural(n_fold));
    if (silent.n > 0 && column)
        n += snprintf(text + n, room - (size_t)n, " %s rank%s no instances.", silent.text, silent.n == 1 ? "s" : "");
    if (column)
        snprintf(text + n, room - (size_t)n, " Explained is %s alone.", column);
    else
        snprintf(text + n, room - (size_t)n, " No column ranks instances, so nothing is explained.");
    return true;
}
