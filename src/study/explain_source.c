/* SPDX-License-Identifier: MIT */
#include "cohort/task.h"
#include "core/rng.h"
#include "data/bagfile/cache.h"
#include "run/modelinputs.h"
#include "study/explain_parts.h"
#include "study/predictor_parts.h"

#include <stdlib.h>

/* ---- questions ---- */

static Status list_questions(Explain *e)
{
    const Apply *a = e->apply;
    int n = 0;
    for (int t = 0; t < a->n_target; t++) n += a->target[t].n_out;
    e->question = calloc((size_t)n + 1, sizeof *e->question);
    if (!e->question) return fail(ERR_MEMORY, "no memory for %d outputs", n);
    for (int t = 0; t < a->n_target; t++)
        for (int c = 0; c < a->target[t].n_out; c++) {
            const bool alone = a->target[t].n_out == 1;
            ExplainQuestion *q = &e->question[e->n_question++];
            *q = (ExplainQuestion){.target = t, .class = alone ? -1 : c};
            snprintf(q->name, sizeof q->name, alone ? "%.80s" : "%.80s=%.80s", a->target[t].name,
                     task_output_name(&a->target[t], c));
        }
    return OK;
}

/* Logits of several classes are compared with their mean, which softmax does not see; numbers have the unit of their column. */
void explain_source_direction(const Explain *e, double *direction, int model, int question)
{
    const ExplainQuestion *q = &e->question[question];
    const Target *t = &e->apply->model[model].target[q->target];
    for (int o = 0; o < e->apply->n_out; o++) direction[o] = 0;
    if (q->class < 0)
        direction[t->at] = task_of(t)->output_of_row ? t->std : 1;
    else
        for (int c = 0; c < t->n_out; c++) direction[t->at + c] = (c == q->class) - 1. / t->n_out;
}

double explain_source_offset(const Explain *e, int model, int question)
{
    const Target *t = &e->apply->model[model].target[e->question[question].target];
    return task_of(t)->output_of_row ? t->mean : 0;
}

/* ---- models ---- */

static Status open_networks(Explain *e)
{
    Apply *a = e->apply;
    const int n_max = bagfile_n_max(e->cohort->file);
    e->twin = calloc((size_t)a->n_model + 1, sizeof *e->twin);
    e->network = calloc((size_t)a->n_model + 1, sizeof *e->network);
    if (!e->twin || !e->network) return fail(ERR_MEMORY, "no memory for %d models", a->n_model);
    for (int k = 0; k < a->n_model; k++) {
        ModelFile *m = &a->model[k];
        TRY(mil_new(&e->twin[k], &m->config.model, bagfile_spec(e->cohort->file), m->target, m->n_target));
        TRY(attribution_new(&e->network[k], m->mil, e->twin[k], n_max > 0 ? n_max : 1));
    }
    return OK;
}

static Status open_methods(Explain *e)
{
    PredictorTree *t = e->in->predictor->tree;
    e->applier = calloc((size_t)e->apply->n_model + 1, sizeof *e->applier);
    if (!e->applier) return fail(ERR_MEMORY, "no memory for %d models", e->apply->n_model);
    e->rival = t->rival[0].rival;
    for (int k = 0; k < t->n_path; k++)
        if (!t->rival[k].rival || t->rival[k].rival != e->rival)
            return fail(ERR_MODEL, "a stack of several columns cannot be explained as a whole; explain its columns");
    if (!e->rival->rank || !e->sequences)
        return fail(ERR_MODEL, "%s is no weighted sum over sequences, so there is nothing to explain it by",
                    e->rival->name);
    if (e->apply->n_target > 1)
        return fail(ERR_MODEL, "%s has models of several tasks; name the model files of one", e->rival->name);
    for (int k = 0; k < t->n_path; k++) {
        RivalModel *one = &t->rival[k];
        TRY(e->rival->apply_open(&e->applier[k], &one, 1, e->cohort));
    }
    return OK;
}

Status explain_source_open(Explain *e)
{
    TRY(list_questions(e));
    e->models = calloc((size_t)e->apply->n_model + 1, sizeof *e->models);
    e->bag = calloc((size_t)e->apply->n_model + 1, sizeof *e->bag);
    if (!e->models || !e->bag) return fail(ERR_MEMORY, "no memory for %d models", e->apply->n_model);
    return e->in->predictor->tree ? open_methods(e) : open_networks(e);
}

void explain_source_close(Explain *e)
{
    for (int k = 0; k < e->apply->n_model; k++) {
        if (e->network) attribution_free(e->network[k]);
        if (e->twin) mil_free(e->twin[k]);
        if (e->applier && e->applier[k]) e->rival->apply_close(e->applier[k]);
    }
    free((void *)e->network), free((void *)e->twin), free(e->applier), free(e->models), free(e->bag),
        free(e->question);
}

/* ---- bags ---- */

static void list_models(Explain *e, int member, uint64_t hash)
{
    e->n_models = 0;
    e->group[member] = 0;
    for (int k = 0; k < e->apply->n_model; k++)
        if (modelfile_seen(&e->apply->model[k], hash) == SEEN_NOT) e->models[e->n_models++] = k;
    if (e->n_models == 0 && e->in->all)
        while (e->n_models < e->apply->n_model) e->models[e->n_models] = e->n_models, e->n_models++;
    for (int k = 0; k < e->n_models; k++) e->group[member] = rng_mix(e->group[member] ^ (uint64_t)(e->models[k] + 1));
}

Status explain_source_member(Explain *e, int member)
{
    uint64_t hash;
    const Bag *whole;
    const int bag = e->cohort->bag[member];
    TRY(cache_bag(e->apply->cache, &whole, bag, 0)); /* first: it makes the hash known */
    TRY(bagfile_hash(&hash, e->cohort->file, bag));
    list_models(e, member, hash);
    for (int k = 0; e->network && k < e->n_models; k++) {
        const int model = e->models[k];
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
