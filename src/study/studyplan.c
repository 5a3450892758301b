/* SPDX-License-Identifier: MIT */
#include "study/studyplan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_word(StudyStep *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_word(StudyStep *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    step->failed |= json_array_append_new(step->word, json_vsprintf(format, args)) != 0;
    va_end(args);
}

static StudyStep *begin(StudyPlan *plan, const StudySetup *s, const char *name, const char *result, const char *line)
{
    assert(plan->n < STUDYPLAN_STEPS);
    StudyStep *step = &plan->step[plan->n++];
    *step = (StudyStep){.name = name, .line = line, .word = json_array()};
    snprintf(step->result, sizeof step->result, "%s/%s", s->folder, result);
    return step;
}

static bool is_of_network(const char *key)
{
    static const char *const sections[] = {"model.", "train.", "crossval.", "search.", NULL};
    for (const char *const *section = sections; *section; section++)
        if (strncmp(key, *section, strlen(*section)) == 0) return true;
    return false;
}

static bool is_folds(const char *key)
{
    return strcmp(key, "splits") == 0 || strcmp(key, "splits.file") == 0;
}

/* The settings as flags: of the data and the labels, and of the network where it is the network's. */
static void add_settings(StudyStep *step, const StudySetup *s, bool network)
{
    for (int k = 0; k < s->n_setting; k++) {
        const char *key = s->setting[k];
        if (strcmp(key, "data.path") == 0 || (is_of_network(key) && !network) || (is_folds(key) && network)) continue;
        add_word(step, "--%s=%s", key, s->value[k]);
    }
}

/* Last: what does not change the result (studyplan_same). */
static void add_common(StudyStep *step, const StudySetup *s)
{
    step->n_deciding = (int)json_array_size(step->word);
    if (s->threads > 0) add_word(step, "--threads=%d", s->threads);
    if (s->quiet) add_word(step, "--quiet");
}

static void add_output(StudyStep *step)
{
    add_word(step, "-o");
    add_word(step, "%s", step->result);
}

/* ---- the steps ---- */

static void plan_check(StudyPlan *plan, const StudySetup *s)
{
    StudyStep *step =
        begin(plan, s, "check", "check.json", "damage, equal bags, numbers that alone predict the label");
    add_word(step, "check");
    add_word(step, "%s", s->data);
    add_word(step, "%s", s->config);
    add_settings(step, s, false);
    add_word(step, "--json");
    add_common(step, s);
}

/* Of the trainings: where they go on, and by which inner folds. */
static void add_training(StudyStep *step, const StudySetup *s)
{
    step->resumes = true;
    add_word(step, "--inner=%d", s->inner);
    if (s->permute) add_word(step, "--permute=%d", s->permute);
    add_output(step);
    add_common(step, s);
}

static void plan_rivals(StudyPlan *plan, const StudySetup *s)
{
    StudyStep *step = begin(plan, s, "rivals", "rivals", "rival methods, and the folds of all");
    add_word(step, "baseline");
    add_word(step, "%s", s->data);
    add_word(step, "%s", s->config);
    add_settings(step, s, false);
    add_training(step, s);
}

static void plan_network(StudyPlan *plan, const StudySetup *s)
{
    StudyStep *step = begin(plan, s, "network", "network", "the network on the same folds, and on inner folds");
    add_word(step, "crossval");
    add_word(step, "%s", s->config);
    add_word(step, "--data.path=%s", s->data);
    add_settings(step, s, true);
    add_word(step, "--splits=%s/rivals/splits.tsv", s->folder);
    add_training(step, s);
}

static void plan_stack(StudyPlan *plan, const StudySetup *s)
{
    StudyStep *step = begin(plan, s, "stack", "stack", "the choice among them inside the folds");
    add_word(step, "stack");
    add_word(step, "%s/rivals", s->folder);
    if (s->network) add_word(step, "%s/network", s->folder);
    add_output(step);
    add_common(step, s);
}

static bool explains(const StudySetup *s)
{
    return s->explain && (s->seen.whole || *s->seen.column);
}

static void plan_explain(StudyPlan *plan, const StudySetup *s)
{
    StudyStep *step = begin(plan, s, "explain", "seen",
                            s->seen.whole ? "sequences, residues and motifs of what the stack chooses"
                                          : "the best column that ranks instances, as what the stack chose does not");
    const bool is_network = strcmp(s->seen.column, "network") == 0;
    add_word(step, "explain");
    if (s->seen.whole)
        add_word(step, "%s/stack", s->folder);
    else
        add_word(step, "%s/%s%s", s->folder, is_network ? "" : "rivals/", s->seen.column);
    add_word(step, "%s", s->data);
    if (s->metadata) {
        add_word(step, "--metadata=%s", s->metadata);
        add_word(step, "--id-column=%s", s->id_column);
    }
    add_output(step);
    add_common(step, s);
}

static void plan_report(StudyPlan *plan, const StudySetup *s)
{
    StudyStep *step = begin(plan, s, "report", "report.html", "the page, and its figures");
    add_word(step, "report");
    add_word(step, "%s/%s", s->folder, s->network ? "network" : "stack");
    add_word(step, "--rivals=%s/rivals", s->folder);
    if (s->network) add_word(step, "--stack=%s/stack", s->folder);
    if (explains(s)) add_word(step, "--explain=%s/seen", s->folder);
    add_word(step, "--check=%s/check.json", s->folder);
    add_word(step, "--figures=%s/figures", s->folder);
    add_output(step);
    add_common(step, s);
}

Status studyplan_make(StudyPlan *out, const StudySetup *s)
{
    *out = (StudyPlan){0};
    if (strlen(s->folder) + 64 > STUDYPLAN_ROOM || strlen(s->data) + 64 > STUDYPLAN_ROOM)
        return fail(ERR_USAGE, "%.60s…: the path is too long", s->folder);
    plan_check(out, s);
    plan_rivals(out, s);
    if (s->network) plan_network(out, s);
    plan_stack(out, s);
    if (explains(s)) plan_explain(out, s);
    plan_report(out, s);
    for (int k = 0; k < out->n; k++)
        if (!out->step[k].word || out->step[k].failed)
            return fail(ERR_USAGE,
                        "the step '%s' of the study: a path or setting is not UTF-8 text, or too long for "
                        "the memory",
                        out->step[k].name);
    return OK;
}

Status studyplan_explain(StudyPlan *plan, const StudySetup *s)
{
    StudyPlan old = *plan;
    const Status status = studyplan_make(plan, s);
    for (int k = 0, of = 0; k < plan->n; k++) {
        while (of < old.n - 1 && strcmp(old.step[of].name, plan->step[k].name) != 0) of++;
        plan->step[k].cost = old.step[of].cost;
    }
    studyplan_free(&old);
    return status;
}

bool studyplan_same(const StudyStep *step, const json_t *words)
{
    for (int k = 0; k < step->n_deciding; k++)
        if (!json_equal(json_array_get(step->word, (size_t)k), json_array_get(words, (size_t)k))) return false;
    return true;
}

void studyplan_free(StudyPlan *plan)
{
    for (int k = 0; k < plan->n; k++) json_decref(plan->step[k].word);
    *plan = (StudyPlan){0};
}
