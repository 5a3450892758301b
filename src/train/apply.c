/* SPDX-License-Identifier: MIT */
#include "train/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A run folder stands for the model in it. */
static Status read_model(ModelFile *out, const char *path)
{
    char inside[4096];
    struct stat s;
    if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)) return modelfile_read(out, path);
    snprintf(inside, sizeof inside, "%s/model.safetensors", path);
    return modelfile_read(out, inside);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_targets(const ModelFile *a, const ModelFile *b)
{
    bool same = a->n_target == b->n_target;
    for (int k = 0; same && k < a->n_target; k++) {
        const Target *x = &a->target[k], *y = &b->target[k];
        same = x->type == y->type && x->n_out == y->n_out && same_text(x->name, y->name) &&
               same_text(x->positive, y->positive);
    }
    return same;
}

Status apply_read(Apply *out, const char *const *path, int n_model)
{
    Status status = OK;
    *out = (Apply){.model = calloc((size_t)n_model, sizeof *out->model)};
    if (!out->model) return fail(ERR_MEMORY, "no memory for %d models", n_model);
    for (int k = 0; k < n_model && status == OK; k++) {
        status = read_model(&out->model[k], path[k]);
        if (status != OK) break;
        out->n_model++;
        const ModelFile *first = &out->model[0], *this = &out->model[k];
        if (!same_targets(first, this))
            status = fail(ERR_MODEL, "%s and %s do not predict the same tasks and classes", first->path, this->path);
        else if (first->config.data.counts != this->config.data.counts)
            status = fail(ERR_MODEL, "%s and %s read counts differently (data.counts)", first->path, this->path);
    }
    if (status != OK) {
        apply_free(out);
        return status;
    }
    out->target = out->model[0].target;
    out->n_target = out->model[0].n_target;
    return OK;
}

Status apply_fit(Apply *a, BagFile *file)
{
    for (int k = 0; k < a->n_model; k++) {
        ModelFile *m = &a->model[k];
        TRY(modelfile_fit(m, bagfile_spec(file), bagfile_path(file)));
        TRY(mil_plan(m->mil, 1, bagfile_n_max(file), false));
        mil_prepare(m->mil, m->theta);
    }
    a->n_out = mil_n_out(a->model[0].mil);
    a->one = calloc((size_t)a->n_out, sizeof *a->one);
    a->sum = calloc((size_t)a->n_out, sizeof *a->sum);
    if (!a->one || !a->sum) return fail(ERR_MEMORY, "no memory for outputs");
    return cache_open(&a->cache, file, (CountScale)a->model[0].config.data.counts, 0);
}

void apply_free(Apply *a)
{
    if (!a) return;
    cache_close(a->cache);
    for (int k = 0; k < a->n_model; k++) modelfile_free(&a->model[k]);
    free(a->model);
    free(a->one);
    free(a->sum);
    *a = (Apply){0};
}

/* Models of other folds normalise a regression by other bags: their outputs in the first model's scale. */
static void to_first_scale(Apply *a, int model)
{
    for (int k = 0; k < a->n_target; k++) {
        const Target *to = &a->target[k], *from = &a->model[model].target[k];
        if (strcmp(to->type->name, "regression") != 0 || model == 0) continue;
        real *y = &a->one[to->at];
        *y = (real)(((double)*y * from->std + from->mean - to->mean) / to->std);
    }
}

Status apply_bag(real *output, Apply *a, int bag, MilAttention *attention)
{
    const Bag *whole;
    TRY(cache_bag(a->cache, &whole, bag, 0));
    for (int o = 0; o < a->n_out; o++) a->sum[o] = 0;
    for (int k = 0; k < a->n_model; k++) {
        mil_predict(a->model[k].mil, a->one, whole, attention);
        to_first_scale(a, k);
        for (int o = 0; o < a->n_out; o++) a->sum[o] += (double)a->one[o];
    }
    for (int o = 0; o < a->n_out; o++) output[o] = (real)(a->sum[o] / a->n_model);
    return OK;
}

Seen apply_seen(const Apply *a, uint64_t hash)
{
    Seen seen = SEEN_NOT;
    for (int k = 0; k < a->n_model && seen != SEEN_TRAIN; k++) {
        const Seen by = modelfile_seen(&a->model[k], hash);
        if (by != SEEN_NOT) seen = by;
    }
    return seen;
}

Status apply_label(Apply *a, Cohort *cohort, bool *known)
{
    *known = cohort->table != NULL;
    for (int k = 0; *known && k < a->n_target; k++) *known = table_column(cohort->table, a->target[k].column) >= 0;
    if (!*known) return OK;
    TRY(cohort_label(cohort, a->target, a->n_target, a->model[0].config.data.compat == COMPAT_DEEPRC, false));
    label_fit(&cohort->labels, a->target, a->n_target, NULL); /* by the model's mean and std */
    return OK;
}
