/* SPDX-License-Identifier: MIT
 *
 * checkpoint.c: all tensors are checked before the first is copied, so a file that is refused leaves the loop as it was.
 */
#include "train/checkpoint.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/safetensors.h"
#include "nn/kernel.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const slab_name[CHECKPOINT_SLABS] = {"model", "best", "adam.m", "adam.v", "average"};

#define REAL_TENSOR (sizeof(real) == sizeof(double) ? TENSOR_F64 : TENSOR_F32)
#define NAME_SIZE   (sizeof((Param *)0)->name + 8)

/* How many there are: the average is the last. */
static int slabs_of(real *const *slab)
{
    return slab[CHECKPOINT_AVERAGE] ? CHECKPOINT_SLABS : CHECKPOINT_AVERAGE;
}

static void tensor_name(char name[NAME_SIZE], int slab, const Param *p)
{
    snprintf(name, NAME_SIZE, "%s/%s", slab_name[slab], p->name);
}

/* ---- writing ---- */

static json_t *state_json(const CheckpointState *s)
{
    return json_pack("{s:i, s:I, s:i, s:i, s:o, s:o, s:i, s:o, s:o}", "update", s->update, "step",
                     (json_int_t)s->step, "evaluated", s->evaluated, "kept_update", s->kept_update, "kept_loss",
                     jsontext_real(s->kept_loss), "lowest", jsontext_real(s->lowest), "waited", s->waited, "smooth",
                     jsontext_real(s->smooth), "seconds", jsontext_real(s->seconds));
}

static Status facts_text(char **out, const CheckpointState *state, const CheckpointFacts *f)
{
    return jsontext(out,
                    json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "checkpoint", state_json(state), "config", f->config,
                              "data", f->data, "kernels", kernel_active()->level, "metrics",
                              f->metrics ? f->metrics : "", "version", HOPSACK_VERSION),
                    JSONTEXT_SORTED);
}

static void fill_tensors(Tensor *tensor, char (*name)[NAME_SIZE], const ParamList *params, real *const *slab)
{
    for (int which = 0; which < slabs_of(slab); which++)
        for (int k = 0; k < params->n; k++, tensor++, name++) {
            const Param *p = &params->param[k];
            tensor_name(*name, which, p);
            *tensor = (Tensor){.name = *name, .type = REAL_TENSOR, .n_dim = p->n_dim, .data = slab[which] + p->at};
            for (int d = 0; d < p->n_dim; d++) tensor->shape[d] = p->shape[d];
        }
}

Status checkpoint_write(const char *path, const ParamList *params, real *const *slab, const CheckpointState *state,
                        const CheckpointFacts *facts)
{
    const int n = slabs_of(slab) * params->n;
    Status status = OK;
    char *text = NULL;
    Tensor *tensor = calloc(n, sizeof *tensor);
    char(*name)[NAME_SIZE] = calloc(n, sizeof *name);
    if (!tensor || !name) TRY_DONE(fail(ERR_MEMORY, "%s: no memory to write the checkpoint", path));
    TRY_DONE(facts_text(&text, state, facts));
    fill_tensors(tensor, name, params, slab);
    TRY_DONE(safetensors_write(path, tensor, n, text, true));
done:
    free(text);
    free(name);
    free(tensor);
    return status;
}

/* ---- reading ---- */

static Status unsound(const char *key)
{
    return fail(ERR_MODEL, "it is no checkpoint: its metadata has no sound '%s'", key);
}

static Status whole_of(int *out, const json_t *numbers, const char *key)
{
    const json_t *value = json_object_get(numbers, key);
    const json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 0 || n > INT_MAX) return unsound(key);
    *out = (int)n;
    return OK;
}

static Status real_of(double *out, const json_t *numbers, const char *key)
{
    const json_t *value = json_object_get(numbers, key);
    if (!json_is_number(value) && !json_is_null(value)) return unsound(key);
    *out = json_is_null(value) ? (double)NAN : json_number_value(value);
    return OK;
}

static Status read_state(CheckpointState *s, const json_t *root)
{
    const json_t *numbers = json_object_get(root, "checkpoint");
    int step = 0;
    if (!json_is_object(numbers)) return unsound("checkpoint");
    TRY(whole_of(&s->update, numbers, "update"));
    TRY(whole_of(&step, numbers, "step"));
    TRY(whole_of(&s->evaluated, numbers, "evaluated"));
    TRY(whole_of(&s->kept_update, numbers, "kept_update"));
    TRY(whole_of(&s->waited, numbers, "waited"));
    TRY(real_of(&s->kept_loss, numbers, "kept_loss"));
    TRY(real_of(&s->lowest, numbers, "lowest"));
    TRY(real_of(&s->smooth, numbers, "smooth"));
    TRY(real_of(&s->seconds, numbers, "seconds"));
    s->step = (uint64_t)step;
    if (step != s->update) return unsound("step");
    if (s->evaluated > s->update) return unsound("evaluated");
    return s->kept_update > s->evaluated ? unsound("kept_update") : OK;
}

