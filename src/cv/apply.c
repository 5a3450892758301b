/* SPDX-License-Identifier: MIT */
#include "cv/apply.h"
#include "cohort/column.h"
#include "cohort/task.h"
#include "core/log.h"
#include "cv/coding.h"
#include "core/number.h"
#include "run/modelinputs.h"
#include "run/single.h"
#include "data/bagfile/rarefy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* Do the outputs of both mean the same classes? */
static bool same_outputs(const Target *a, const Target *b)
{
    bool same = a->type == b->type && a->n_out == b->n_out && strcmp(a->name, b->name) == 0;
    for (int o = 0; same && o < a->n_out; o++) same = strcmp(task_output_name(a, o), task_output_name(b, o)) == 0;
    return same;
}

static bool same_targets(const ModelFile *a, const ModelFile *b)
{
    bool same = a->n_target == b->n_target;
    for (int k = 0; same && k < a->n_target; k++) same = same_outputs(&a->target[k], &b->target[k]);
    return same;
}

static bool same_rarefy(const DataOptions *a, const DataOptions *b)
{
    if (strcmp(a->rarefy, b->rarefy) != 0) return false;
    if (strcmp(a->rarefy, "none") == 0) return true;
    const char *seed_a = a->rarefy_seed ? a->rarefy_seed : "", *seed_b = b->rarefy_seed ? b->rarefy_seed : "";
    return a->rarefy_by == b->rarefy_by && strcmp(seed_a, seed_b) == 0;
}

/* As the training bags were; a model holds a number and a seed. */
static Status rarefy_as_model(const Config *c, BagFile *file)
{
    int n_smaller;
    RarefyOptions o = {.by = (RarefyBy)c->data.rarefy_by,
                       .seed = c->data.rarefy_seed ? strtoull(c->data.rarefy_seed, NULL, 10) : c->seed};
    if (!number_read_int(&o.n, c->data.rarefy)) return OK;
    TRY(rarefy_set(file, &o, &n_smaller));
    if (n_smaller)
        log_warn("%s: %d bag%s less than the %lld %s to which the model's bags were rarefied and %s taken whole",
                 bagfile_path(file), n_smaller, n_smaller == 1 ? " has" : "s have", (long long)o.n,
                 o.by == RAREFY_COUNTS ? "counts" : "sequences", n_smaller == 1 ? "is" : "are");
    return OK;
}

static Status read_next(Apply *a, const char *path)
{
    TRY(modelfile_read(&a->model[a->n_model], path));
    a->n_model++;
    const ModelFile *first = &a->model[0], *this = &a->model[a->n_model - 1];
    if (!same_targets(first, this))
        return fail(ERR_MODEL, "%s and %s do not predict the same tasks and classes", first->path, this->path);
    if (!same_rarefy(&first->config.data, &this->config.data))
        return fail(ERR_MODEL, "%s and %s rarefy bags differently (data.rarefy)", first->path, this->path);
    return OK;
}

/* Copies, which settle_probabilities changes; their texts are the model's. */
static Status own_targets(Apply *a)
{
    const ModelFile *first = &a->model[0];
    a->n_target = first->n_target;
    a->target = malloc((size_t)a->n_target * sizeof *a->target);
    if (!a->target) return fail(ERR_MEMORY, "no memory for %d tasks", a->n_target);
    memcpy(a->target, first->target, (size_t)a->n_target * sizeof *a->target);
    return OK;
}

Status apply_read_files(Apply *out, const char *const *path, int n_path)
{
    Status status = OK;
    *out = (Apply){.model = calloc((size_t)n_path + 1, sizeof *out->model)};
    if (!out->model) return fail(ERR_MEMORY, "no memory for %d models", n_path);
    for (int k = 0; k < n_path; k++) TRY_DONE(read_next(out, path[k]));
    status = own_targets(out);
done:
    if (status != OK) apply_free(out);
    return status;
}

/* Do two networks read counts so that one bag can serve both? One may weigh instances by them and the other not. */
static bool counts_agree(const Config *a, const Config *b)
{
    const int weight_a = mil_count_weight(&a->model), weight_b = mil_count_weight(&b->model);
    return a->data.counts == b->data.counts && (weight_a == weight_b || weight_a == 0 || weight_b == 0);
}

/* What bags have that all networks can read. */
static CountScale counts_of_all(const Apply *a)
{
    int weight = 0;
    bool genes = false;
    for (int k = 0; k < a->n_model; k++) {
        const ModelOptions *model = &a->model[k].config.model;
        if (mil_count_weight(model)) weight = mil_count_weight(model);
        genes |= model->gene_size > 0;
    }
    return bagfile_with_genes(bagfile_counts(a->model[0].config.data.counts, weight), genes);
}

