/* SPDX-License-Identifier: MIT */
#include "cohort/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds ---- */

#define ROW(kind) &task_##kind,
const TaskType *const task_types[] = {TARGET_KINDS(ROW) NULL};
#undef ROW

const TaskType *task_of(const Target *t)
{
    const TaskType *const *type = task_types;
    while (*type && (*type)->target != t->type) type++;
    assert(*type);
    return *type;
}

int task_n_class(const Target *t)
{
    const TaskType *type = task_of(t);
    return type->n_class ? type->n_class(t) : 0;
}

int task_label_class(const Target *t, const real *target)
{
    const TaskType *type = task_of(t);
    return type->label_class ? type->label_class(t, target) : -1;
}

const char *task_output_name(const Target *t, int output)
{
    const TaskType *type = task_of(t);
    const char *name = type->output_name ? type->output_name(t, output) : NULL;
    return name ? name : "";
}

/* A binary target has one output, of its class 1. */
const char *task_class_name(const Target *t, int class)
{
    if (t->n_out > 1) return task_output_name(t, class);
    return class ? t->positive : t->negative ? t->negative : "others";
}

/* ---- from the config ---- */

#define AT(field) offsetof(TaskOptions, target.field)

const Option task_options[] = {
    {"name", OPTION_TEXT, AT(name), NULL, 0, 0, NULL, "", "name of the task in results"},
    {"column", OPTION_TEXT, AT(column), NULL, 0, 0, NULL, "", "column of the label table that holds the label"},
    {"weight", OPTION_NUMBER, AT(weight), "1.0", 0, 1e6, NULL, "", "weight of the task's loss in the total loss"},
    {0},
};

static bool member(Member *out, int place)
{
    const TaskType *type = task_types[place];
    if (type) *out = (Member){.name = type->target->name, .rows = type->options};
    return type;
}

const Family task_family = {.standard = "binary", .help = "kind of label that the column holds", .member = member};

static Status check_name(const TaskOptions *task, int i, const Settings *s)
{
    char path[64];
    snprintf(path, sizeof path, "tasks.%d.name", i);
    const char *name = task[i].target.name;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return settings_fail(s, path, "a task's name cannot hold a tab, line end or control character");
    if (!*name) return settings_fail(s, path, "a task needs a name");
    for (int j = 0; j < i; j++)
        if (strcmp(task[j].target.name, name) == 0)
            return settings_fail(s, path, "'%.60s' is also the name of task %d; rename one", name, j);
    return OK;
}

Status task_check(const TaskOptions *task, int n, const Settings *s)
{
    for (int i = 0; i < n; i++) {
        char path[64];
        const TaskType *type = task_types[task[i].kind];
        TRY(check_name(task, i, s));
        snprintf(path, sizeof path, "tasks.%d", i);
        if (type->check) TRY(type->check(&task[i], s, path));
    }
    return OK;
}

static Target target_of(const TaskOptions *o)
{
    const TaskType *type = task_types[o->kind];
    Target t = o->target;
    t.type = type->target;
    if (type->set) type->set(&t, o);
    return t;
}

/* Which outputs of the model are a target's. */
static void place_outputs(Target *target, int n)
{
    for (int k = 0, at = 0; k < n; k++) {
        Target *t = &target[k];
        t->n_out = t->type->n_out ? t->type->n_out : t->n_class;
        t->at = at;
        at += t->n_out;
    }
}

Status task_targets(Target **out, const TaskOptions *task, int n)
{
    Target *target = calloc((size_t)n, sizeof *target);
    *out = target;
    if (!target) return fail(ERR_MEMORY, "no memory for the tasks");
    for (int k = 0; k < n; k++) target[k] = target_of(&task[k]);
    place_outputs(target, n);
    return OK;
}

void task_free(Target *target, int n)
{
    for (int k = 0; target && k < n; k++)
        if (target[k].found) free((void *)target[k].classes);
    free(target);
}

Status task_find(Target *target, int n_target, const Table *table, const int *row, int n)
{
    for (int k = 0; k < n_target; k++)
        if (task_of(&target[k])->find) TRY(task_of(&target[k])->find(&target[k], table, row, n));
    place_outputs(target, n_target);
    return OK;
}

/* ---- in a model file ---- */

/* Fields of other kinds have neutral values, as version 0.1.0 wrote them. */
static json_t *target_json(const Target *t)
{
    json_t *out = json_pack("{s:s, s:s, s:s, s:f, s:n, s:n, s:f, s:[], s:f, s:f}", "name", t->name, "column",
                            t->column, "kind", t->type->name, "weight", t->weight, "positive", "negative",
                            "pos_weight", 0.0, "classes", "mean", 0.0, "std", 0.0);
    if (task_of(t)->to_json) task_of(t)->to_json(out, t);
    if (t->is_calibrated)
        json_object_set_new(out, "calibration", json_pack("{s:f, s:f}", "slope", t->slope, "shift", t->shift));
    if (t->has_cutoff) json_object_set_new(out, "cutoff", json_real(t->cutoff));
    return out;
}

json_t *task_json(const Target *target, int n_target)
{
    json_t *list = json_array();
    for (int k = 0; k < n_target; k++) json_array_append_new(list, target_json(&target[k]));
    return list;
}

/* Models of older versions have neither. */
static Status restore_settled(Target *t, const json_t *json)
{
    const json_t *calibration = json_object_get(json, "calibration"), *cutoff = json_object_get(json, "cutoff");
    const json_t *slope = json_object_get(calibration, "slope"), *shift = json_object_get(calibration, "shift");
    if (calibration && !(json_is_number(slope) && json_is_number(shift) && json_number_value(slope) > 0))
        return fail(ERR_MODEL, "task '%s': its calibration has no slope above 0, or no shift", t->name);
    if (cutoff && !json_is_number(cutoff))
        return fail(ERR_MODEL, "task '%s': its operating point is not a number", t->name);
    t->is_calibrated = calibration != NULL, t->has_cutoff = cutoff != NULL;
    t->slope = json_number_value(slope), t->shift = json_number_value(shift), t->cutoff = json_number_value(cutoff);
    return OK;
}

static Status restore(Target *t, int number, const json_t *json)
{
    const char *kind = json_string_value(json_object_get(json, "kind"));
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!kind || !name || strcmp(kind, t->type->name) != 0 || strcmp(name, t->name) != 0)
        return fail(ERR_MODEL, "task '%s' of its config is not task %d of the model", t->name, number);
    TRY(restore_settled(t, json));
    return task_of(t)->from_json ? task_of(t)->from_json(t, json) : OK;
}

Status task_restore(Target *target, int n_target, const json_t *json)
{
    if (!json_is_array(json) || json_array_size(json) != (size_t)n_target)
        return fail(ERR_MODEL, "its tasks are not those of its config");
    for (int k = 0; k < n_target; k++) TRY(restore(&target[k], k, json_array_get(json, (size_t)k)));
    place_outputs(target, n_target);
    return OK;
}
