/* SPDX-License-Identifier: MIT */
#include "run/confoundwatch.h"
#include "cohort/bagtraits.h"
#include "cohort/confoundtext.h"
#include "core/log.h"

#include <stdlib.h>

/* ---- traits ---- */

static Status list_labelled(bool **out, const Cohort *c)
{
    bool *use = calloc((size_t)c->n + 1, sizeof *use);
    *out = use;
    if (!use) return fail(ERR_MEMORY, "no memory for %d bags", c->n);
    for (int i = 0; i < c->n; i++) use[i] = cohort_labelled(c, i);
    return OK;
}

/* The labels themselves, and columns whose purpose is known, predict nothing. */
static Status add_columns(Traits *t, const bool *use, const ConfoundWatch *in)
{
    const SplitOptions *splits = in->folds ? in->folds->options : NULL;
    const char **leave_out = calloc((size_t)in->n_target + 2, sizeof *leave_out);
    if (!leave_out) return fail(ERR_MEMORY, "no memory for the columns of the label table");
    int n = 0;
    for (int k = 0; k < in->n_target; k++) leave_out[n++] = in->target[k].column;
    leave_out[n++] = splits ? splits->group : NULL;
    leave_out[n++] = in->id_column;
    const TraitColumns which = {
        .leave_out = leave_out, .n_leave_out = n, .classes = splits ? splits->batch : NULL, .use = use};
    const Status status = traits_add_columns(t, in->cohort, &which);
    free(leave_out);
    return status;
}

Status confoundwatch_traits(Traits *out, bool **use, const ConfoundWatch *in)
{
    *out = (Traits){.n = in->cohort->n};
    TRY(list_labelled(use, in->cohort));
    TRY(bagtraits_add(out, in->cohort, *use));
    return add_columns(out, *use, in);
}

/* ---- one task ---- */

static json_t *task_json_of(const ConfoundRow *row, int n, int n_found, const ConfoundUnits *u, const Target *t)
{
    int tested = 0;
    char sentence[CONFOUNDTEXT_ROOM];
    json_t *found = json_array();
    for (int k = 0; k < n; k++) tested += !row[k].constant;
    for (int k = 0; k < n_found; k++) json_array_append_new(found, confoundtext_json(&row[k], t));
    json_t *out = json_pack("{s:i, s:b, s:i, s:f, s:o}", "units", u->n, "joined", u->joined, "tested", tested,
                            "level", CONFOUND_LEVEL, "found", found);
    if (!out || n_found == 0) return out;
    confoundtext_sentence(sentence, row, n_found, t);
    json_object_set_new(out, "sentence", json_string(sentence));
    return out;
}

static void warn(const ConfoundWatch *in, const ConfoundRow *row, int n_found, int task)
{
    char sentence[CONFOUNDTEXT_ROOM];
    if (n_found == 0) return;
    confoundtext_sentence(sentence, row, n_found, &in->target[task]);
    log_warn("%s: %s. A model may learn that instead of the bags' content (hopsack check tells more)",
             bagfile_path(in->cohort->file), sentence);
}

static Status watch_task(json_t *out, const ConfoundWatch *in, const Traits *traits, int task)
{
    ConfoundUnits units;
    Status status;
    json_t *json = NULL;
    const Target *t = &in->target[task];
    ConfoundRow *row = calloc((size_t)traits->n_trait + 1, sizeof *row);
    TRY_DONE(confound_units(&units, in->cohort, t, task, in->folds ? in->folds->group : NULL));
    if (!row) TRY_DONE(fail(ERR_MEMORY, "no memory for %d columns", traits->n_trait));
    TRY_DONE(confound_test(row, traits, &units, in->seed, task));
    confoundtext_sort(row, traits->n_trait);
    const int found = confoundtext_found(row, traits->n_trait, CONFOUND_LEVEL);
    json = task_json_of(row, traits->n_trait, found, &units, t);
    if (json_object_set_new(out, t->name, json) != 0) status = fail(ERR_MEMORY, "no memory for the check");
    warn(in, row, found, task);
done:
    confound_units_free(&units);
    free(row);
    return status;
}

Status confoundwatch_report(json_t **out, const ConfoundWatch *in)
{
    Traits traits = {0};
    bool *use = NULL;
    Status status;
    *out = json_object();
    if (!*out) TRY_DONE(fail(ERR_MEMORY, "no memory for the check"));
    TRY_DONE(confoundwatch_traits(&traits, &use, in));
    for (int k = 0; k < in->n_target; k++) TRY_DONE(watch_task(*out, in, &traits, k));
done:
    traits_free(&traits);
    free(use);
    if (status != OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
