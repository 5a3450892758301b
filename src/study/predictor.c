/* SPDX-License-Identifier: MIT */
#include "study/predictor.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/shortlist.h"
#include "study/predictor_parts.h"
#include "study/studyrun.h"

#include <stdlib.h>
#include <string.h>

/* ---- kinds of words ---- */

/* A file that is damaged is told by who reads it; one that the machine cannot read now may be readable then. */
static Status passing(Status status)
{
    return status == ERR_MEMORY || status == ERR_IO ? status : OK;
}

/* The methods of a folder of `hopsack baseline`, the caller's to decref; NULL: it is none. */
static Status methods_of(json_t **methods, const char *folder)
{
    char path[PATH_ROOM];
    json_t *summary = NULL;
    *methods = NULL;
    if (!file_is_folder(folder) || !path_join(path, folder, "summary.json")) return OK;
    const Status status = jsontext_load(&summary, path, NULL);
    if (status != OK) return passing(status);
    *methods = json_incref(json_object_get(summary, "methods"));
    json_decref(summary);
    return OK;
}

static Status is_rival_file(bool *is, const char *path)
{
    TensorFile file;
    *is = false;
    if (file_is_folder(path) || !path_ends(path, ".safetensors")) return OK;
    const Status status = safetensors_read(&file, path);
    if (status != OK) return passing(status);
    json_t *json = file.hopsack ? json_loads(file.hopsack, 0, NULL) : NULL;
    *is = json_object_get(json, "rival") != NULL;
    json_decref(json);
    safetensors_free(&file);
    return OK;
}

/* A method's models, or one of them, or a stack. */
static Status is_other(bool *is, const char *word)
{
    *is = predictor_tree_is_stack(word) || predictor_tree_is_method(word);
    return *is ? OK : is_rival_file(is, word);
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
                "%s holds several methods; name one (%s), or let hopsack stack choose among them inside the folds",
                word, names.text);
}

/* Words of one kind, and one stack at most. */
static Status check_words(const char *const *word, int n_word, bool *others)
{
    int n_other = 0, n_stack = 0;
    for (int k = 0; k < n_word; k++) {
        bool is;
        json_t *methods;
        TRY(studyrun_refuse(word[k]));
        TRY(methods_of(&methods, word[k]));
        if (methods) return too_many(word[k], methods);
        TRY(is_other(&is, word[k]));
        n_other += is;
        n_stack += predictor_tree_is_stack(word[k]);
    }
    *others = n_other > 0;
    if (n_other == 0 || (n_other == n_word && (n_stack == 0 || n_word == 1))) return OK;
    return fail(
        ERR_USAGE,
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
        target->is_calibrated = target->has_cutoff = false; /* outputs are logits, if they are anything */
        t->n_out += target->n_out;
        t->target_of[k] = t->n_target++;
    }
    free(p->apply.target);
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
            return fail(
                ERR_USAGE,
                "%s and %s are models of unlike methods, whose outputs have other scales; hopsack stack chooses "
                "among methods, or weighs them",
                p->apply.model[0].path, p->apply.model[k].path);
    return OK;
}

/* A model that speaks for itself may be neither calibrated nor a logit. */
static bool find_rank(const PredictorTree *t)
{
    for (int v = 0; v < t->n_voice; v++) {
        const PredictorNode *n = t->voice[v].node;
        for (int k = 0; k < n->n_model && t->voice[v].is_method; k++) {
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
    for (int k = 0; k < t->n_path; k++) p->holds_residues |= t->rival[k].rival && t->rival[k].rival->holds_residues;
    return OK;
}

Status predictor_read(Predictor *out, const char *const *word, int n_word)
{
    bool others;
    *out = (Predictor){.tree = NULL};
    TRY(check_words(word, n_word, &others));
    if (!others) return apply_read(&out->apply, word, n_word);
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

/* ---- outputs ---- */

Status predictor_fit(Predictor *p, const Cohort *cohort)
{
    TRY(apply_fit(&p->apply, cohort));
    return p->tree ? predictor_outputs_fit(p, cohort) : OK;
}

Status predictor_bag(real *output, Predictor *p, const Cohort *cohort, int member, MilAttention *attention)
{
    if (!p->tree) return apply_bag(output, &p->apply, cohort->bag[member], attention);
    return predictor_outputs_bag(output, p, cohort, member);
}
