/* SPDX-License-Identifier: MIT */
#include "cohort/task.h"
#include "core/jsontext.h"

#include <stdlib.h>
#include <string.h>

static Target target_of(const TaskOptions *o)
{
    const TargetType *type = target_types[o->kind];
    return (Target){.type = type,
                    .name = o->name,
                    .column = o->column,
                    .weight = o->weight,
                    .n_out = type->n_out ? type->n_out : o->classes.n,
                    .positive = o->positive,
                    .negative = o->negative,
                    .pos_weight = o->pos_weight,
                    .n_class = o->classes.n,
                    .classes = o->classes.text,
                    .class_weights = o->class_weights.n ? o->class_weights.number : NULL,
                    .mean = o->mean,
                    .std = o->std};
}

Status task_targets(Target **out, const TaskOptions *task, int n)
{
    Target *target = calloc((size_t)n, sizeof *target);
    *out = target;
    if (!target) return fail(ERR_MEMORY, "no memory for the tasks");
    for (int k = 0, at = 0; k < n; k++) {
        target[k] = target_of(&task[k]);
        target[k].at = at;
        at += target[k].n_out;
    }
    return OK;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *target_json(const Target *t)
{
    json_t *classes = json_array();
    for (int k = 0; k < t->n_class; k++) json_array_append_new(classes, json_string(t->classes[k]));
    return json_pack("{s:s, s:s, s:s, s:f, s:o, s:o, s:f, s:o, s:o, s:o}", "name", t->name, "column", t->column,
                     "kind", t->type->name, "weight", t->weight, "positive", text_or_null(t->positive), "negative",
                     text_or_null(t->negative), "pos_weight", t->pos_weight, "classes", classes, "mean",
                     jsontext_real(t->mean), "std", jsontext_real(t->std));
}

json_t *task_json(const Target *target, int n_target)
{
    json_t *list = json_array();
    for (int k = 0; k < n_target; k++) json_array_append_new(list, target_json(&target[k]));
    return list;
}

/* A regression's mean and std, which the config may leave to the training bags. */
static Status settle_scale(Target *t, const json_t *task)
{
    const json_t *mean = json_object_get(task, "mean"), *std = json_object_get(task, "std");
    if (strcmp(t->type->name, "regression") != 0) return OK;
    if (!json_is_number(mean) || !json_is_number(std) || !(json_number_value(std) > 0))
        return fail(ERR_MODEL, "task '%s' has no mean and std", t->name);
    t->mean = json_number_value(mean);
    t->std = json_number_value(std);
    return OK;
}

Status task_settle(Target *target, int n_target, const json_t *json)
{
    if (!json_is_array(json) || json_array_size(json) != (size_t)n_target)
        return fail(ERR_MODEL, "its tasks are not those of its config");
    for (int k = 0; k < n_target; k++) {
        const json_t *task = json_array_get(json, (size_t)k);
        const char *kind = json_string_value(json_object_get(task, "kind"));
        const char *name = json_string_value(json_object_get(task, "name"));
        if (!kind || !name || strcmp(kind, target[k].type->name) != 0 || strcmp(name, target[k].name) != 0)
            return fail(ERR_MODEL, "task '%s' of its config is not task %d of the model", target[k].name, k);
        target[k].positive = json_string_value(json_object_get(task, "positive"));
        target[k].negative = json_string_value(json_object_get(task, "negative"));
        TRY(settle_scale(&target[k], task));
        if (strcmp(kind, "binary") == 0 && !target[k].positive)
            return fail(ERR_MODEL, "task '%s' does not say which value is positive", target[k].name);
    }
    return OK;
}
