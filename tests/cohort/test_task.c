/* SPDX-License-Identifier: MIT */
#include "cohort/task.h"
#include "run/config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define SUITE train_task

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
