/* SPDX-License-Identifier: MIT */
#include "study/rivalfile.h"

#include <math.h>
#include <stdio.h>

void rivalfile_name(char name[RIVALFILE_NAME], int repeat, int fold, int task)
{
    snprintf(name, RIVALFILE_NAME, "rep%02d_fold%02d_task%d.safetensors", repeat, fold, task);
}

Status rivalfile_write(const char *path, const ModelFacts *facts, const RivalModel *model, const RivalRecord *record)
{
    ModelFacts all = *facts;
    json_t *calibration =
        record->is_calibrated ? json_pack("[f, f]", record->calibration[0], record->calibration[1]) : json_null();
    all.rival = json_pack("{s:o, s:O, s:O, s:s, s:i}", "calibration", calibration, "choice", record->choice, "facts",
                          model->facts, "method", model->rival->name, "task", record->task);
    if (all.rival && record->has_cutoff) json_object_set_new(all.rival, "cutoff", json_real(record->cutoff));
    if (!all.rival) return fail(ERR_MEMORY, "%s: no memory to write the model", path);
    const Status status = modelfile_write_tensors(path, &all, model->tensor, model->n_tensor, true);
    json_decref(all.rival);
    return status;
}

/* Absent and null: there is none. */
static bool is_missing(const json_t *value)
{
    return !value || json_is_null(value);
}

static bool is_finite(const json_t *value)
{
    return json_is_number(value) && isfinite(json_number_value(value));
}

/* Outputs without their calibration would be on another scale, so what is damaged is not passed over. */
static Status check_record(const json_t *pair, const json_t *cutoff, const char *path)
{
    const bool calibrates =
        json_array_size(pair) == 2 && is_finite(json_array_get(pair, 0)) && is_finite(json_array_get(pair, 1));
    if (!is_missing(pair) && !calibrates)
        return fail(ERR_MODEL, "%s: its metadata 'calibration' is not two numbers; use another copy", path);
    if (is_missing(cutoff) || is_finite(cutoff)) return OK;
    return fail(ERR_MODEL, "%s: its metadata 'cutoff' is not a number; use another copy", path);
}

static Status read_record(RivalRecord *out, const json_t *rival, int n_task, const char *path)
{
    const json_t *task = json_object_get(rival, "task"), *pair = json_object_get(rival, "calibration");
    const json_t *cutoff = json_object_get(rival, "cutoff");
    TRY(check_record(pair, cutoff, path));
    *out = (RivalRecord){.choice = json_object_get(rival, "choice"), .task = (int)json_integer_value(task)};
    out->is_calibrated = json_is_array(pair);
    for (size_t k = 0; k < 2 && out->is_calibrated; k++)
        out->calibration[k] = json_number_value(json_array_get(pair, k));
    out->has_cutoff = json_is_number(cutoff);
    out->cutoff = json_number_value(cutoff);
    if (json_is_integer(task) && out->task >= 0 && out->task < n_task) return OK;
    return fail(ERR_MODEL, "%s: its metadata does not say which task it is for", path);
}

Status rivalfile_of(RivalModel *model, RivalRecord *record, ModelFile *file)
{
    json_t *rival = json_object_get(file->json, "rival"), *facts = json_object_get(rival, "facts");
    const char *method = json_string_value(json_object_get(rival, "method"));
    if (!json_is_object(rival) || !method || !json_is_object(facts))
        return fail(ERR_MODEL, "%s: is no model of a rival; hopsack baseline writes those", file->path);
    *model = (RivalModel){.rival = rival_find(method),
                          .facts = facts,
                          .tensor = file->tensors.tensor,
                          .n_tensor = file->tensors.n,
                          .file = &file->tensors};
    if (!model->rival)
        return fail(ERR_MODEL, "%s: is a model of the method '%s', which is not known", file->path, method);
    return read_record(record, rival, file->n_target, file->path);
}

Status rivalfile_read(RivalFile *out, const char *path)
{
    *out = (RivalFile){0};
    TRY(modelfile_read(&out->file, path));
    const Status status = rivalfile_of(&out->model, &out->record, &out->file);
    if (status != OK) rivalfile_free(out);
    return status;
}

void rivalfile_free(RivalFile *r)
{
    modelfile_free(&r->file);
    *r = (RivalFile){0};
}
