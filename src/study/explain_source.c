/* SPDX-License-Identifier: MIT */
#include "cohort/task.h"
#include "core/rng.h"
#include "data/bagfile/cache.h"
#include "run/modelinputs.h"
#include "study/explain_parts.h"
#include "study/predictor_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- questions ---- */

/* Methods and stacks may predict some of their models' tasks. */
static int task_of_target(const Explain *e, int target)
{
    const PredictorTree *t = e->in->predictor->tree;
    int task = 0;
    while (t && t->target_of[task] != target) task++;
    return t ? task : target;
}

static Status list_questions(Explain *e)
{
    const Apply *a = e->apply;
    int n = 0;
    for (int t = 0; t < a->n_target; t++) n += a->target[t].n_out;
    e->question = calloc((size_t)n + 1, sizeof *e->question);
    if (!e->question) return fail(ERR_MEMORY, "no memory for %d outputs", n);
    for (int t = 0; t < a->n_target; t++)
        for (int c = 0, task = task_of_target(e, t); c < a->target[t].n_out; c++) {
            const bool alone = a->target[t].n_out == 1;
            ExplainQuestion *q = &e->question[e->n_question++];
            *q = (ExplainQuestion){.target = t, .class = alone ? -1 : c, .task = task};
            snprintf(q->name, sizeof q->name, alone ? "%.80s" : "%.80s=%.80s", a->target[t].name,
                     task_output_name(&a->target[t], c));
        }
    return OK;
}

/* Logits of several classes are compared with their mean, which softmax does not see; numbers have the unit of their column. */
void explain_source_direction(const Explain *e, double *direction, int model, int question)
{
    const ExplainQuestion *q = &e->question[question];
    const ModelFile *m = &e->apply->model[model];
    const Target *t = &m->target[q->task];
    for (int o = 0; o < mil_n_out(m->mil); o++) direction[o] = 0;
    if (q->class < 0)
        direction[t->at] = task_of(t)->output_of_row ? t->std : 1;
    else
        for (int c = 0; c < t->n_out; c++) direction[t->at + c] = (c == q->class) - 1. / t->n_out;
}

double explain_source_offset(const Explain *e, int model, int question)
{
    const Target *t = &e->apply->model[model].target[e->question[question].task];
    return task_of(t)->output_of_row ? t->mean : 0;
}

/* ---- models ---- */

static bool is_method(const Explain *e, int model)
{
    return modelfile_method(&e->apply->model[model]) != NULL;
}

static Status open_network(Explain *e, int model)
{
    const int n_max = bagfile_n_max(e->cohort->file);
    ModelFile *m = &e->apply->model[model];
    TRY(mil_new(&e->twin[model], &m->config.model, bagfile_spec(e->cohort->file), m->target, m->n_target));
    return attribution_new(&e->network[model], m->mil, e->twin[model], n_max > 0 ? n_max : 1);
}

static Status open_networks(Explain *e)
{
    int n = 0;
    for (int k = 0; k < e->apply->n_model; k++) n += !is_method(e, k);
    if (n == 0) return OK;
    e->twin = calloc((size_t)e->apply->n_model + 1, sizeof *e->twin);
    e->network = calloc((size_t)e->apply->n_model + 1, sizeof *e->network);
    if (!e->twin || !e->network) return fail(ERR_MEMORY, "no memory for %d models", e->apply->n_model);
    for (int k = 0; k < e->apply->n_model; k++)
        if (!is_method(e, k)) TRY(open_network(e, k));
    return OK;
}

/* Those that rank sequences. */
static Status open_methods(Explain *e)
{
    PredictorTree *t = e->in->predictor->tree;
    TRY(explain_stack_open(e));
    for (int k = 0; k < t->n_path; k++) {
        RivalModel *one = &t->rival[k];
        if (!one->rival || e->column[e->column_of[k]].list < 0) continue;
        TRY(one->rival->apply_open(&e->applier[k], &one, 1, e->cohort));
    }
    return OK;
}

/* Networks alone are one column without a name. */
static Status open_column(Explain *e)
{
    e->column = calloc(1, sizeof *e->column);
    if (!e->column) return fail(ERR_MEMORY, "no memory for %d models", e->apply->n_model);
    e->column[0] = (ExplainColumn){.name = "", .is_network = true};
    e->n_column = e->n_rank = 1;
    return OK;
}

