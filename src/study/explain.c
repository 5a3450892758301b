/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "cv/crossval_folder.h"
#include "study/explain_parts.h"
#include "study/modelset.h"

#include <stdlib.h>

static Status reserve_list(ExplainList *list, int most, bool distinct)
{
    list->most = most;
    list->distinct = distinct;
    list->room = most > INT32_MAX / 2 / EXPLAIN_ROW_SURPLUS ? INT32_MAX / 2 : most * EXPLAIN_ROW_SURPLUS + 1;
    list->row = malloc((size_t)list->room * sizeof *list->row);
    return list->row ? OK : fail(ERR_MEMORY, "no memory for %d rows", most);
}

static int most_outputs(const Explain *e)
{
    int most = 0;
    for (int k = 0; k < e->apply->n_model; k++) {
        const Mil *mil = e->apply->model[k].mil;
        if (mil && mil_n_out(mil) > most) most = mil_n_out(mil);
    }
    return most;
}

static Status reserve(Explain *e)
{
    const size_t n = (size_t)bagfile_n_max(e->cohort->file) + 1, members = (size_t)e->cohort->n + 1,
                 scores = members * (size_t)e->n_question + 1;
    e->use = calloc(members, sizeof *e->use);
    e->group = calloc(members, sizeof *e->group);
    e->part = calloc(n, sizeof *e->part);
    e->one = calloc(n, sizeof *e->one);
    e->weight = calloc(n, sizeof *e->weight);
    e->ranked = calloc(n, sizeof *e->ranked);
    e->order = calloc(n, sizeof *e->order);
    e->places = calloc(n, sizeof *e->places);
    e->score = calloc(scores, sizeof *e->score);
    e->bias = calloc(scores, sizeof *e->bias);
    e->sum = calloc(scores, sizeof *e->sum);
    e->top = calloc((size_t)(e->n_question * e->n_rank) + 1, sizeof *e->top);
    e->important = calloc((size_t)e->n_rank + 1, sizeof *e->important);
    e->direction = calloc((size_t)most_outputs(e) + 1, sizeof *e->direction);
    if (!e->use || !e->group || !e->part || !e->one || !e->weight || !e->ranked || !e->order || !e->places ||
        !e->score || !e->bias || !e->sum || !e->top || !e->important || !e->direction)
        return fail(ERR_MEMORY, "no memory for the contributions of %zu instances", n);
    for (int q = 0; q < e->n_question * e->n_rank; q++) TRY(reserve_list(&e->top[q], e->in->top, false));
    for (int k = 0; k < e->n_rank; k++)
        TRY(reserve_list(&e->important[k], e->sequences ? e->in->important : 0, true));
    return OK;
}

static void release(Explain *e)
{
    explain_truth_free(e->truth);
    explain_heads_free(e->heads);
    explain_kernels_free(e->kernels);
    windowmotif_background_free(&e->background);
    for (int q = 0; e->top && q < e->n_question * e->n_rank; q++) free(e->top[q].row);
    for (int k = 0; e->important && k < e->n_rank; k++) free(e->important[k].row);
    free(e->top), free(e->important), free(e->use), free(e->group), free(e->part), free(e->one), free(e->weight),
        free(e->ranked);
    free(e->order), free(e->places), free(e->score), free(e->bias), free(e->sum), free(e->direction), free(e->count);
    free(e->window), free(e->explained);
    explain_source_close(e);
}

/* ---- what was checked ---- */

static json_t *paths_json(const Explain *e)
{
    if (e->n_path == 0) return json_null();
    return json_pack("{s:I, s:I, s:f, s:f}", "paths", (json_int_t)e->n_path, "incomplete",
                     (json_int_t)e->n_incomplete, "share_within_1_percent",
                     1 - (double)e->n_incomplete / (double)e->n_path, "mean_steps",
                     (double)e->n_step / (double)e->n_path);
}

