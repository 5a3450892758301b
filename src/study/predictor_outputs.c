/* SPDX-License-Identifier: MIT
 *
 * predictor_outputs.c: what methods and stacks say of a bag. Models of one method read it together, each network by itself; then
 * every outer fold speaks, and the mean is the answer.
 */
#include "cohort/task.h"
#include "run/modelinputs.h"
#include "study/predictor_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- fitting ---- */

static PredictorGroup *group_of(PredictorTree *t, const Rival *rival, int task)
{
    for (int k = 0; k < t->n_group; k++)
        if (t->group[k].rival == rival && t->group[k].task == task) return &t->group[k];
    t->group[t->n_group] = (PredictorGroup){.rival = rival, .task = task};
    return &t->group[t->n_group++];
}

static Status make_groups(PredictorTree *t)
{
    t->group = calloc((size_t)t->n_path + 1, sizeof *t->group);
    if (!t->group) return fail(ERR_MEMORY, "no memory for %d models", t->n_path);
    for (int k = 0; k < t->n_path; k++) {
        if (!t->rival[k].rival) continue;
        PredictorGroup *g = group_of(t, t->rival[k].rival, t->record[k].task);
        int *grown = realloc(g->model, ((size_t)g->n + 1) * sizeof *grown);
        if (!grown) return fail(ERR_MEMORY, "no memory for %d models", t->n_path);
        g->model = grown;
        g->model[g->n++] = k;
    }
    return OK;
}

static Status open_group(PredictorGroup *g, const PredictorTree *t, const Cohort *cohort)
{
    const int n_out = t->target[t->target_of[g->task]].n_out;
    RivalModel **model = malloc(((size_t)g->n + 1) * sizeof *model);
    g->output = calloc((size_t)g->n * (size_t)n_out + 1, sizeof *g->output);
    Status status = model && g->output ? OK : fail(ERR_MEMORY, "no memory for %d models", g->n);
    for (int k = 0; status == OK && k < g->n; k++) model[k] = &t->rival[g->model[k]];
    if (status == OK) status = g->rival->apply_open(&g->applier, model, g->n, cohort);
    free((void *)model);
    return status;
}

static Status open_caches(Predictor *p, const Cohort *cohort)
{
    PredictorTree *t = p->tree;
    for (int k = 0; k < t->n_path; k++) {
        const CountScale counts = config_counts(&p->apply.model[k].config);
        if (t->rival[k].rival || t->cache[counts]) continue;
        TRY(cache_open(&t->cache[counts], cohort->file, counts, 0));
    }
    return OK;
}

Status predictor_outputs_fit(Predictor *p, const Cohort *cohort)
{
    PredictorTree *t = p->tree;
    p->apply.n_out = t->n_out;
    t->value = calloc((size_t)t->n_path * (size_t)t->n_out + 1, sizeof *t->value);
    t->is_needed = calloc((size_t)t->n_path + 1, sizeof *t->is_needed);
    t->is_out = calloc((size_t)t->n_voice + 1, sizeof *t->is_out);
    t->n_used = calloc((size_t)t->n_target + 1, sizeof *t->n_used);
    if (!t->value || !t->is_needed || !t->is_out || !t->n_used) return fail(ERR_MEMORY, "no memory for outputs");
    TRY(open_caches(p, cohort));
    TRY(make_groups(t));
    for (int k = 0; k < t->n_group; k++) TRY(open_group(&t->group[k], t, cohort));
    return OK;
}

/* ---- outputs of models ---- */

static double *value_of(const PredictorTree *t, int model, const Target *target)
{
    return t->value + (size_t)model * (size_t)t->n_out + (size_t)target->at;
}

static Status not_finite(const Predictor *p, int model, const Cohort *cohort, int member)
{
    return fail(ERR_MODEL,
                "%s: its output for bag '%s' is not a finite number: its weights, or the bag's values, overflow",
                p->apply.model[model].path, cohort->id[member]);
}

static Status ask_group(Predictor *p, const PredictorGroup *g, const Cohort *cohort, int member)
{
    const PredictorTree *t = p->tree;
    const Target *target = &t->target[t->target_of[g->task]];
    bool is_needed = false;
    for (int k = 0; k < g->n; k++) is_needed |= t->is_needed[g->model[k]];
    if (!is_needed) return OK;
    TRY(g->rival->apply(g->output, g->applier, member));
    for (int k = 0; k < g->n; k++)
        for (int o = 0; o < target->n_out; o++) {
            const double y = g->output[k * target->n_out + o];
            if (!isfinite(y)) return not_finite(p, g->model[k], cohort, member);
            value_of(t, g->model[k], target)[o] = y;
        }
    return OK;
}

static Status ask_network(Predictor *p, int model, const Cohort *cohort, int member)
{
    const PredictorTree *t = p->tree;
    ModelFile *m = &p->apply.model[model];
    const Bag *whole;
    real *out = p->apply.one;
    TRY(cache_bag(t->cache[config_counts(&m->config)], &whole, cohort->bag[member], 0));
    const Bag own = modelinputs_bag(m, whole, cohort->bag[member]);
    mil_predict(m->mil, out, &own, NULL);
    for (int k = 0; k < m->n_target; k++) {
        TaskRow row[TARGET_CLASSES];
        if (t->target_of[k] < 0) continue;
        const Target *target = &t->target[t->target_of[k]];
        task_of(target)->rows(row, &m->target[k], out + m->target[k].at, NULL);
        for (int o = 0; o < target->n_out; o++) {
            if (!isfinite(row[o].output)) return not_finite(p, model, cohort, member);
            value_of(t, model, target)[o] = row[o].output;
        }
    }
    return OK;
}

