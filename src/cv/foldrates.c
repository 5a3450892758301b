/* SPDX-License-Identifier: MIT */
#include "cv/foldrates.h"
#include "cohort/proportion.h"
#include "cohort/split.h"
#include "cohort/task.h"

#include <math.h>
#include <stdio.h>

const char *const foldrates_operating[] = {"operating_sensitivity", "operating_specificity", NULL};

const json_t *foldrates_test(const json_t *fold, const char *task)
{
    const json_t *test = json_object_get(json_object_get(fold, "parts"), part_name[PART_TEST]);
    return json_object_get(json_object_get(test, "tasks"), task);
}

bool foldrates_has_operating(json_t *const *fold, int n_job, const char *task)
{
    for (int job = 0; job < n_job; job++)
        if (json_object_get(foldrates_test(fold[job], task), "operating_cutoff")) return true;
    return false;
}

typedef struct {
    double n, hits; /* over folds; whole numbers, as shares of bags give them back */
} PooledRate;

/* `class` is that of the bags of which the rate is the share. */
static PooledRate pool(json_t *const *fold, int n_job, const Target *t, const char *name, int class)
{
    PooledRate p = {0};
    for (int job = 0; job < n_job; job++) {
        const json_t *scores = foldrates_test(fold[job], t->name), *share = json_object_get(scores, name);
        const json_t *n = json_object_get(json_object_get(scores, "classes"), task_class_name(t, class));
        if (!json_is_number(share) || !json_is_integer(n)) continue;
        p.n += (double)json_integer_value(n);
        p.hits += round(json_number_value(share) * (double)json_integer_value(n));
    }
    return p;
}

static void add_rate(json_t *out, json_t *const *fold, int n_job, int n_repeat, const Target *t, const char *name,
                     int class)
{
    char key[64];
    double interval[2];
    const PooledRate p = pool(fold, n_job, t, name, class);
    if (p.n == 0) return;
    proportion_interval(interval, p.hits / n_repeat, p.n / n_repeat);
    snprintf(key, sizeof key, "%s_pooled", name);
    json_object_set_new(out, key, json_real(p.hits / p.n));
    snprintf(key, sizeof key, "%s_ci95", name);
    json_object_set_new(out, key, json_pack("[f, f]", interval[0], interval[1]));
}

void foldrates_add(json_t *out, json_t *const *fold, int n_job, int n_repeat, const Target *target)
{
    add_rate(out, fold, n_job, n_repeat, target, "sensitivity", 1);
    add_rate(out, fold, n_job, n_repeat, target, "specificity", 0);
    if (!foldrates_has_operating(fold, n_job, target->name)) return;
    add_rate(out, fold, n_job, n_repeat, target, foldrates_operating[0], 1);
    add_rate(out, fold, n_job, n_repeat, target, foldrates_operating[1], 0);
}

void foldrates_copy(json_t *out, const json_t *fold, const char *task)
{
    static const char *const keys[] = {
        "sensitivity_ci95",      "specificity_ci95",           "operating_cutoff",      "operating_probability",
        "operating_sensitivity", "operating_sensitivity_ci95", "operating_specificity", "operating_specificity_ci95"};
    const json_t *scores = foldrates_test(fold, task);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        json_t *value = json_object_get(scores, keys[k]);
        if (value) json_object_set(out, keys[k], value);
    }
}
