/* SPDX-License-Identifier: MIT */
#include "cohort/task.h"
#include "run/config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUITE cohort_task

static const char YAML[] = "data: {path: x.h5}\n"
                           "tasks:\n"
                           "- {name: a, column: a}\n"
                           "- {name: b, column: b, kind: multiclass, classes: [x, y, z]}\n"
                           "- {name: c, column: c, kind: multiclass, classes: [u, v], class_weights: [1, 0.5]}\n"
                           "- {name: d, column: d, kind: regression}\n";

Test(SUITE, outputs_follow_one_another)
{
    static const int at[] = {0, 1, 4, 6}, n_out[] = {1, 3, 2, 1};
    Config config;
    Target *target;
    cr_assert_eq(config_from_text(&config, YAML, "test"), OK, "%s", status_sentence());
    cr_assert_eq(task_targets(&target, config.task, config.n_task), OK);
    for (int k = 0; k < 4; k++) {
        cr_assert_eq(target[k].at, at[k]);
        cr_assert_eq(target[k].n_out, n_out[k]);
    }
    free(target);
    config_free(&config);
}

/* An empty list of weights once meant weights of nothing, and a loss of 0. */
Test(SUITE, classes_without_weights_count_alike)
{
    Config config;
    Target *target;
    cr_assert_eq(config_from_text(&config, YAML, "test"), OK, "%s", status_sentence());
    cr_assert_eq(task_targets(&target, config.task, config.n_task), OK);
    cr_assert_null(target[1].class_weights);
    cr_assert_eq(target[2].class_weights[1], 0.5);
    const real even[3] = {0, 0, 0}, second[3] = {0, 1, 0};
    cr_assert_float_eq(target[1].type->loss(&target[1], even, second), 1.0986122886681098, 1e-12);
    free(target);
    config_free(&config);
}

/* ---- every kind ---- */

#define N_OUT 8 /* room */

static const char EACH[] = "data: {path: x.h5}\n"
                           "tasks:\n"
                           "- {name: a, column: a, kind: binary, positive: p, negative: q}\n"
                           "- {name: b, column: b, kind: multiclass, classes: [x, y, z]}\n"
                           "- {name: c, column: c, kind: regression, mean: 20, std: 4}\n";
static const char *const cells[] = {"p", "y", "30"}; /* of a bag, by task */

static Config config;
static Target *target;

static void open_each(void)
{
    cr_assert_eq(config_from_text(&config, EACH, "test"), OK, "%s", status_sentence());
    cr_assert_eq(task_targets(&target, config.task, config.n_task), OK);
}

static void close_each(void)
{
    free(target);
    config_free(&config);
}

/* A kind that is listed has an entry in EACH. */
Test(SUITE, tables_agree, .init = open_each, .fini = close_each)
{
    int n = 0;
    for (; task_types[n]; n++) {
        const TaskType *type = task_types[n];
        cr_assert_eq(type->target, target_types[n]);
        cr_assert_lt(n, config.n_task);
        cr_expect_eq(task_of(&target[n]), type);
        cr_expect_str_eq(type->metric.name[0], "loss");
        cr_expect(type->metric.n >= 2 && type->metric.n <= METRIC_MOST);
        cr_expect_eq(type->has_auc, strcmp(type->metric.name[1], "auc") == 0);
        cr_expect_eq(!type->n_class, !type->label_class);
        cr_expect_eq(!type->n_class, !type->output_class);
    }
    cr_assert_eq(n, config.n_task);
    cr_assert_null(target_types[n]);
}

Test(SUITE, the_main_score_is_known_by_kind_and_by_names, .init = open_each, .fini = close_each)
{
    for (int k = 0; k < config.n_task; k++) {
        const MetricType *metric = metric_of(&target[k]);
        json_t *scores = json_object();
        for (int j = metric->n; j-- > 0;) json_object_set_new(scores, metric->name[j], json_null());
        json_object_set_new(scores, "n_bags", json_integer(1));
        cr_expect_str_eq(metric_main(scores), metric->name[1]);
        cr_expect_str_eq(metric_main_of(target[k].type->name), metric->name[1]);
        json_object_del(scores, "loss"); /* older summaries lack some */
        cr_expect_str_eq(metric_main(scores), metric->name[1]);
        json_object_del(scores, metric->name[1]);
        cr_expect(!metric_main(scores) || strcmp(metric_main(scores), metric->name[1]) != 0);
        json_decref(scores);
    }
    cr_expect_null(metric_main_of("none"));
}

