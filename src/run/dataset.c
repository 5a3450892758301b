/* SPDX-License-Identifier: MIT */
#include "run/dataset.h"
#include "cohort/task.h"
#include "core/log.h"
#include "core/number.h"
#include "run/confoundwatch.h"
#include "run/leakwatch.h"
#include "run/manifest.h"
#include "run/place.h"
#include "run/single.h"
#include "train/scaling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One number too many may be the label: that has happened to published results. */
static Status check_features(const Config *c, const Cohort *cohort)
{
    const BagSpec *spec = bagfile_spec(cohort->file);
    const int expected = c->data.n_features;
    if (expected == 0) return OK;
    if (spec->kind != BAG_VECTORS)
        return settings_fail(c->settings, "data.n_features", "%s holds sequences; leave it out",
                             bagfile_path(cohort->file));
    if (spec->n_feat == expected) return OK;
    return fail(
        ERR_FORMAT,
        "%s: instances have %d feature%s, but data.n_features expects %d; import again without the columns that "
        "are not features (a label, a bag or instance number), or set data.n_features",
        bagfile_path(cohort->file), spec->n_feat, number_plural(spec->n_feat), expected);
}

/* Settings of data.* that are about the other kind of bags. */
static Status check_kind(const Config *c, const Cohort *cohort)
{
    const bool vectors = bagfile_spec(cohort->file)->kind == BAG_VECTORS;
    const char *path = bagfile_path(cohort->file);
    if (!vectors && c->data.scale != SCALE_NONE)
        return settings_fail(c->settings, "data.scale", "%s holds sequences, which are not scaled; leave it out",
                             path);
    if (!vectors && c->model.clip > 0)
        return settings_fail(c->settings, "data.clip", "%s holds sequences, which are not cut; leave it out", path);
    if (vectors && c->data.counts != COUNTS_NONE)
        return settings_fail(c->settings, "data.counts", "%s holds vectors, which have no counts; leave it out",
                             path);
    if (vectors && mil_count_weight(&c->model) != WEIGHT_NONE)
        return settings_fail(c->settings, "model.pooling.count_weight",
                             "%s holds vectors, which have no counts; leave it out", path);
    if (vectors && c->model.gene_size > 0)
        return settings_fail(c->settings, "model.embedder.genes",
                             "%s holds vectors, which have no genes; leave it out", path);
    if (vectors && strcmp(c->data.rarefy, "none") != 0)
        return settings_fail(c->settings, "data.rarefy", "%s holds vectors, which are not rarefied; leave it out",
                             path);
    if (vectors && c->data.compat != COMPAT_NONE)
        return settings_fail(c->settings, "data.compat", "%s holds vectors, which DeepRC does not know; leave it out",
                             path);
    return OK;
}

/* The smallest bag that has a label. */
static Status find_min(int64_t *out, const Cohort *c, RarefyBy by)
{
    int64_t size;
    *out = 0;
    for (int i = 0; i < c->n; i++) {
        if (!cohort_labelled(c, i)) continue;
        TRY(rarefy_size(&size, c->file, c->bag[i], by));
        if (*out == 0 || size < *out) *out = size;
    }
    return OK;
}

static Status rarefy(Dataset *s)
{
    int n_smaller;
    const DataOptions *o = &s->config->data;
    s->rarefy = (RarefyOptions){.by = (RarefyBy)o->rarefy_by,
                                .seed = o->rarefy_seed ? strtoull(o->rarefy_seed, NULL, 10) : s->config->seed};
    if (strcmp(o->rarefy, "none") == 0) return OK;
    if (strcmp(o->rarefy, "min") == 0)
        TRY(find_min(&s->rarefy.n, &s->cohort, s->rarefy.by));
    else
        (void)number_read_int(&s->rarefy.n, o->rarefy);
    if (s->rarefy.n == 0) return OK; /* no labels, which is said elsewhere */
    TRY(rarefy_set(s->cohort.file, &s->rarefy, &n_smaller));
    log_info("%s: bags are rarefied to %lld %s", o->path, (long long)s->rarefy.n,
             s->rarefy.by == RAREFY_COUNTS ? "counts" : "sequences");
    if (n_smaller)
        log_warn("%s: %d bag%s less than data.rarefy=%lld and %s kept whole", o->path, n_smaller,
                 n_smaller == 1 ? " has" : "s have", (long long)s->rarefy.n, n_smaller == 1 ? "is" : "are");
    return OK;
}

static Status open_parts(Dataset *s)
{
    const Config *c = s->config;
    if (!c->data.path) return fail(ERR_CONFIG, "data.path is missing: which dataset? (--data.path=FILE)");
    TRY(place_check(c));
    TRY(task_targets(&s->target, c->task, c->n_task));
    TRY(cohort_open(&s->cohort, config_dataset(c), config_metadata(c), c->data.id_column, true));
    if (c->place.run) TRY(content_order(&s->cohort, c->place.run));
    TRY(task_find(s->target, c->n_task, s->cohort.table, s->cohort.row, s->cohort.n));
    TRY(check_kind(c, &s->cohort));
    TRY(check_features(c, &s->cohort));
    TRY(single_check(&c->model, &s->cohort, ERR_CONFIG));
    TRY(cohort_label(&s->cohort, s->target, c->n_task, c->data.compat == COMPAT_DEEPRC, true));
    TRY(rarefy(s));
    s->model = c->model;
    if (inputcolumns_on(&c->inputs)) TRY(inputcolumns_list(&s->input_list, &c->inputs, &s->cohort));
    s->model.n_input = (int)json_array_size(s->input_list);
    if (c->model.gene_size > 0) TRY(genetable_list(&s->gene_list, s->cohort.file));
    if (s->gene_list) TRY(genetable_open(&s->genes, s->gene_list, s->cohort.file, "this run"));
    s->model.genes = s->genes.rows;
    s->splits = c->splits;
    s->splits.place = config_splits(c);
    TRY(folds_open(&s->folds, &s->cohort, &s->splits, c->seed));
    return folds_permute(&s->folds, &s->cohort.labels);
}

