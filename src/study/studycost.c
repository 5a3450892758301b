/* SPDX-License-Identifier: MIT */
#include "study/studycost.h"
#include "core/log.h"
#include "cv/crossval.h"
#include "study/baseline.h"
#include "study/stepcost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the steps leave for one another. */
typedef struct {
    const StudySetup *setup;
    const Config *config;
    char folder[STUDYPLAN_ROOM]; /* of runs that are planned only: there is none */
    int n_bag, n_method, n_fold; /* n_fold: of all repetitions */
    double n_instance;
    Cost pass;
} Costing;

static int number_of(const json_t *plan, const char *key)
{
    return (int)json_integer_value(json_object_get(plan, key));
}

static Status count_bags(Costing *c)
{
    BagFile *file;
    TRY(bagfile_open(&file, config_dataset(c->config)));
    c->n_bag = bagfile_n_bag(file);
    c->n_instance = (double)bagfile_n_total(file);
    bagfile_close(file);
    return OK;
}

static Status plan_rivals(Cost *cost, Costing *c)
{
    json_t *plan;
    const BaselineSetup setup = {
        .config = c->config, .folder = c->folder, .n_inner = c->setup->inner, .n_permute = c->setup->permute};
    TRY(baseline_plan(&plan, &setup));
    *cost = cost_told(plan);
    c->n_method = (int)json_array_size(json_object_get(plan, "methods"));
    c->n_fold = number_of(plan, "n_repeats") * number_of(plan, "n_folds");
    json_decref(plan);
    return OK;
}

static Status plan_network(Cost *cost, Costing *c)
{
    json_t *plan;
    Config config = *c->config;
    config.crossval.inner = c->setup->inner;
    if (c->setup->permute) config.crossval.permute = c->setup->permute;
    const CrossvalSetup setup = {.config = &config, .folder = c->folder, .shard = 1, .n_shard = 1};
    TRY(crossval_plan(&plan, &setup));
    *cost = cost_told(plan);
    const json_t *pass = json_object_get(plan, "seconds_pass");
    c->pass = cost_of(json_is_null(pass) ? (double)NAN : json_number_value(pass), cost->bytes);
    json_decref(plan);
    return OK;
}

static Status plan_step(StudyStep *step, Costing *c)
{
    const int n_model = c->config->crossval.ensemble * c->config->splits.n_repeat, n_task = c->config->n_task;
    if (strcmp(step->name, "check") == 0) step->cost = stepcost_check(c->n_bag, c->n_instance);
    if (strcmp(step->name, "rivals") == 0) return plan_rivals(&step->cost, c);
    if (strcmp(step->name, "network") == 0) return plan_network(&step->cost, c);
    if (strcmp(step->name, "stack") == 0)
        step->cost = stepcost_stack(c->n_method + c->setup->network, c->n_bag, c->n_fold, 1 + c->setup->permute);
    if (strcmp(step->name, "explain") == 0) step->cost = stepcost_explain(&c->pass, n_model, STUDYCOST_TOP * n_task);
    if (strcmp(step->name, "report") == 0) step->cost = stepcost_report(c->n_method + 2, c->n_bag);
    return OK;
}

Status studycost_fill(StudyPlan *plan, const StudySetup *setup, const Config *config)
{
    Costing c = {.setup = setup, .config = config};
    snprintf(c.folder, sizeof c.folder, "%.4000s/plan", setup->folder);
    TRY(count_bags(&c));
    log_hush(true); /* the steps will say it */
    Status status = OK;
    for (int k = 0; k < plan->n && status == OK; k++) status = plan_step(&plan->step[k], &c);
    log_hush(false);
    for (int k = 0; k < plan->n && status != OK; k++) plan->step[k].cost = (Cost){0};
    return status;
}

Cost studycost_sum(const StudyPlan *plan)
{
    Cost sum = {0};
    for (int k = 0; k < plan->n; k++) cost_then(&sum, &plan->step[k].cost);
    return sum;
}
