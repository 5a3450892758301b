/* SPDX-License-Identifier: MIT */
#include "run/modelfile.h"
#include "cohort/task.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "run/modelinputs.h"
#include "data/bagfile/featureorder.h"
#include "data/text/join.h"
#include "data/text/walkname.h"
#include "train/scaling.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_name[] = {"sequences", "vectors"}; /* by BagKind */

/* ---- writing ---- */

static json_t *hashes_json(const ModelFacts *f, Part part)
{
    json_t *list = json_array();
    for (int i = 0; i < f->n; i++) {
        char text[17];
        if (f->part[i] != part) continue;
        snprintf(text, sizeof text, "%016" PRIx64, f->hash[i]);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that the list says nothing of the order of bags; names that are no UTF-8 cannot be kept. */
static json_t *names_json(const ModelFacts *f, Part part)
{
    json_t *list = json_array();
    const char **name = malloc(((size_t)f->n + 1) * sizeof *name);
    int n = 0;
    for (int i = 0; name && i < f->n; i++)
        if (f->part[i] == part) name[n++] = f->id[i];
    if (name) qsort((void *)name, (size_t)n, sizeof *name, by_text);
    for (int i = 0; i < n; i++) json_array_append_new(list, json_string(name[i]));
    free((void *)name);
    return list;
}

/* What tables are imported by that the model is to read: {"flags"}, or {"options", "region"} of a dataset of 0.1.0. NULL: the
 * dataset was not imported by us. */
static json_t *import_json(const char *provenance)
{
    json_t *out = NULL, *facts = provenance ? json_loads(provenance, 0, NULL) : NULL;
    const char *made_by = json_string_value(json_object_get(facts, "made_by"));
    json_t *flags = json_object_get(facts, "flags"), *options = json_object_get(facts, "options");
    if (made_by && strcmp(made_by, "hopsack import") == 0 && flags)
        out = json_pack("{s:O}", "flags", flags);
    else if (made_by && strcmp(made_by, "hopsack import") == 0 && options)
        out = json_pack("{s:O, s:O*}", "options", options, "region", json_object_get(facts, "region"));
    json_decref(facts);
    return out;
}

/* NULL: they have none, or one is not UTF-8, which JSON cannot hold; they then go by their place. */
static json_t *features_json(const ModelFacts *f)
{
    if (!f->feature) return NULL;
    json_t *list = json_array();
    for (int k = 0; list && k < f->spec->n_feat; k++) {
        if (json_array_append_new(list, json_string(f->feature[k])) == 0) continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

static Status facts_text(char **out, const ModelFacts *f)
{
    char *config = NULL;
    TRY(config_text(&config, f->config));
    json_t *bags =
        json_pack("{s:o, s:o}", "train", hashes_json(f, PART_TRAIN), "validation", hashes_json(f, PART_VALIDATION));
    json_t *names =
        json_pack("{s:o, s:o}", "train", names_json(f, PART_TRAIN), "validation", names_json(f, PART_VALIDATION));
    json_t *import = import_json(f->provenance);
    json_t *json = json_pack(
        "{s:s, s:o, s:o, s:o*, s:s, s:o*, s:s, s:i, s:O, s:i, s:s, s:O*, s:O*, s:O*, s:o, s:i, s:s}", "alphabet",
        f->spec->alphabet, "bag_hash", bags, "bag_name", names, "import", import, "config", config, "features",
        features_json(f), "kind", kind_name[f->spec->kind], "max_len", f->spec->max_len, "metrics", f->metrics,
        "n_feat", f->spec->n_feat, "region", f->spec->region, "bag_inputs", f->inputs, "genes", f->genes, "rival",
        f->rival, "tasks", task_json(f->target, f->n_target), "update", f->update, "version", HOPSACK_VERSION);
    free(config);
    return jsontext(out, json, JSONTEXT_SORTED);
}

/* modelfile_read takes no others. */
static Status check_finite(const ParamList *params, const real *theta)
{
    for (int k = 0; k < params->n; k++) {
        const Param *p = &params->param[k];
        for (size_t i = 0; i < p->size; i++)
            if (!isfinite((float)theta[p->at + i]))
                return fail(ERR_DIVERGED,
                            "weights of tensor '%s' are not finite numbers any more; a smaller train.lr "
                            "may help",
                            p->name);
    }
    return OK;
}

/* data [params->size]: the tensors' bytes, in order. */
static void fill_tensors(Tensor *tensor, float *data, const ParamList *params, const real *theta)
{
    for (size_t i = 0; i < params->size; i++) data[i] = (float)theta[i];
    for (int k = 0; k < params->n; k++) {
        const Param *p = &params->param[k];
        tensor[k] = (Tensor){.name = p->name, .type = TENSOR_F32, .n_dim = p->n_dim, .data = data + p->at};
        for (int d = 0; d < p->n_dim; d++) tensor[k].shape[d] = p->shape[d];
    }
}

Status modelfile_write_tensors(const char *path, const ModelFacts *facts, const Tensor *tensor, int n, bool force)
{
    char *text = NULL;
    Status status = facts_text(&text, facts);
    if (status == OK) status = safetensors_write(path, tensor, n, text, force);
    free(text);
    return status;
}

Status modelfile_write(const char *path, const ModelFacts *facts, const ParamList *params, const real *theta,
                       bool force)
{
    Status status = OK;
    TRY(check_finite(params, theta));
    Tensor *tensor = calloc((size_t)params->n, sizeof *tensor);
    float *data = calloc(params->size, sizeof *data);
    if (!tensor || !data) {
        status = fail(ERR_MEMORY, "%s: no memory to write the model", path);
        goto done;
    }
    fill_tensors(tensor, data, params, theta);
    TRY_DONE(modelfile_write_tensors(path, facts, tensor, params->n, force));
done:
    free(data);
    free(tensor);
    return status;
}

/* ---- reading ---- */

static const char *text_of(const ModelFile *m, const char *key)
{
    return json_string_value(json_object_get(m->json, key));
}

static Status parse_json(ModelFile *m)
{
    json_error_t error;
    if (!m->tensors.hopsack)
        return fail(ERR_MODEL, "it holds tensors but no hopsack metadata, so it was not written by hopsack train");
    m->json = json_loads(m->tensors.hopsack, JSON_REJECT_DUPLICATES, &error);
    if (!m->json) return fail(ERR_MODEL, "its hopsack metadata is no JSON: %s", error.text);
    if (!json_is_object(m->json)) return fail(ERR_MODEL, "its hopsack metadata is no JSON object");
    if (json_object_get(m->json, "checkpoint"))
        return fail(ERR_MODEL, "it is a checkpoint; name the model.safetensors beside it");
    return OK;
}

static Status copy_text(char *to, size_t room, const ModelFile *m, const char *key)
{
    const char *text = text_of(m, key);
    if (!text || strlen(text) >= room) return fail(ERR_MODEL, "its metadata has no sound '%s'", key);
    memcpy(to, text, strlen(text) + 1);
    return OK;
}

static Status whole_of(int *out, const ModelFile *m, const char *key, int least)
{
    const json_t *value = json_object_get(m->json, key);
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > INT32_MAX)
        return fail(ERR_MODEL, "its metadata has no sound '%s'", key);
    *out = (int)json_integer_value(value);
    return OK;
}

static Status read_spec(ModelFile *m)
{
    const char *kind = text_of(m, "kind");
    TRY(copy_text(m->spec.alphabet, sizeof m->spec.alphabet, m, "alphabet"));
    TRY(copy_text(m->spec.region, sizeof m->spec.region, m, "region"));
    TRY(whole_of(&m->spec.max_len, m, "max_len", 0));
    TRY(whole_of(&m->spec.n_feat, m, "n_feat", 1));
    for (int k = 0; k < 2; k++)
        if (kind && strcmp(kind, kind_name[k]) == 0) {
            m->spec.kind = (BagKind)k;
            return OK;
        }
    return fail(ERR_MODEL, "its metadata has no sound 'kind'");
}

/* Absent in models of 0.1.0, and where the training data had no names. */
static Status read_features(ModelFile *m)
{
    const json_t *list = json_object_get(m->json, "features");
    if (!list) return OK;
    if (!json_is_array(list) || json_array_size(list) != (size_t)m->spec.n_feat)
        return fail(ERR_MODEL, "its metadata has no sound 'features'");
    m->feature = calloc((size_t)m->spec.n_feat, sizeof *m->feature);
    if (!m->feature) return fail(ERR_MEMORY, "no memory for the names of %d features", m->spec.n_feat);
    for (int f = 0; f < m->spec.n_feat; f++) {
        m->feature[f] = json_string_value(json_array_get(list, (size_t)f));
        if (!m->feature[f]) return fail(ERR_MODEL, "its list of features holds something else than names");
    }
    return OK;
}

static Status read_inputs(ModelFile *m)
{
    const json_t *list = json_object_get(m->json, "bag_inputs");
    const size_t n = json_array_size(list);
    if (inputcolumns_on(&m->config.inputs) != (n > 0) || n > INT32_MAX)
        return fail(ERR_MODEL, "its metadata has no sound 'bag_inputs'");
    m->config.model.n_input = (int)n;
    if ((m->config.model.gene_size > 0) == (json_object_get(m->json, "genes") != NULL)) return OK;
    return fail(ERR_MODEL, "its metadata has no sound 'genes'");
}

static Status read_hashes(ModelFile *m, int which, const char *key)
{
    const json_t *list = json_object_get(json_object_get(m->json, "bag_hash"), key);
    if (!json_is_array(list)) return fail(ERR_MODEL, "its metadata does not say which bags it has seen");
    const size_t n = json_array_size(list);
    m->seen[which] = malloc((n + 1) * sizeof *m->seen[which]);
    if (!m->seen[which]) return fail(ERR_MEMORY, "no memory for %zu hashes", n);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || strlen(text) != 16 || text[strspn(text, "0123456789abcdef")])
            return fail(ERR_MODEL, "its list of bags seen (%s) holds something else than hashes", key);
        m->seen[which][i] = strtoull(text, NULL, 16);
    }
    m->n_seen[which] = (int)n;
    qsort(m->seen[which], n, sizeof *m->seen[which], number_ascending_u64);
    return OK;
}

/* By what names are compared by: the part behind the last slash, without the extension of a table. */
static int by_stem(const void *a, const void *b)
{
    const char *x, *y;
    const size_t n = walkname_table_stem(&x, *(const char *const *)a),
                 m = walkname_table_stem(&y, *(const char *const *)b);
    const int order = memcmp(x, y, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static Status read_names(ModelFile *m, int which, const char *key)
{
    const json_t *list = json_object_get(json_object_get(m->json, "bag_name"), key);
    const size_t n = json_array_size(list);
    m->name[which] = malloc((n + 1) * sizeof *m->name[which]);
    if (!m->name[which]) return fail(ERR_MEMORY, "no memory for %zu names", n);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text) return fail(ERR_MODEL, "its list of bags seen (%s) holds something else than names", key);
        m->name[which][i] = text;
    }
    m->n_name[which] = (int)n;
    qsort((void *)m->name[which], n, sizeof *m->name[which], by_stem);
    return OK;
}

static Status read_parts(ModelFile *m, const char *path)
{
    TRY(parse_json(m));
    const char *config = text_of(m, "config");
    if (!config) return fail(ERR_MODEL, "its metadata holds no config");
    const Status status = config_from_text(&m->config, config, path);
    if (status == ERR_MEMORY) return status;
    if (status != OK) {
        char sentence[1024];
        snprintf(sentence, sizeof sentence, "%s", status_sentence());
        return fail(ERR_MODEL, "its config cannot be used: %s", sentence);
    }
    m->n_target = m->config.n_task;
    TRY(task_targets(&m->target, m->config.task, m->config.n_task));
    TRY(task_restore(m->target, m->n_target, json_object_get(m->json, "tasks")));
    TRY(read_spec(m));
    TRY(read_features(m));
    TRY(read_inputs(m));
    TRY(read_hashes(m, 0, "train"));
    TRY(read_hashes(m, 1, "validation"));
    TRY(read_names(m, 0, "train"));
    return read_names(m, 1, "validation");
}

Status modelfile_read(ModelFile *out, const char *path)
{
    *out = (ModelFile){.path = strdup(path)};
    if (!out->path) return fail(ERR_MEMORY, "no memory for a path");
    Status status = safetensors_read(&out->tensors, path);
    if (status == OK) {
        status = read_parts(out, path);
        if (status != OK) fail_at(status, "%s", path);
    }
    if (status != OK) modelfile_free(out);
    return status;
}

void modelfile_free(ModelFile *m)
{
    if (!m) return;
    mil_free(m->mil);
    free(m->theta);
    free(m->inputs);
    genetable_close(&m->genes);
    free(m->seen[0]);
    free(m->seen[1]);
    free((void *)m->name[0]);
    free((void *)m->name[1]);
    free((void *)m->feature);
    task_free(m->target, m->n_target);
    json_decref(m->json);
    config_free(&m->config);
    safetensors_free(&m->tensors);
    free(m->path);
    *m = (ModelFile){0};
}

/* ---- fitting ---- */

Status modelfile_order(const ModelFile *m, BagFile *file)
{
    if (!m->feature || bagfile_spec(file)->kind != BAG_VECTORS) return OK;
    return featureorder_set(file, m->feature, m->spec.n_feat, m->path);
}

Status modelfile_suits(const ModelFile *m, const BagSpec *data, const char *where)
{
    if (m->spec.kind != data->kind)
        return fail(ERR_MODEL, "%s: the model reads bags of %s, %s holds %s", m->path, kind_name[m->spec.kind], where,
                    kind_name[data->kind]);
    if (strcmp(m->spec.alphabet, data->alphabet) != 0)
        return fail(ERR_MODEL, "%s: the model's alphabet is '%s', that of %s is '%s'", m->path, m->spec.alphabet,
                    where, data->alphabet);
    if (m->spec.n_feat != data->n_feat)
        return fail(ERR_MODEL, "%s: the model reads %d feature%s an instance, %s has %d", m->path, m->spec.n_feat,
                    number_plural(m->spec.n_feat), where, data->n_feat);
    if (*m->spec.region && *data->region && strcmp(m->spec.region, data->region) != 0)
        return fail(ERR_MODEL, "%s: the model was trained on %s sequences, %s holds %s sequences", m->path,
                    m->spec.region, where, data->region);
    return OK;
}

static Status check_shape(const Tensor *t, const Param *p, const char *path)
{
    bool same = t->n_dim == p->n_dim && t->type == TENSOR_F32;
    for (int d = 0; same && d < p->n_dim; d++) same = t->shape[d] == p->shape[d];
    if (same) return OK;
    return fail(ERR_MODEL, "%s: tensor '%s' has not the type or shape that its config asks for", path, p->name);
}

static Status copy_tensor(real *to, const Tensor *t, const Param *p, const char *path)
{
    TRY(check_shape(t, p, path));
    for (size_t i = 0; i < p->size; i++) {
        float value; /* data need not be aligned */
        memcpy(&value, (const char *)t->data + i * sizeof value, sizeof value);
        if (!isfinite(value))
            return fail(ERR_MODEL, "%s: tensor '%s' holds a value that is not finite", path, p->name);
        to[i] = (real)value;
    }
    return OK;
}

static Status copy_tensors(ModelFile *m, const ParamList *params)
{
    for (int k = 0; k < params->n; k++) {
        const Param *p = &params->param[k];
        const Tensor *t = safetensors_find(&m->tensors, p->name);
        if (!t) return fail(ERR_MODEL, "%s: tensor '%s' is missing", m->path, p->name);
        TRY(copy_tensor(m->theta + p->at, t, p, m->path));
    }
    for (int k = 0; k < m->tensors.n; k++)
        if (!param_find(params, m->tensors.tensor[k].name))
            return fail(ERR_MODEL, "%s: tensor '%s' belongs to no part of the network its config describes", m->path,
                        m->tensors.tensor[k].name);
    return OK;
}

/* Of sparse features only those that are not 0 are there to subtract from. */
static Status check_shift(const ModelFile *m, const ParamList *params, const BagSpec *data, const char *where)
{
    const Param *shift = param_find(params, SCALING_SHIFT);
    for (size_t i = 0; data->sparse && shift && i < shift->size; i++)
        if (m->theta[shift->at + i] != 0)
            return fail(ERR_MODEL,
                        "%s: the model was trained on dense vectors and shifts them (data.scale), %s holds sparse "
                        "ones; import it with --sparse=no",
                        m->path, where);
    return OK;
}

Status modelfile_fit(ModelFile *m, const BagSpec *data, const char *where)
{
    if (modelfile_method(m))
        return fail(ERR_MODEL, "%s: it is a model of the method '%s', no network", m->path, modelfile_method(m));
    TRY(modelfile_suits(m, data, where));
    m->config.model.n_train = modelinputs_n_stored(m);
    TRY(mil_new(&m->mil, &m->config.model, data, m->target, m->n_target));
    const ParamList *params = mil_params(m->mil);
    m->theta = calloc(params->size, sizeof *m->theta);
    if (!m->theta) return fail(ERR_MEMORY, "%s: no memory for %zu parameters", m->path, params->size);
    TRY(copy_tensors(m, params));
    return check_shift(m, params, data, where);
}

const char *const seen_name[] = {"new", "train", "validation"};

Seen modelfile_seen(const ModelFile *m, uint64_t hash)
{
    for (int which = 0; which < 2; which++)
        if (bsearch(&hash, m->seen[which], (size_t)m->n_seen[which], sizeof hash, number_ascending_u64))
            return which == 0 ? SEEN_TRAIN : SEEN_VALIDATION;
    return SEEN_NOT;
}

bool modelfile_named(const ModelFile *m, const char *name)
{
    for (int which = 0; which < 2; which++)
        if (bsearch(&name, (const void *)m->name[which], (size_t)m->n_name[which], sizeof name, by_stem)) return true;
    return false;
}

bool modelfile_has_names(const ModelFile *m)
{
    return m->n_name[0] > 0;
}

const char *modelfile_method(const ModelFile *m)
{
    const json_t *rival = json_object_get(m->json, "rival");
    return rival ? jsontext_field(rival, "method") : NULL;
}