Status explain_source_open(Explain *e)
{
    TRY(list_questions(e));
    const size_t n = (size_t)e->apply->n_model + 1;
    e->models = calloc(n, sizeof *e->models);
    e->bag = calloc(n, sizeof *e->bag);
    e->column_of = calloc(n, sizeof *e->column_of);
    e->applier = calloc(n, sizeof *e->applier);
    e->factor = calloc(n * (size_t)e->n_question, sizeof *e->factor);
    if (!e->models || !e->bag || !e->column_of || !e->applier || !e->factor)
        return fail(ERR_MEMORY, "no memory for %d models", e->apply->n_model);
    TRY(e->in->predictor->tree ? open_methods(e) : open_column(e));
    return open_networks(e);
}

void explain_source_close(Explain *e)
{
    for (int k = 0; k < e->apply->n_model; k++) {
        if (e->network) attribution_free(e->network[k]);
        if (e->twin) mil_free(e->twin[k]);
        if (e->applier && e->applier[k]) e->column[e->column_of[k]].rival->apply_close(e->applier[k]);
    }
    free((void *)e->network), free((void *)e->twin), free(e->applier), free(e->models), free(e->bag),
        free(e->question);
    free(e->column), free(e->column_of), free(e->factor), free(e->decision), free(e->n_bag);
}

/* ---- bags ---- */

double explain_source_factor(const Explain *e, int question, int model)
{
    return e->factor[(Index)question * e->apply->n_model + model];
}

/* Networks alone: the mean of those that have not seen the bag. */
static void list_networks(Explain *e, uint64_t hash)
{
    int n = 0, n_all = e->apply->n_model;
    for (int k = 0; k < n_all; k++) n += modelfile_seen(&e->apply->model[k], hash) == SEEN_NOT;
    for (int q = 0; q < e->n_question; q++)
        for (int k = 0; k < n_all; k++)
            if (n == 0 ? e->in->all : modelfile_seen(&e->apply->model[k], hash) == SEEN_NOT)
                e->factor[(Index)q * n_all + k] = 1. / (n ? n : n_all);
}

static void list_models(Explain *e, int member)
{
    e->n_models = 0;
    e->group[member] = 0;
    for (int k = 0; k < e->apply->n_model; k++) {
        bool has = false;
        for (int q = 0; q < e->n_question; q++) has |= explain_source_factor(e, q, k) != 0;
        if (has) e->models[e->n_models++] = k;
        if (explain_source_factor(e, 0, k) != 0) e->group[member] = rng_mix(e->group[member] ^ (uint64_t)(k + 1));
    }
}

Status explain_source_list(Explain *e, int member)
{
    uint64_t hash;
    const Bag *bag;
    TRY(cache_bag(e->apply->cache, &bag, e->cohort->bag[member], 0)); /* first: it makes the hash known */
    TRY(bagfile_hash(&hash, e->cohort->file, e->cohort->bag[member]));
    memset(e->factor, 0, (size_t)e->n_question * (size_t)e->apply->n_model * sizeof *e->factor);
    if (e->in->predictor->tree)
        explain_stack_list(e, hash);
    else
        list_networks(e, hash);
    list_models(e, member);
    return OK;
}

/* Models that read counts alike share a bag; those of a stack need not. */
static Cache *cache_of(const Explain *e, int model)
{
    const PredictorTree *t = e->in->predictor->tree;
    return t ? t->cache[config_counts(&e->apply->model[model].config)] : e->apply->cache;
}

Status explain_source_member(Explain *e, int member)
{
    const int bag = e->cohort->bag[member];
    TRY(explain_source_list(e, member));
    for (int k = 0; e->network && k < e->n_models; k++) {
        const int model = e->models[k];
        const Bag *whole;
        if (!e->network[model]) continue;
        TRY(cache_bag(cache_of(e, model), &whole, bag, 0));
        e->bag[model] = modelinputs_bag(&e->apply->model[model], whole, bag);
        attribution_open(e->network[model], &e->bag[model]);
    }
    return OK;
}

bool explain_source_is_new(const Explain *e, int model, int member)
{
    uint64_t hash;
    return bagfile_hash(&hash, e->cohort->file, e->cohort->bag[member]) == OK &&
           modelfile_seen(&e->apply->model[model], hash) == SEEN_NOT;
}
