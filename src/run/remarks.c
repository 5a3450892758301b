/* SPDX-License-Identifier: MIT */
#include "run/remarks.h"
#include "core/number.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void remarks_append(json_t *remarks, const char *format, ...)
{
    char text[1400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(remarks, json_string(text));
}

static int bags_of(const json_t *scores)
{
    return (int)json_integer_value(json_object_get(scores, "n_bags"));
}

/* Either all positive bags are found and no negative one, or the other way round. */
bool remarks_one_class(const json_t *scores)
{
    const json_t *sensitivity = json_object_get(scores, "sensitivity"),
                 *specificity = json_object_get(scores, "specificity");
    if (!json_is_number(sensitivity) || !json_is_number(specificity) || bags_of(scores) < REMARKS_FEW) return false;
    const double found = json_number_value(sensitivity), left = json_number_value(specificity);
    return (found == 1 && left == 0) || (found == 0 && left == 1);
}

/* Of the last part alone: validation and test mostly agree. */
static bool is_perfect(const json_t *parts, const char *part, const json_t *scores)
{
    const json_t *auc = json_object_get(scores, "auc");
    if (strcmp(part, "validation") == 0 && json_is_object(json_object_get(parts, "test"))) return false;
    return json_is_number(auc) && json_number_value(auc) == 1 && bags_of(scores) >= REMARKS_FEW;
}

static void add_part(json_t *remarks, const json_t *parts, const char *part, const char *task)
{
    const json_t *scores = json_object_get(json_object_get(json_object_get(parts, part), "tasks"), task);
    if (strcmp(part, "train") == 0) return;
    if (remarks_one_class(scores))
        remarks_append(remarks,
                       "%s, task '%.60s': all %d bags are predicted to be of one class (%s); look at the AUC, not at "
                       "the accuracy",
                       part, task, bags_of(scores),
                       json_number_value(json_object_get(scores, "sensitivity")) == 1 ? "positive" : "negative");
    if (is_perfect(parts, part, scores))
        remarks_append(
            remarks,
            "%s, task '%.60s': a perfect AUC (%d bags) is rare; make sure that it is no leak (hopsack check)", part,
            task, bags_of(scores));
}

static const json_t *task_of_part(const json_t *parts, const char *part, const char *task)
{
    return json_object_get(json_object_get(json_object_get(parts, part), "tasks"), task);
}

/* Validation, or where there is none the bags not seen. */
static void add_gap(json_t *remarks, const json_t *parts, const char *task)
{
    static const char *const others[] = {"validation", "test", "new", NULL};
    const char *const *other = others;
    const json_t *train = json_object_get(task_of_part(parts, "train", task), "auc"), *scores = NULL;
    while (*other && !json_is_number(json_object_get(scores = task_of_part(parts, *other, task), "auc"))) other++;
    if (!*other || !json_is_number(train) || bags_of(scores) < REMARKS_FEW) return;
    const double learned = json_number_value(train), found = json_number_value(json_object_get(scores, "auc"));
    if (learned - found < REMARKS_GAP) return;
    remarks_append(remarks,
                   "task '%.60s': AUC %.3f in training is far above %.3f in %s (%d bags); the model may overfit its "
                   "training bags, and only scores of other bags count",
                   task, learned, found, *other, bags_of(scores));
}

json_t *remarks_parts(const json_t *parts)
{
    const char *part, *task;
    json_t *of_part, *scores, *remarks = json_array();
    json_object_foreach((json_t *)(size_t)parts, part, of_part)
    {
        json_object_foreach(json_object_get(of_part, "tasks"), task, scores) add_part(remarks, parts, part, task);
    }
    json_object_foreach(json_object_get(json_object_get(parts, "train"), "tasks"), task, scores)
        add_gap(remarks, parts, task);
    return remarks;
}

void remarks_check(json_t *remarks, const json_t *check)
{
    const char *task;
    json_t *of_task;
    json_object_foreach((json_t *)(size_t)check, task, of_task)
    {
        const json_t *sentence = json_object_get(of_task, "sentence");
        if (sentence) json_array_append_new(remarks, json_string(json_string_value(sentence)));
    }
}

void remarks_inputs(json_t *remarks, int n_input, bool shown)
{
    static const char *const how =
        "; for the scores without, run the same command with --no-model.bag_inputs.nuisance "
        "--no-model.bag_inputs.genes --model.bag_inputs.columns=[] and another -o";
    if (n_input == 0) return;
    remarks_append(
        remarks,
        "the network reads %d number%s of the bag as a whole (model.bag_inputs), which may come from depth, "
        "batch or the choice of people%s",
        n_input, number_plural(n_input), shown ? "" : how);
}

void remarks_add(json_t *summary, const json_t *parts, const json_t *check, int n_input)
{
    json_t *remarks = remarks_parts(parts);
    remarks_inputs(remarks, n_input, false);
    remarks_check(remarks, check);
    json_object_set_new(summary, "remarks", remarks);
    if (check) json_object_set_new(summary, "check", json_deep_copy(check)); /* other threads count its references */
}

void remarks_print(TextOut *out, const json_t *sentences)
{
    size_t k;
    json_t *sentence;
    json_array_foreach((json_t *)(size_t)sentences, k, sentence)
    {
        textout_printf(out, "* ");
        textout_text(out, json_string_value(sentence));
        textout_printf(out, ".\n");
    }
}
