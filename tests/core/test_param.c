/* SPDX-License-Identifier: MIT */
#include "core/param.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static const int many[] = {200, 100, 0};

static size_t declare(ParamList *list)
{
    (void)param_add(list, "net.0.weight", PARAM_NORMAL, 0.5, many);
    (void)param_add(list, "net.0.bias", PARAM_UNIFORM, 0.25, (const int[]){300, 0});
    return param_add(list, "beta", PARAM_CONSTANT, 8, PARAM_SHAPE(2, 3, 4));
}

Test(core_param, offsets_follow_one_another)
{
    ParamList list = {0};
    cr_assert_eq(declare(&list), 20300);
    cr_assert_eq(list.n, 3);
    cr_assert_eq(list.size, 20324);
    const Param *bias = param_find(&list, "net.0.bias");
    cr_assert(bias && bias->at == 20000 && bias->size == 300 && bias->n_dim == 1 && bias->shape[0] == 300);
    cr_assert_eq(list.param[2].n_dim, 3);
    cr_assert_null(param_find(&list, "net.0"));
    cr_assert_eq(param_check(&list), OK);
    param_free(&list);
    cr_assert(!list.param && list.n == 0 && list.size == 0);
}

Test(core_param, starts_as_declared)
{
    ParamList list = {0};
    declare(&list);
    real *theta = malloc(list.size * sizeof *theta);
    double sum = 0, squares = 0, least = 0, most = 0;
    param_start(&list, theta, 11);
    for (int i = 0; i < 20000; i++) sum += (double)theta[i], squares += (double)theta[i] * (double)theta[i];
    for (int i = 20000; i < 20300; i++) least = fmin(least, (double)theta[i]), most = fmax(most, (double)theta[i]);
    cr_assert_lt(fabs(sum / 20000), 0.5 * 3 / sqrt(20000), "mean of normals is %g", sum / 20000);
    cr_assert_lt(fabs(sqrt(squares / 20000) - 0.5), 0.01, "their deviation is %g", sqrt(squares / 20000));
    cr_assert(least >= -0.25 && least < -0.2 && most <= 0.25 && most > 0.2);
    for (int i = 20300; i < 20324; i++) cr_assert_eq(theta[i], 8);
    free(theta);
    param_free(&list);
}

/* A tensor's start depends on seed and name alone, so a model keeps it when another part is added. */
Test(core_param, start_depends_on_seed_and_name)
{
    ParamList a = {0}, b = {0};
    real x[20], y[20];
    param_add(&a, "w", PARAM_NORMAL, 1, (const int[]){10, 0});
    param_add(&b, "other", PARAM_NORMAL, 1, (const int[]){10, 0});
    param_add(&b, "w", PARAM_NORMAL, 1, (const int[]){10, 0});
    param_start(&a, x, 1);
    param_start(&b, y, 1);
    for (int i = 0; i < 10; i++) cr_assert(x[i] == y[10 + i] && x[i] != y[i]);
    param_start(&a, y, 2);
    for (int i = 0; i < 10; i++) cr_assert_neq(x[i], y[i]);
    param_free(&a);
    param_free(&b);
}

/* Runs of learned elements join what lies side by side, and leave out what is frozen wherever it lies. */
Test(core_param, runs_pass_over_frozen_tensors)
{
    static const size_t sizes[] = {2, 3, 5, 7, 11};
    for (unsigned frozen = 0; frozen < 1 << 5; frozen++) {
        ParamList list = {0};
        char seen[28] = {0}, name[2] = "a";
        size_t learned = 0;
        for (int i = 0; i < 5; i++, name[0]++) {
            const size_t at = param_add(&list, name, PARAM_CONSTANT, 0, PARAM_SHAPE((int)sizes[i]));
            if (frozen >> i & 1) param_freeze(&list, at);
        }
        for (size_t at = 0, n, before = 0; (n = param_run(&list, &at)) > 0; at += n, before = at) {
            cr_assert(before == 0 || at > before, "runs touch");
            for (size_t j = at; j < at + n; j++) seen[j]++;
        }
        for (int i = 0; i < 5; i++) {
            cr_assert_eq(list.param[i].frozen, frozen >> i & 1);
            for (size_t j = list.param[i].at; j < list.param[i].at + sizes[i]; j++)
                cr_assert_eq(seen[j], !(frozen >> i & 1), "%u: element %zu", frozen, j);
            learned += frozen >> i & 1 ? 0 : sizes[i];
        }
        cr_assert_eq(param_learned(&list), learned);
        param_free(&list);
    }
}

Test(core_param, a_prefix_takes_the_place_of_its_first_word)
{
    ParamList list = {.prefix = "part.1."};
    const int one[] = {1, 0};
    param_add(&list, "part.w", PARAM_CONSTANT, 1, one);
    param_add(&list, "other.w", PARAM_CONSTANT, 1, one);
    list.prefix = NULL;
    param_add(&list, "part.w", PARAM_CONSTANT, 1, one);
    cr_assert_eq(list.n, 3);
    cr_expect_str_eq(list.param[0].name, "part.1.w");
    cr_expect_str_eq(list.param[1].name, "part.1.other.w");
    cr_expect_str_eq(list.param[2].name, "part.w");
    param_free(&list);
}