/* Their outputs are averaged as they are. */
static Status check_networks(const Apply *a)
{
    for (int k = 0; k < a->n_model; k++) {
        const ModelFile *this = &a->model[k];
        if (modelfile_method(this))
            return fail(ERR_MODEL,
                        "%s is a model of the method '%s', and another model is a network: outputs of both do not go "
                        "together; hopsack stack chooses among them, or weighs them",
                        this->path, modelfile_method(this));
        for (int j = 0; j < k; j++)
            if (!counts_agree(&a->model[j].config, &this->config))
                return fail(ERR_MODEL, "%s and %s read counts differently (data.counts, model.pooling.count_weight)",
                            a->model[j].path, this->path);
    }
    return OK;
}

Status apply_read(Apply *out, const char *const *path, int n_path)
{
    Status status = OK;
    ApplyPaths list = {0};
    *out = (Apply){0};
    for (int k = 0; k < n_path; k++) TRY_DONE(apply_list(&list, path[k]));
    TRY_DONE(apply_read_files(out, (const char *const *)list.path, list.n));
    TRY_DONE(check_networks(out));
    out->n_word = n_path;
    out->n_folder = list.n_folder;
done:
    apply_list_free(&list);
    if (status != OK) apply_free(out);
    return status;
}

/* A network is built; the model of another method is only compared with the bags. */
static Status fit_model(ModelFile *m, BagFile *file)
{
    TRY(modelfile_order(m, file));
    TRY(modelinputs_genes(m, file));
    if (modelfile_method(m)) return modelfile_suits(m, bagfile_spec(file), bagfile_path(file));
    return modelfile_fit(m, bagfile_spec(file), bagfile_path(file));
}

Status apply_fit(Apply *a, const Cohort *cohort)
{
    BagFile *file = cohort->file;
    for (int k = 0; k < a->n_model; k++) {
        ModelFile *m = &a->model[k];
        TRY(fit_model(m, file));
        if (k == 0) TRY(rarefy_as_model(&m->config, file));
        if (modelfile_method(m)) continue;
        TRY(single_check(&m->config.model, cohort, ERR_MODEL));
        TRY(modelinputs_read(m, cohort));
        TRY(mil_plan(m->mil, 1, bagfile_n_max(file), false));
        mil_prepare(m->mil, m->theta);
    }
    a->file = file;
    for (int k = 0; k < a->model[0].n_target; k++) a->n_out += a->model[0].target[k].n_out;
    a->one = calloc((size_t)a->n_out, sizeof *a->one);
    a->sum = calloc((size_t)a->n_out, sizeof *a->sum);
    if (!a->one || !a->sum) return fail(ERR_MEMORY, "no memory for outputs");
    return cache_open(&a->cache, file, counts_of_all(a), 0);
}

void apply_free(Apply *a)
{
    if (!a) return;
    cache_close(a->cache);
    for (int k = 0; k < a->n_model; k++) {
        if (a->model[k].mil) mil_report_capped(a->model[k].mil, a->model[k].path);
        modelfile_free(&a->model[k]);
    }
    free(a->model);
    free(a->target);
    free(a->one);
    free(a->sum);
    *a = (Apply){0};
}

/* Models of other folds may normalise labels by other bags: their outputs in the first model's scale. */
static void to_first_scale(Apply *a, int model)
{
    for (int k = 0; k < a->n_target; k++) {
        const Target *to = &a->target[k], *from = &a->model[model].target[k];
        const TaskType *type = task_of(to);
        if (!type->output_of_row || model == 0) continue;
        TaskRow row[TARGET_CLASSES];
        real *y = &a->one[to->at];
        type->rows(row, from, y, NULL);
        for (int o = 0; o < to->n_out; o++) y[o] = (real)type->output_of_row(to, row[o].output);
    }
}

static Status check_output(const Apply *a, int model, int bag)
{
    for (int o = 0; o < a->n_out; o++)
        if (!isfinite(a->one[o]))
            return fail(ERR_MODEL,
                        "%s: its output for bag '%s' is not a finite number: its weights, or the bag's values, "
                        "overflow",
                        a->model[model].path, bagfile_key(a->file, bag));
    return OK;
}

/* Is the model left out for a bag of this content? */
static bool is_left_out(const Apply *a, int model, uint64_t hash)
{
    return a->held_out && modelfile_seen(&a->model[model], hash) != SEEN_NOT;
}

static int count_used(const Apply *a, uint64_t hash)
{
    int n = 0;
    for (int k = 0; k < a->n_model; k++) n += !is_left_out(a, k, hash);
    return n;
}

/* Of outputs that are a mean: the mean slope, shift and cutoff, if all models have them. */
static void settle_probabilities(Apply *a, int n_used, uint64_t hash)
{
    for (int k = 0; k < a->n_target; k++) {
        Target *t = &a->target[k];
        t->slope = t->shift = t->cutoff = 0;
        t->is_calibrated = t->has_cutoff = true;
        for (int m = 0; m < a->n_model; m++) {
            const Target *of = &a->model[m].target[k];
            if (n_used && is_left_out(a, m, hash)) continue;
            t->is_calibrated &= of->is_calibrated, t->has_cutoff &= of->has_cutoff;
            t->slope += of->slope / a->n_used, t->shift += of->shift / a->n_used, t->cutoff += of->cutoff / a->n_used;
        }
    }
}

