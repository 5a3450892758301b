/* SPDX-License-Identifier: MIT */
#include "study/predictor.h"
#include "cohort/task.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/shortlist.h"
#include "study/predictor_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- kinds of words ---- */

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static bool holds(const char *folder, const char *name)
{
    char path[PATH_ROOM];
    return path_join(path, folder, name) && file_exists(path);
}

/* The methods of a folder of `hopsack baseline`, the caller's to decref; NULL: it is none. */
static json_t *methods_of(const char *folder)
{
    char path[PATH_ROOM];
    json_t *summary = NULL;
    if (!is_folder(folder) || !path_join(path, folder, "summary.json")) return NULL;
    if (jsontext_load(&summary, path, NULL) != OK) return NULL;
    json_t *methods = json_incref(json_object_get(summary, "methods"));
    json_decref(summary);
    return methods;
}

/* A file that cannot be read is told by who reads it. */
static bool is_rival_file(const char *path)
{
    TensorFile file;
    if (is_folder(path) || !path_ends(path, ".safetensors") || safetensors_read(&file, path) != OK) return false;
    json_t *json = file.hopsack ? json_loads(file.hopsack, 0, NULL) : NULL;
    const bool is = json_object_get(json, "rival") != NULL;
    json_decref(json);
    safetensors_free(&file);
    return is;
}

bool predictor_is_other(const char *word)
{
    json_t *methods = methods_of(word);
    const bool is = methods || holds(word, "stack.json") || (holds(word, "models") && holds(word, "predictions.tsv")) ||
                    is_rival_file(word);
    json_decref(methods);
    return is;
}

static Status too_many(const char *word, json_t *methods)
{
    Shortlist names = {.most = 5};
    const char *name;
    json_t *unused;
    json_object_foreach(methods, name, unused)
    {
        shortlist_add(&names, "%.60s/%.60s", word, name);
    }
    json_decref(methods);
    return fail(ERR_USAGE,
                "%s holds several methods; name one (%s), or let hopsack stack choose among them inside the folds", word,
                names.text);
}

/* Words of one kind, and one stack at most. */
static Status check_words(const char *const *word, int n_word, bool *is_other)
{
    int n_other = 0, n_stack = 0;
    for (int k = 0; k < n_word; k++) {
        json_t *methods = methods_of(word[k]);
        if (methods) return too_many(word[k], methods);
        n_other += predictor_is_other(word[k]);
        n_stack += holds(word[k], "stack.json");
    }
    *is_other = n_other > 0;
    if (n_other == 0 || (n_other == n_word && (n_stack == 0 || n_word == 1))) return OK;
    return fail(ERR_USAGE,
                "networks, methods of hopsack baseline and stacks cannot be averaged, because their outputs have other "
                "scales; hopsack stack RIVALS RUN -o OUT chooses among them, and hopsack predict OUT predicts");
}

/* ---- reading ---- */

static const RivalModel *first_rival(const PredictorTree *t)
{
    for (int k = 0; k < t->n_path; k++)
        if (t->rival[k].rival) return &t->rival[k];
    return NULL;
}

static Status read_rivals(Predictor *p)
{
    PredictorTree *t = p->tree;
    t->rival = calloc((size_t)t->n_path + 1, sizeof *t->rival);
    t->record = calloc((size_t)t->n_path + 1, sizeof *t->record);
    if (!t->rival || !t->record) return fail(ERR_MEMORY, "no memory for %d models", t->n_path);
    for (int k = 0; k < t->n_path; k++)
        if (modelfile_method(&p->apply.model[k])) TRY(rivalfile_of(&t->rival[k], &t->record[k], &p->apply.model[k]));
    return OK;
}

/* A model file predicts the task that it was made for. */
static void settle_files(PredictorTree *t)
{
    for (int k = 0; k < t->n_voice; k++)
        if (t->voice[k].task < 0) t->voice[k].task = t->record[t->voice[k].node->model[0]].task;
}

static bool is_predicted(const PredictorTree *t, const char *name, int task)
{
    for (int k = 0; k < t->n_task; k++)
        if (strcmp(t->task_name[k], name) == 0) return true;
    for (int k = 0; k < t->n_voice && t->n_task == 0; k++)
        if (t->voice[k].task == task) return true;
    return false;
}