void dataset_resolve(Config *config, const Dataset *s, char number[NUMBER_ROOM], char seed[NUMBER_ROOM])
{
    if (s->rarefy.n == 0) return;
    snprintf(number, NUMBER_ROOM, "%lld", (long long)s->rarefy.n);
    snprintf(seed, NUMBER_ROOM, "%llu", (unsigned long long)s->rarefy.seed);
    config->data.rarefy = number;
    config->data.rarefy_seed = seed;
}

Status dataset_open(Dataset *out, const Config *config)
{
    *out = (Dataset){.config = config};
    const Status status = open_parts(out);
    if (status != OK) dataset_close(out);
    return status;
}

static bool is_permuted(const Dataset *s)
{
    int kind, number;
    return folds_parse_permute(&kind, &number, s->config->splits.permute) && kind >= 0;
}

Status dataset_check(Dataset *s)
{
    if (s->check) return OK;
    if (is_permuted(s)) { /* what chance predicts is of no interest */
        s->check = json_object();
        return s->check ? OK : fail(ERR_MEMORY, "no memory for the check");
    }
    if (s->of) {
        TRY(dataset_check(s->of));
        s->check = json_deep_copy(s->of->check);
        return s->check ? OK : fail(ERR_MEMORY, "no memory for the check");
    }
    const ConfoundWatch watch = {.cohort = &s->cohort,
                                 .target = s->target,
                                 .n_target = s->config->n_task,
                                 .folds = &s->folds,
                                 .id_column = s->config->data.id_column,
                                 .seed = s->config->seed};
    return confoundwatch_report(&s->check, &watch);
}

/* What is shared has been told of already. */
static Status fill_view(Dataset *s)
{
    Dataset *of = s->of;
    if (!of->cache) TRY(dataset_fill(of));
    s->cache = of->cache;
    s->folds.hashed = of->folds.hashed;
    TRY(dataset_check(s));
    memcpy(s->content, of->content, sizeof s->content);
    if (!s->data) s->data = json_deep_copy(of->data);
    return s->data ? OK : fail(ERR_MEMORY, "no memory for the manifest");
}

static Status open_view(Dataset *out, Dataset *of, const Config *config)
{
    out->splits = config->splits;
    out->splits.place = config_splits(config);
    TRY(single_check(&config->model, &of->cohort, ERR_CONFIG));
    TRY(label_copy(&out->cohort.labels, &of->cohort.labels));
    TRY(folds_view(&out->folds, &of->folds, &out->cohort, &out->splits));
    return folds_permute(&out->folds, &out->cohort.labels);
}

Status dataset_view(Dataset *out, Dataset *of, const Config *config)
{
    *out = (Dataset){.of = of,
                     .config = config,
                     .target = of->target,
                     .cohort = of->cohort,
                     .rarefy = of->rarefy,
                     .model = dataset_model(of, config),
                     .gene_list = of->gene_list,
                     .input_list = of->input_list};
    out->cohort.labels = (Labels){0};
    const Status status = open_view(out, of, config);
    if (status != OK) dataset_close(out);
    return status;
}

Status dataset_fill(Dataset *s)
{
    if (s->of) return fill_view(s);
    TRY(cache_open(&s->cache, s->cohort.file, dataset_counts(s), s->config->data.cache));
    if (s->input_list) {
        TRY(inputcolumns_read(&s->inputs, s->input_list, &s->cohort, "this run"));
        cache_inputs(s->cache, s->inputs, s->model.n_input);
    }
    if (!is_permuted(s)) TRY(leakwatch_report(&s->cohort, s->target, s->config->n_task, s->cache));
    TRY(dataset_check(s));
    return dataset_identify(s);
}

ModelOptions dataset_model(const Dataset *s, const Config *config)
{
    ModelOptions model = config->model;
    model.n_input = inputcolumns_on(&config->inputs) ? s->model.n_input : 0;
    model.genes = s->model.genes;
    return model;
}

CountScale dataset_counts(const Dataset *s)
{
    while (s->of) s = s->of; /* whose cache it has */
    return config_counts(s->config);
}

ContentSource dataset_source(const Dataset *s)
{
    return (ContentSource){.config = s->config, .cohort = &s->cohort, .folds = &s->folds};
}

Status dataset_identify(Dataset *s)
{
    const ContentSource source = dataset_source(s);
    TRY(folds_hash(&s->folds));
    TRY(content_identity(s->content, &source));
    return manifest_data(&s->data, s->config, s->content);
}

void dataset_close(Dataset *s)
{
    for (size_t k = 0; k < s->n_kmers && s->kmers; k++) free(s->kmers[k]);
    free((void *)s->kmers);
    json_decref(s->data);
    json_decref(s->check);
    if (s->of) {
        s->of->folds.warned |= s->folds.warned; /* once for all views */
        s->of->folds.shared |= s->folds.shared;
        label_free(&s->cohort.labels);
        folds_close_view(&s->folds);
    } else {
        cache_close(s->cache);
        json_decref(s->input_list);
        json_decref(s->gene_list);
        genetable_close(&s->genes);
        free(s->inputs);
        folds_close(&s->folds);
        cohort_close(&s->cohort);
        if (s->config) task_free(s->target, s->config->n_task);
    }
    *s = (Dataset){0};
}