static Status text_of(const char **out, const json_t *root, const char *key)
{
    *out = json_string_value(json_object_get(root, key));
    return *out ? OK : unsound(key);
}

static Status check_facts(const json_t *root, const CheckpointFacts *facts)
{
    const char *config, *data, *version, *level;
    TRY(text_of(&config, root, "config"));
    TRY(text_of(&data, root, "data"));
    TRY(text_of(&version, root, "version"));
    TRY(text_of(&level, root, "kernels"));
    if (strcmp(data, facts->data) != 0 && !(facts->same_data && facts->same_data(data, facts->context)))
        return fail(ERR_MODEL, "the run learned from other data (content of dataset, label table or splits); bring "
                               "those back, or begin a run of its own");
    if (facts->compare) TRY(facts->compare(config, facts->config, "the checkpoint"));
    if (strcmp(version, HOPSACK_VERSION) != 0)
        log_warn("the run was begun by hopsack %s, this is " HOPSACK_VERSION
                 "; results may differ in their last digits",
                 version);
    if (strcmp(level, kernel_active()->level) != 0)
        log_warn("the run was begun with %s kernels, this CPU has %s; results may differ in their last digits", level,
                 kernel_active()->level);
    return OK;
}

/* Means of squares are not negative; one that overflowed merely stops its parameter. */
static bool is_sound(int which, real value)
{
    return which == CHECKPOINT_V ? value >= 0 : isfinite(value) != 0;
}

static Status check_tensor(const Tensor *t, int which, const char *name, const Param *p)
{
    bool same = t && t->type == REAL_TENSOR && t->n_dim == p->n_dim;
    for (int d = 0; same && d < p->n_dim; d++) same = t->shape[d] == p->shape[d];
    if (!t) return fail(ERR_MODEL, "tensor '%s' is missing", name);
    if (!same) return fail(ERR_MODEL, "tensor '%s' has not the type or shape that the config asks for", name);
    const real *value = t->data;
    for (size_t i = 0; i < p->size; i++)
        if (!is_sound(which, value[i]))
            return fail(ERR_MODEL, "tensor '%s' holds a value that none of ours has", name);
    return OK;
}

static Status check_tensors(const TensorFile *file, const ParamList *params, int n_slab)
{
    char name[NAME_SIZE];
    for (int which = 0; which < n_slab; which++)
        for (int k = 0; k < params->n; k++) {
            tensor_name(name, which, &params->param[k]);
            TRY(check_tensor(safetensors_find(file, name), which, name, &params->param[k]));
        }
    if (file->n == n_slab * params->n) return OK;
    return fail(ERR_MODEL, "it holds %d tensors, the config asks for %d", file->n, n_slab * params->n);
}

static void copy_tensors(real *const *slab, const TensorFile *file, const ParamList *params)
{
    char name[NAME_SIZE];
    for (int which = 0; which < slabs_of(slab); which++)
        for (int k = 0; k < params->n; k++) {
            const Param *p = &params->param[k];
            tensor_name(name, which, p);
            memcpy(slab[which] + p->at, safetensors_find(file, name)->data, p->size * sizeof(real));
        }
}

static Status parse(json_t **root, const TensorFile *file)
{
    *root = file->hopsack ? json_loads(file->hopsack, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return json_is_object(*root) ? OK : fail(ERR_MODEL, "it is no checkpoint: it has no hopsack metadata");
}

Status checkpoint_read(const char *path, const ParamList *params, real *const *slab, CheckpointState *state,
                       const CheckpointFacts *facts, char **metrics)
{
    TensorFile file;
    json_t *root = NULL;
    const char *text;
    CheckpointState found;
    *metrics = NULL;
    TRY(safetensors_read(&file, path));
    Status status = OK;
    TRY_DONE(parse(&root, &file));
    TRY_DONE(read_state(&found, root));
    TRY_DONE(check_facts(root, facts));
    TRY_DONE(check_tensors(&file, params, slabs_of(slab)));
    TRY_DONE(text_of(&text, root, "metrics"));
    *metrics = strdup(text);
    if (!*metrics) TRY_DONE(fail(ERR_MEMORY, "no memory for metrics.jsonl"));
    copy_tensors(slab, &file, params);
    *state = found;
done:
    json_decref(root);
    safetensors_free(&file);
    return status == OK ? OK : fail_at(status, "%s", path);
}