/* Targets of the tasks that are predicted; numbers are in their column's unit. */
static Status make_targets(Predictor *p)
{
    PredictorTree *t = p->tree;
    const ModelFile *m = &p->apply.model[0];
    t->target = calloc((size_t)m->n_target + 1, sizeof *t->target);
    t->target_of = calloc((size_t)m->n_target + 1, sizeof *t->target_of);
    if (!t->target || !t->target_of) return fail(ERR_MEMORY, "no memory for %d tasks", m->n_target);
    for (int k = 0; k < m->n_target; k++) {
        t->target_of[k] = -1;
        if (!is_predicted(t, m->target[k].name, k)) continue;
        Target *target = &t->target[t->n_target];
        *target = m->target[k];
        target->at = t->n_out;
        target->mean = 0;
        target->std = 1;
        t->n_out += target->n_out;
        t->target_of[k] = t->n_target++;
    }
    p->apply.target = t->target;
    p->apply.n_target = t->n_target;
    return t->n_target ? OK : fail(ERR_MODEL, "%s: its tasks are not those of its folder", m->path);
}

/* Tasks of folders go by number; every model must mean the same by it. */
static Status check_node(const Predictor *p, const PredictorNode *n, int task)
{
    const PredictorTree *t = p->tree;
    for (int k = 0; k < n->n_child; k++) TRY(check_node(p, n->child[k], task));
    for (int k = 0; k < n->n_model; k++) {
        const int model = n->model[k];
        if (task < p->apply.model[model].n_target && t->target_of[task] >= 0 &&
            (!t->rival[model].rival || t->record[model].task == task))
            continue;
        return fail(ERR_MODEL, "%s: is no model of task %d", p->apply.model[model].path, task);
    }
    return OK;
}

/* Models of unlike methods in several words are not one method's. */
static Status check_methods(const Predictor *p, int n_word)
{
    const PredictorTree *t = p->tree;
    const RivalModel *first = first_rival(t);
    for (int k = 0; k < t->n_path && n_word > 1; k++)
        if (t->rival[k].rival != first->rival)
            return fail(ERR_USAGE,
                        "%s and %s are models of unlike methods, whose outputs have other scales; hopsack stack chooses "
                        "among methods, or weighs them",
                        p->apply.model[0].path, p->apply.model[k].path);
    return OK;
}

/* Outputs of classes are logits, unless one of those that speak for themselves is neither calibrated nor a logit. */
static bool find_rank(const PredictorTree *t)
{
    for (int v = 0; v < t->n_voice; v++) {
        const PredictorNode *n = t->voice[v].node;
        for (int k = 0; k < n->n_model; k++) {
            const RivalModel *m = &t->rival[n->model[k]];
            if (m->rival && !m->rival->is_logit && !t->record[n->model[k]].is_calibrated) return true;
        }
    }
    return false;
}

static Status read_others(Predictor *p, const char *const *word, int n_word)
{
    TRY(predictor_tree_find(&p->tree, word, n_word));
    PredictorTree *t = p->tree;
    TRY(apply_read_files(&p->apply, (const char *const *)t->path, t->n_path));
    p->apply.n_word = n_word;
    p->apply.n_folder = t->n_folder;
    TRY(read_rivals(p));
    TRY(check_methods(p, n_word));
    settle_files(t);
    TRY(make_targets(p));
    for (int k = 0; k < t->n_voice; k++) TRY(check_node(p, t->voice[k].node, t->voice[k].task));
    p->is_rank = find_rank(t);
    return OK;
}

Status predictor_read(Predictor *out, const char *const *word, int n_word)
{
    bool is_other;
    *out = (Predictor){.tree = NULL};
    TRY(check_words(word, n_word, &is_other));
    if (!is_other) return apply_read(&out->apply, word, n_word);
    const Status status = read_others(out, word, n_word);
    if (status != OK) predictor_free(out);
    return status;
}

void predictor_free(Predictor *p)
{
    predictor_tree_free(p->tree);
    apply_free(&p->apply);
    *p = (Predictor){.tree = NULL};
}

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
        const int counts = p->apply.model[k].config.data.counts;
        if (t->rival[k].rival || t->cache[counts]) continue;
        TRY(cache_open(&t->cache[counts], cohort->file, (CountScale)counts, 0));
    }
    return OK;
}