Status apply_bag(real *output, Apply *a, int bag, MilAttention *attention)
{
    const Bag *whole;
    uint64_t hash = 0;
    TRY(cache_bag(a->cache, &whole, bag, 0));
    if (a->held_out) TRY(bagfile_hash(&hash, a->file, bag));
    const int n_used = count_used(a, hash);
    a->n_used = n_used ? n_used : a->n_model;
    settle_probabilities(a, n_used, hash);
    for (int o = 0; o < a->n_out; o++) a->sum[o] = 0;
    for (int k = 0; k < a->n_model; k++) {
        if (n_used && is_left_out(a, k, hash)) continue;
        const Bag own = modelinputs_bag(&a->model[k], whole, bag);
        mil_predict(a->model[k].mil, a->one, &own, attention);
        TRY(check_output(a, k, bag));
        to_first_scale(a, k);
        for (int o = 0; o < a->n_out; o++) a->sum[o] += (double)a->one[o];
    }
    for (int o = 0; o < a->n_out; o++) output[o] = (real)(a->sum[o] / a->n_used);
    return OK;
}

Status apply_attention(Apply *a, int model, int bag, MilAttention *attention)
{
    const Bag *whole;
    TRY(cache_bag(a->cache, &whole, bag, 0));
    const Bag own = modelinputs_bag(&a->model[model], whole, bag);
    mil_predict(a->model[model].mil, a->one, &own, attention);
    return OK;
}

bool apply_is_crossval(const Apply *a)
{
    return a->n_word == 1 && a->n_folder == 1;
}

Status apply_model_seen(Seen *out, const Apply *a, int model, BagFile *file, int bag)
{
    uint64_t hash;
    TRY(bagfile_hash(&hash, file, bag));
    *out = modelfile_seen(&a->model[model], hash);
    return OK;
}

static void count_name(ApplyNames *names, const char *id)
{
    if (names->n++ == 0) names->first = id;
}

/* Names are compared where every model has kept them. */
static void compare_names(Apply *a, const Cohort *cohort, int member, Seen seen)
{
    const char *id = cohort->id[member], *key = bagfile_key(cohort->file, cohort->bag[member]);
    bool named = false, have = true;
    for (int k = 0; k < a->n_model; k++) {
        have &= modelfile_has_names(&a->model[k]);
        named |= modelfile_named(&a->model[k], id) || modelfile_named(&a->model[k], key);
    }
    if (named && seen == SEEN_NOT) count_name(&a->changed, id);
    if (have && !named && seen != SEEN_NOT) count_name(&a->renamed, id);
}

Status apply_seen(Seen *out, Apply *a, const Cohort *cohort, int member)
{
    const Bag *bag;
    uint64_t hash;
    *out = SEEN_NOT;
    TRY(cache_bag(a->cache, &bag, cohort->bag[member], 0));
    TRY(bagfile_hash(&hash, cohort->file, cohort->bag[member]));
    for (int k = 0; k < a->n_model && *out != SEEN_TRAIN; k++) {
        const Seen by = modelfile_seen(&a->model[k], hash);
        if (by != SEEN_NOT) *out = by;
    }
    compare_names(a, cohort, member, *out);
    return OK;
}

void apply_report(const Apply *a, const char *of)
{
    const int n = a->changed.n, m = a->renamed.n;
    const char *colon = of ? ": " : "";
    if (!of) of = "";
    if (n)
        log_warn(
            "%s%s%d bag%s the name of a bag that the model was trained or validated on, but other content ('%s'); "
            "%s counted as new: is it the same person?",
            of, colon, n, n == 1 ? " bears" : "s bear", a->changed.first, n == 1 ? "it is" : "they are");
    if (m)
        log_warn("%s%s%d bag%s the content of a bag that the model was trained or validated on, under another name "
                 "('%s'); %s counted as seen",
                 of, colon, m, m == 1 ? " has" : "s have", a->renamed.first, m == 1 ? "it is" : "they are");
}

Status apply_label(Apply *a, Cohort *cohort, bool *known)
{
    char text[CODING_ROOM];
    *known = cohort->table != NULL;
    for (int k = 0; *known && k < a->n_target; k++) *known = column_place(cohort->table, a->target[k].column) >= 0;
    if (!*known) return OK;
    TRY(cohort_label(cohort, a->target, a->n_target, a->model[0].config.data.compat == COMPAT_DEEPRC, false));
    label_fit(&cohort->labels, a->target, a->n_target, NULL); /* by the model's mean and std */
    const char *foreign = coding_foreign(text, cohort, a->target, a->n_target);
    if (foreign)
        log_warn("%s: %s; these labels are left out: recode them, or give another table with --metadata=FILE",
                 cohort->table->path, foreign);
    return OK;
}
