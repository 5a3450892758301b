/* SPDX-License-Identifier: MIT */
#include "cv/chance.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static json_t *summary(double auc)
{
    return json_pack("{s:{s:{s:s, s:o, s:[f, f], s:i, s:i, s:{s:i, s:i}}}}", "tasks", "status", "kind", "binary",
                     "auc_mean", isnan(auc) ? json_null() : json_real(auc), "auc_ci95", 0.7, 0.9, "n_folds", 4,
                     "n_bags", 100, "classes", "-", 50, "+", 50);
}

static json_t *list(const double *auc, int n)
{
    json_t *out = json_array();
    for (int k = 0; k < n; k++) json_array_append_new(out, auc[k] < 0 ? json_null() : summary(auc[k]));
    return out;
}

static json_t *task_of(json_t *s)
{
    return json_object_get(json_object_get(s, "tasks"), "status");
}

static double number(const json_t *task, const char *where, const char *key)
{
    return json_number_value(json_object_get(json_object_get(task, where), key));
}

static void must_say(const json_t *task, int place, const char *text)
{
    json_t *sentences = chance_sentences(task);
    const char *said = json_string_value(json_array_get(sentences, (size_t)place));
    cr_expect(said && strstr(said, text), "'%s' is not in '%s'", text, said ? said : "(nothing)");
    json_decref(sentences);
}

/* Equal ones and those that are not defined count against the method. */
Test(cv_chance, p_value)
{
    const double auc[] = {0.5, 0.8, 0.81, 0.6, -1, NAN, 0.55, 0.45, 0.4};
    json_t *s = summary(0.8), *subs = list(auc, 9);
    chance_add_permuted(json_object_get(s, "tasks"), subs);
    cr_expect_float_eq(number(task_of(s), "permuted", "p"), 0.5, 1e-12);
    cr_expect_float_eq(number(task_of(s), "permuted", "auc_mean"), 4.11 / 7, 1e-12);
    cr_expect_eq(json_array_size(json_object_get(json_object_get(task_of(s), "permuted"), "auc")), 9);
    must_say(task_of(s), 0,
             "9 further cross-validations reached AUC 0.587 on average (0.400 to 0.810). 4 of them reached "
             "0.800: p = 0.5");
    json_decref(s);
    json_decref(subs);
}

Test(cv_chance, no_figure_no_p)
{
    const double auc[] = {0.5};
    json_t *s = summary(NAN), *subs = list(auc, 1);
    chance_add_permuted(json_object_get(s, "tasks"), subs);
    cr_expect(json_is_null(json_object_get(json_object_get(task_of(s), "permuted"), "p")));
    json_t *sentences = chance_sentences(task_of(s));
    cr_expect_eq(json_array_size(sentences), 0);
    json_decref(sentences);
    json_decref(s);
    json_decref(subs);
}

/* 50 and 50 bags: one ranking's standard error is .058. */
Test(cv_chance, batches_are_recognised)
{
    const double above[] = {0.7, 0.6, 0.8, 0.7, 0.65, 0.75}, near[] = {0.6, 0.6, 0.62, 0.58, 0.6, 0.6};
    json_t *s = summary(0.9), *subs = list(above, 6);
    chance_add_batch_permuted(json_object_get(s, "tasks"), subs);
    must_say(task_of(s), 0, "the method recognises batches");
    json_decref(subs);
    subs = list(near, 6);
    chance_add_batch_permuted(json_object_get(s, "tasks"), subs);
    must_say(task_of(s), 0, "nothing shows that the method recognises batches");
    json_decref(s);
    json_decref(subs);
}

Test(cv_chance, whole_batches)
{
    json_t *s = summary(0.9), *sub = summary(0.75);
    chance_add_left_out(json_object_get(s, "tasks"), sub, "");
    cr_expect_float_eq(number(task_of(s), "leave_batch_out", "auc_mean"), 0.75, 1e-12);
    must_say(task_of(s), 0,
             "the AUC is 0.750 (4 batches, 95 % interval 0.700 to 0.900). That is what to expect of a new batch");
    chance_add_left_out(json_object_get(s, "tasks"), NULL, "there is one batch");
    must_say(task_of(s), 0, "There is no figure with whole batches left out: there is one batch");
    json_decref(s);
    json_decref(sub);
}