static Status add_digest(json_t *list, const char *path)
{
    char hex[65];
    TRY(digest_sha256(hex, path));
    json_array_append_new(list, json_pack("{s:s, s:s}", "path", path, "sha256", hex));
    return OK;
}

/* What is explained: words as given, model files by their number in the tables, and the dataset. */
static Status identify(json_t *out, const Explain *e)
{
    json_t *word = json_array(), *model = json_array(), *data = json_array();
    Status status = OK;
    for (int k = 0; k < e->in->n_word; k++)
        json_array_append_new(word,
                              json_pack("{s:s, s:s}", "path", e->in->word[k], "kind", modelset_kind(e->in->word[k])));
    for (int k = 0; k < e->apply->n_model && status == OK; k++) status = add_digest(model, e->apply->model[k].path);
    if (status == OK) status = add_digest(data, bagfile_path(e->cohort->file));
    json_object_set_new(out, "explained", word);
    json_object_set_new(out, "model_files", model);
    json_object_set(out, "data", json_array_get(data, 0));
    json_decref(data);
    return status;
}

static Status describe(json_t **out, const Explain *e)
{
    static const char *const reference[] = {"instances", "mean", "none"};
    json_t *tasks = json_array();
    for (int q = 0; q < e->n_question; q++) {
        int n = 0;
        for (int k = 0; k < e->n_rank; k++) n += e->top[q * e->n_rank + k].n;
        json_array_append_new(tasks, json_pack("{s:s, s:i}", "name", e->question[q].name, "rows", n));
    }
    *out = json_pack("{s:i, s:i, s:o, s:o, s:b}", "bags", e->n_used, "models", e->apply->n_model, "tasks", tasks,
                     "completeness", paths_json(e), "seen", e->in->all);
    if (!*out) return fail(ERR_MEMORY, "no memory for explain.json");
    TRY(identify(*out, e));
    if (e->is_stack) json_object_set_new(*out, "columns", explain_stack_json(e));
    if (e->network) {
        json_object_set_new(*out, "reference", json_string(reference[e->in->reference]));
        json_object_set_new(*out, "largest_error_of_sums", json_real(e->worst_sum));
    }
    if (!e->truth) return OK;
    json_t *truth;
    TRY(explain_truth_score(&truth, e));
    json_object_set_new(*out, "truth", truth);
    return OK;
}

/* ---- all of it ---- */

static Status open_all(Explain *e)
{
    TRY(explain_files_check(e));
    TRY(explain_source_open(e));
    TRY(reserve(e));
    if (e->network) TRY(explain_heads_open(e));
    if (e->network && e->sequences) TRY(explain_kernels_open(e));
    if (e->in->truth) TRY(explain_truth_open(e));
    return file_make_folder(e->in->folder);
}

static Status run(json_t **out, Explain *e)
{
    TRY(open_all(e));
    TRY(explain_bags(e));
    if (e->sequences) TRY(explain_count(e));
    TRY(explain_tables(e));
    TRY(explain_residues(e));
    TRY(describe(out, e));
    TRY(explain_motifs(e, *out));
    if (e->network) TRY(explain_heads_write(e, *out));
    TRY(explain_files_commit(e));
    return crossval_write_json(e->in->folder, "explain.json", *out);
}

Status explain_run(json_t **out, const ExplainSetup *setup)
{
    ExplainFiles files = {.n = 0};
    Explain e = {.in = setup,
                 .files = &files,
                 .apply = &setup->predictor->apply,
                 .cohort = setup->cohort,
                 .sequences = bagfile_spec(setup->cohort->file)->kind == BAG_SEQUENCES,
                 .is_crossval = apply_is_crossval(&setup->predictor->apply)};
    *out = NULL;
    TRY(apply_label(e.apply, setup->cohort, &e.known));
    const Status status = run(out, &e);
    explain_files_drop(&files);
    release(&e);
    if (status == OK) return OK;
    json_decref(*out);
    *out = NULL;
    return status;
}
