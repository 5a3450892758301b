/* SPDX-License-Identifier: MIT
 *
 * fuzz_tensors.c: models and checkpoints.
 */
#include "core/safetensors.h"
#include "fuzz.h"
#include "run/modelfile.h"
#include "train/checkpoint.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- models: fitted to the bags they were trained on ---- */

static Status read_model(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    ModelFile m;
    TRY(modelfile_read(&m, path));
    const BagSpec spec = m.spec;
    const Status status = modelfile_fit(&m, &spec, "the bags");
    if (status == OK) {
        fuzz_mix_text(digest, m.tensors.hopsack);
        fuzz_mix(digest, m.theta, mil_params(m.mil)->size * sizeof *m.theta);
    }
    modelfile_free(&m);
    return status;
}

/* ---- checkpoints: read into the slabs of the network they came from, which the sound file tells ---- */

static void declare(ParamList *params, const TensorFile *tensors)
{
    for (int k = 0; k < tensors->n; k++) {
        const Tensor *t = &tensors->tensor[k];
        int shape[5] = {0};
        if (strncmp(t->name, "model/", 6) != 0) continue;
        for (int d = 0; d < t->n_dim && d < 4; d++) shape[d] = (int)t->shape[d];
        param_add(params, t->name + 6, PARAM_CONSTANT, 0, shape);
    }
}

static Status read_into(uint64_t *digest, const char *path, const ParamList *params, const json_t *facts)
{
    CheckpointState state;
    char *metrics = NULL;
    real *slab[CHECKPOINT_SLABS] = {NULL};
    const CheckpointFacts expected = {.config = json_string_value(json_object_get(facts, "config")),
                                      .data = json_string_value(json_object_get(facts, "data"))};
    memset(&state, 0, sizeof state);
    /* without train.average, as the run was */
    for (int k = 0; k < CHECKPOINT_AVERAGE; k++)
        if (!(slab[k] = calloc(params->size, sizeof *slab[k]))) abort();
    const Status status = checkpoint_read(path, params, slab, &state, &expected, &metrics);
    if (status == OK) {
        fuzz_mix(digest, &state, sizeof state);
        fuzz_mix_text(digest, metrics);
        for (int k = 0; k < CHECKPOINT_AVERAGE; k++) fuzz_mix(digest, slab[k], params->size * sizeof **slab);
    }
    for (int k = 0; k < CHECKPOINT_SLABS; k++) free(slab[k]);
    free(metrics);
    return status;
}

static Status read_checkpoint(uint64_t *digest, const char *path, const char *sound)
{
    TensorFile tensors;
    ParamList params = {0};
    TRY(safetensors_read(&tensors, sound));
    json_t *facts = json_loads(tensors.hopsack ? tensors.hopsack : "", 0, NULL);
    declare(&params, &tensors);
    const Status status = params.n > 0 && facts ? read_into(digest, path, &params, facts)
                                                : fail(ERR_USAGE, "%s: is no checkpoint", sound);
    json_decref(facts);
    param_free(&params);
    safetensors_free(&tensors);
    return status;
}

const FuzzSubject fuzz_model = {"model", true, false, read_model};
const FuzzSubject fuzz_checkpoint = {"checkpoint", true, false, read_checkpoint};