Status predictor_outputs_ask(Predictor *p, const Cohort *cohort, int member)
{
    PredictorTree *t = p->tree;
    for (int k = 0; k < t->n_group; k++) TRY(ask_group(p, &t->group[k], cohort, member));
    for (int k = 0; k < t->n_path; k++)
        if (t->is_needed[k] && !t->rival[k].rival) TRY(ask_network(p, k, cohort, member));
    return OK;
}

/* ---- outputs of folds ---- */

void predictor_outputs_need(PredictorTree *t, const PredictorNode *n)
{
    for (int k = 0; k < n->n_model; k++) t->is_needed[n->model[k]] = true;
    for (int k = 0; k < n->n_child; k++) predictor_outputs_need(t, n->child[k]);
}

bool predictor_outputs_seen(const Predictor *p, const PredictorNode *n, uint64_t hash)
{
    for (int k = 0; k < n->n_model; k++)
        if (modelfile_seen(&p->apply.model[n->model[k]], hash) != SEEN_NOT) return true;
    for (int k = 0; k < n->n_child; k++)
        if (predictor_outputs_seen(p, n->child[k], hash)) return true;
    return false;
}

/* y [n_out] as the columns' tables have it. */
void predictor_outputs_speak(double *y, const PredictorTree *t, const PredictorNode *n, const Target *target)
{
    double child[TARGET_CLASSES], sum[TARGET_CLASSES] = {0};
    const int n_out = target->n_out;
    for (int k = 0; k < n->n_model; k++)
        for (int o = 0; o < n_out; o++) sum[o] += value_of(t, n->model[k], target)[o] / n->n_model;
    for (int o = 0; o < n_out && n->n_child > 0; o++) sum[o] = n->blend.bias[o];
    for (int k = 0; k < n->n_child; k++) {
        predictor_outputs_speak(child, t, n->child[k], target);
        stackblend_add(sum, &n->blend, k, child, n_out);
    }
    for (int o = 0; o < n_out; o++) y[o] = n->slope * sum[o] + n->shift;
}

/* Of a model that speaks for itself; else NULL. */
static const RivalRecord *record_of(const PredictorTree *t, const PredictorVoice *v)
{
    return v->is_method && v->node->n_model == 1 ? &t->record[v->node->model[0]] : NULL;
}

/* On the scale of the model's own calibration, where it speaks for itself. */
static void calibrate(double *y, const RivalRecord *r, int n)
{
    for (int o = 0; o < n && r && r->is_calibrated; o++) y[o] = r->calibration[0] * y[o] + r->calibration[1];
}

/* Folds of a task that are asked: those that have not seen the bag, or all. Returns their number. */
static int choose_folds(Predictor *p, int target, uint64_t hash)
{
    PredictorTree *t = p->tree;
    int n = 0, n_all = 0;
    for (int v = 0; v < t->n_voice; v++) {
        if (t->target_of[t->voice[v].task] != target) continue;
        t->is_out[v] = p->apply.held_out && predictor_outputs_seen(p, t->voice[v].node, hash);
        n += !t->is_out[v];
        n_all++;
    }
    for (int v = 0; v < t->n_voice && n == 0; v++)
        if (t->target_of[t->voice[v].task] == target) t->is_out[v] = false;
    if (n > 0 && n < n_all) p->apply.n_used = p->apply.n_model - 1; /* what callers compare: not all */
    return n > 0 ? n : n_all;
}

/* The operating point is the mean of those of all folds that speak, if each has one. */
static void average(real *output, const PredictorTree *t, int target, int n_used)
{
    Target *at = &t->target[target];
    double sum[TARGET_CLASSES] = {0}, y[TARGET_CLASSES];
    at->has_cutoff = true, at->cutoff = 0;
    for (int v = 0; v < t->n_voice; v++) {
        if (t->target_of[t->voice[v].task] != target || t->is_out[v]) continue;
        predictor_outputs_speak(y, t, t->voice[v].node, at);
        const RivalRecord *own = record_of(t, &t->voice[v]);
        calibrate(y, own, task_n_class(at) ? at->n_out : 0);
        for (int o = 0; o < at->n_out; o++) sum[o] += y[o] / n_used;
        double cutoff = own && own->has_cutoff ? own->cutoff : t->voice[v].node->cutoff;
        calibrate(&cutoff, own, 1);
        at->has_cutoff &= !isnan(cutoff);
        at->cutoff += cutoff / n_used;
    }
    for (int o = 0; o < at->n_out; o++) output[at->at + o] = (real)sum[o];
}

Status predictor_outputs_bag(real *output, Predictor *p, const Cohort *cohort, int member)
{
    PredictorTree *t = p->tree;
    uint64_t hash = 0;
    if (p->apply.held_out) TRY(bagfile_hash(&hash, cohort->file, cohort->bag[member]));
    p->apply.n_used = p->apply.n_model;
    memset(t->is_needed, 0, (size_t)t->n_path * sizeof *t->is_needed);
    for (int k = 0; k < t->n_target; k++) t->n_used[k] = choose_folds(p, k, hash);
    for (int v = 0; v < t->n_voice; v++)
        if (!t->is_out[v]) predictor_outputs_need(t, t->voice[v].node);
    TRY(predictor_outputs_ask(p, cohort, member));
    for (int k = 0; k < t->n_target; k++) average(output, t, k, t->n_used[k]);
    return OK;
}