Status predictor_fit(Predictor *p, const Cohort *cohort)
{
    PredictorTree *t = p->tree;
    TRY(apply_fit(&p->apply, cohort->file));
    if (!t) return OK;
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
    TRY(cache_bag(t->cache[m->config.data.counts], &whole, cohort->bag[member], 0));
    mil_predict(m->mil, out, whole, NULL);
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

static Status ask_models(Predictor *p, const Cohort *cohort, int member)
{
    PredictorTree *t = p->tree;
    for (int k = 0; k < t->n_group; k++) TRY(ask_group(p, &t->group[k], cohort, member));
    for (int k = 0; k < t->n_path; k++)
        if (t->is_needed[k] && !t->rival[k].rival) TRY(ask_network(p, k, cohort, member));
    return OK;
}

/* ---- outputs of folds ---- */

static void need(PredictorTree *t, const PredictorNode *n)
{
    for (int k = 0; k < n->n_model; k++) t->is_needed[n->model[k]] = true;
    for (int k = 0; k < n->n_child; k++) need(t, n->child[k]);
}

static bool has_seen(const Predictor *p, const PredictorNode *n, uint64_t hash)
{
    for (int k = 0; k < n->n_model; k++)
        if (modelfile_seen(&p->apply.model[n->model[k]], hash) != SEEN_NOT) return true;
    for (int k = 0; k < n->n_child; k++)
        if (has_seen(p, n->child[k], hash)) return true;
    return false;
}

/* y [n_out] as the columns' tables have it. */
static void speak(double *y, const PredictorTree *t, const PredictorNode *n, const Target *target)
{
    double child[TARGET_CLASSES], sum[TARGET_CLASSES] = {0};
    const int n_out = target->n_out;
    for (int k = 0; k < n->n_model; k++)
        for (int o = 0; o < n_out; o++) sum[o] += value_of(t, n->model[k], target)[o] / n->n_model;
    for (int o = 0; o < n_out && n->n_child > 0; o++) sum[o] = n->blend.bias[o];
    for (int k = 0; k < n->n_child; k++) {
        speak(child, t, n->child[k], target);
        stackblend_add(sum, &n->blend, k, child, n_out);
    }
    memcpy(y, sum, (size_t)n_out * sizeof *y);
}

/* On the scale of the model's calibration. */
static void calibrate(double *y, const PredictorTree *t, const PredictorNode *n, const Target *target)
{
    const RivalRecord *r = n->n_model == 1 ? &t->record[n->model[0]] : NULL;
    if (!r || !r->is_calibrated || target->n_out != 1 || task_n_class(target) == 0) return;
    *y = r->calibration[0] * *y + r->calibration[1];
}

/* Folds of a task that are asked: those that have not seen the bag, or all. Returns their number. */
static int choose_folds(Predictor *p, int target, uint64_t hash)
{
    PredictorTree *t = p->tree;
    int n = 0, n_all = 0;
    for (int v = 0; v < t->n_voice; v++) {
        if (t->target_of[t->voice[v].task] != target) continue;
        t->is_out[v] = p->apply.held_out && has_seen(p, t->voice[v].node, hash);
        n += !t->is_out[v];
        n_all++;
    }
    for (int v = 0; v < t->n_voice && n == 0; v++)
        if (t->target_of[t->voice[v].task] == target) t->is_out[v] = false;
    if (n > 0 && n < n_all) p->apply.n_used = p->apply.n_model - 1; /* what callers compare: not all */
    return n > 0 ? n : n_all;
}

static void average(real *output, const PredictorTree *t, int target, int n_used)
{
    const Target *at = &t->target[target];
    double sum[TARGET_CLASSES] = {0}, y[TARGET_CLASSES];
    for (int v = 0; v < t->n_voice; v++) {
        if (t->target_of[t->voice[v].task] != target || t->is_out[v]) continue;
        speak(y, t, t->voice[v].node, at);
        calibrate(y, t, t->voice[v].node, at);
        for (int o = 0; o < at->n_out; o++) sum[o] += y[o] / n_used;
    }
    for (int o = 0; o < at->n_out; o++) output[at->at + o] = (real)sum[o];
}

static Status others_bag(real *output, Predictor *p, const Cohort *cohort, int member)
{
    PredictorTree *t = p->tree;
    uint64_t hash = 0;
    if (p->apply.held_out) TRY(bagfile_hash(&hash, cohort->file, cohort->bag[member]));
    p->apply.n_used = p->apply.n_model;
    memset(t->is_needed, 0, (size_t)t->n_path * sizeof *t->is_needed);
    for (int k = 0; k < t->n_target; k++) t->n_used[k] = choose_folds(p, k, hash);
    for (int v = 0; v < t->n_voice; v++)
        if (!t->is_out[v]) need(t, t->voice[v].node);
    TRY(ask_models(p, cohort, member));
    for (int k = 0; k < t->n_target; k++) average(output, t, k, t->n_used[k]);
    return OK;
}

Status predictor_bag(real *output, Predictor *p, const Cohort *cohort, int member, MilAttention *attention)
{
    if (!p->tree) return apply_bag(output, &p->apply, cohort->bag[member], attention);
    return others_bag(output, p, cohort, member);
}