/* A label's class, its row of predictions.tsv, and the output that the row stands for. */
Test(SUITE, labels_are_read_named_and_written, .init = open_each, .fini = close_each)
{
    static const int class[] = {1, 1, -1};
    static const char *const name[] = {"p", "y", ""};
    static const double written[] = {1, 1, 30};
    for (int k = 0; k < config.n_task; k++) {
        const TaskType *type = task_of(&target[k]);
        real label[N_OUT] = {0}, y[N_OUT];
        TaskRow row[N_OUT], blind[N_OUT];
        int read;
        cr_assert(type->read_cell(label, &read, &target[k], cells[k], false));
        if (type->fit)
            type->fit(&target[k], &(Labels){.n = 1, .n_out = N_OUT, .target = label - target[k].at}, k, NULL);
        cr_expect_eq(read, class[k]);
        cr_expect_eq(task_label_class(&target[k], label), class[k]);
        const int output = target[k].n_out > 1 ? class[k] : 0;
        cr_expect_str_eq(task_output_name(&target[k], output), name[k]);
        for (int o = 0; o < target[k].n_out; o++) y[o] = (real)(o + 0.25);
        type->rows(row, &target[k], y, label);
        type->rows(blind, &target[k], y, NULL);
        cr_expect_float_eq(row[output].label, written[k], 1e-6);
        for (int o = 0; o < target[k].n_out; o++) {
            const double back = type->output_of_row ? type->output_of_row(&target[k], row[o].output) : row[o].output;
            cr_expect_float_eq(back, (double)y[o], 1e-6);
            cr_expect(isnan(blind[o].label));
        }
        cr_expect(!type->read_cell(label, &read, &target[k], "other", false));
    }
}

/* Probabilities and operating points; a model without them has none. */
Test(SUITE, a_model_file_gives_back_what_validation_settled, .init = open_each, .fini = close_each)
{
    Target *again;
    cr_assert_eq(task_targets(&again, config.task, config.n_task), OK);
    for (int k = 0; k < 2; k++) target[k].is_calibrated = true, target[k].slope = 0.1 + k, target[k].shift = -1. / 3;
    target[0].has_cutoff = true, target[0].cutoff = -0.7;
    json_t *json = task_json(target, config.n_task),
           *calibration = json_object_get(json_array_get(json, 0), "calibration");
    cr_assert_eq(task_restore(again, config.n_task, json), OK, "%s", status_sentence());
    for (int k = 0; k < config.n_task; k++) {
        cr_assert_eq(again[k].is_calibrated, k < 2);
        cr_assert(again[k].slope == target[k].slope && again[k].shift == target[k].shift);
        cr_assert(again[k].has_cutoff == (k == 0) && again[k].cutoff == target[k].cutoff);
    }
    json_object_set_new(calibration, "slope", json_integer(0));
    cr_expect_eq(task_restore(again, config.n_task, json), ERR_MODEL);
    json_object_set_new(calibration, "slope", json_integer(1));
    json_object_del(calibration, "shift");
    cr_expect_eq(task_restore(again, config.n_task, json), ERR_MODEL);
    json_object_set_new(calibration, "shift", json_integer(1));
    json_object_set_new(json_array_get(json, 0), "cutoff", json_string("0.5"));
    cr_expect_eq(task_restore(again, config.n_task, json), ERR_MODEL);
    json_decref(json);
    free(again);
}

Test(SUITE, a_model_file_gives_back_what_training_settled, .init = open_each, .fini = close_each)
{
    Target *again;
    json_t *json = task_json(target, config.n_task);
    cr_assert_eq(task_targets(&again, config.task, config.n_task), OK);
    again[0].positive = again[0].negative = NULL;
    again[2].mean = again[2].std = (double)NAN;
    cr_assert_eq(task_restore(again, config.n_task, json), OK, "%s", status_sentence());
    cr_assert(!again[0].is_calibrated && !again[0].has_cutoff);
    json_t *same = task_json(again, config.n_task);
    cr_expect(json_equal(json, same));
    json_decref(same);
    json_object_set_new(json_array_get(json, 0), "positive", json_null());
    cr_expect_eq(task_restore(again, config.n_task, json), ERR_MODEL);
    json_decref(json);
    json = task_json(target, config.n_task);
    json_object_set_new(json_array_get(json, 2), "std", json_integer(0));
    cr_expect_eq(task_restore(again, config.n_task, json), ERR_MODEL);
    json_object_set_new(json_array_get(json, 1), "kind", json_string("binary"));
    cr_expect_eq(task_restore(again, config.n_task, json), ERR_MODEL);
    json_decref(json);
    free(again);
}
