/* SPDX-License-Identifier: MIT */
#include "study/baseline.h"
#include "cohort/column.h"
#include "cohort/smallclass.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/number.h"
#include "core/shortlist.h"
#include "cv/crossval_folder.h"
#include "run/leakwatch.h"
#include "run/runfolder.h"
#include "study/baseline_parts.h"
#include "study/baselinecost.h"
#include "study/important.h"

#include <stdlib.h>
#include <string.h>

/* ---- methods ---- */

static Status check_method(const Baseline *b, const Rival *r)
{
    const BagFile *file = b->dataset.cohort.file;
    if (bagfile_spec(file)->kind != r->bags)
        return fail(ERR_FORMAT, "%s holds %s, and the baseline %s is for bags of %s", bagfile_path(file),
                    bagfile_spec(file)->kind == BAG_VECTORS ? "vectors" : "sequences", r->name,
                    r->bags == BAG_VECTORS ? "vectors" : "sequences");
    for (int k = 0; k < b->n_task && r->check; k++) TRY(r->check(r, &b->dataset.cohort, task_n_class(&b->target[k])));
    return OK;
}

static Status add_standard(Baseline *b, const Rival *r)
{
    if (!r->standard || bagfile_spec(b->dataset.cohort.file)->kind != r->bags) return OK;
    const Status status = check_method(b, r);
    if (status == OK)
        b->method[b->n_method++] = r;
    else if (status == ERR_MEMORY || status == ERR_IO)
        return status;
    else if (json_object_set_new(b->left_out, r->name, json_string(status_sentence())) != 0)
        return fail(ERR_MEMORY, "no memory for the list of methods");
    return OK;
}

/* Traits that rivals may read; a label would tell itself. */
static Status check_columns(const Baseline *b)
{
    const Cohort *c = &b->dataset.cohort;
    for (int k = 0; k < b->in->columns.n; k++) {
        int place;
        const char *name = b->in->columns.text[k];
        if (!c->table) return fail(ERR_FORMAT, "--columns=%s: %s has no label table", name, bagfile_path(c->file));
        if (strchr(name, ',') && column_place(c->table, name) < 0)
            return fail(ERR_USAGE, "--columns=%s: give the flag once for each column: --columns=age --columns=sex",
                        name);
        TRY(column_find(&place, c->table, name, "--columns"));
        for (int t = 0; t < b->n_task; t++)
            if (column_place(c->table, b->target[t].column) == place)
                return fail(ERR_USAGE,
                            "--columns=%s: this is the label of task '%s'; name columns that are known before it",
                            name, b->target[t].name);
    }
    return OK;
}

static Status choose_methods(Baseline *b)
{
    b->left_out = json_object();
    b->methods = json_object();
    if (!b->left_out || !b->methods) return fail(ERR_MEMORY, "no memory for the list of methods");
    for (int m = 0; m < b->in->n_method; m++) {
        b->method[b->n_method++] = b->in->method[m];
        TRY(check_method(b, b->in->method[m]));
    }
    for (const Rival *const *r = rivals; *r && b->in->n_method == 0 && b->n_method < BASELINE_METHODS; r++)
        TRY(add_standard(b, *r));
    const char *name;
    json_t *why;
    json_object_foreach(b->left_out, name, why)
    {
        log_info("%s is left out: %s", name, json_string_value(why));
    }
    if (b->n_method > 0) return OK;
    return fail(ERR_FORMAT, "%s: no method can serve these bags and labels; --method=NAME says why",
                bagfile_path(b->dataset.cohort.file));
}

/* A setting that no method reads would pass for one that was tried. A run that goes on has other methods too. */
static void report_unread(const Baseline *b)
{
    bool columns = false, counts = false, ranks = false;
    for (int m = 0; m < b->n_method; m++) {
        columns |= b->method[m]->reads_columns;
        counts |= b->method[m]->reads_counts;
        ranks |= b->method[m]->rank != NULL;
    }
    if (b->in->columns.n && !columns)
        log_warn(
            "--columns: no method of this run reads columns of the label table; nuisance and nuisance-vectors do");
    if (b->in->by_counts && !counts)
        log_warn("--weight=counts: no method of this run heeds it; those that compare k-mers do");
    if (b->in->n_important && !ranks)
        log_warn("--important: no method of this run ranks sequences; those of k-mers and of shared sequences do");
}

/* ---- getting ready ---- */

/* A cross-validation of a network would lose its summary. */
static Status check_folder(const BaselineSetup *in)
{
    char path[PATH_ROOM];
    TRY(crossval_check(in->folder, in->force, in->resume));
    TRY(runfolder_path(path, in->folder, "rep00"));
    if (!in->resume || !file_exists(path)) return OK;
    return fail(ERR_IO, "%s holds a run of crossval, not of baseline (rep00); name another folder", in->folder);
}

/* Numbers are learned, and told, in the unit of their column. */
static Status copy_targets(Baseline *b)
{
    b->target = malloc((size_t)b->n_task * sizeof *b->target + 1);
    if (!b->target) return fail(ERR_MEMORY, "no memory for %d tasks", b->n_task);
    for (int k = 0; k < b->n_task; k++) {
        b->target[k] = b->dataset.target[k];
        b->target[k].mean = 0;
        b->target[k].std = 1;
    }
    return OK;
}

/* Folder of the run beside: the one named, or that whose splits are used; "": none. */
static void find_run(char folder[PATH_ROOM], const Baseline *b)
{
    const char *given = b->in->beside ? b->in->beside : b->config.splits.file;
    snprintf(folder, PATH_ROOM, "%s", given ? given : "");
    if (b->in->beside || !given) return;
    char *slash = strrchr(folder, '/');
    const bool is_run = strcmp(slash ? slash + 1 : folder, "splits.tsv") == 0;
    if (slash && is_run)
        *slash = '\0';
    else
        snprintf(folder, PATH_ROOM, is_run ? "." : "");
}

static int count_at(const json_t *summary, const char *key)
{
    return (int)json_integer_value(json_object_get(summary, key));
}

/* Is the run that was named there, and on these folds? That of --splits is by itself. */
static Status check_beside(const Baseline *b)
{
    char path[PATH_ROOM];
    json_t *summary = NULL;
    const char *folder = b->in->beside;
    const Folds *f = &b->dataset.folds;
    if (!folder) return OK;
    TRY(runfolder_path(path, folder, "summary.json"));
    TRY(jsontext_load(&summary, path, NULL));
    if (!summary) return fail(ERR_USAGE, "--beside=%s: there is no summary.json; name a finished run", folder);
    const bool same = count_at(summary, "n_repeats") == f->n_repeat && count_at(summary, "n_folds") == f->n_fold;
    json_decref(summary);
    const Status status = same ? crossval_check_folds(folder, &b->dataset) : ERR_FORMAT;
    if (status != ERR_FORMAT) return status;
    return fail(ERR_USAGE, "--beside=%s: its folds are others; --splits=%s/splits.tsv takes them", folder, folder);
}

static Status open_all(Baseline *b, const BaselineSetup *in)
{
    *b = (Baseline){.in = in, .config = *in->config};
    b->config.splits.validation = "none"; /* all of the training part is trained on */
    b->config.train.patience = 0; /* these keys of a network need validation bags: no config or model would open */
    b->config.train.calibrate = CALIBRATE_NONE;
    b->config.crossval.ensemble = 1;
    TRY(check_folder(in));
    TRY(baseline_clear_check(in, in->method, in->n_method));
    TRY(dataset_open(&b->dataset, &b->config));
    b->n = b->dataset.cohort.n;
    b->n_task = b->config.n_task;
    b->n_out = b->dataset.cohort.labels.n_out;
    TRY(copy_targets(b));
    TRY(check_columns(b));
    TRY(check_beside(b));
    TRY(choose_methods(b));
    if (!b->config.splits.file && b->config.splits.kind != SPLIT_BATCH)
        smallclass_report(&b->dataset.cohort, &b->target[0], b->dataset.folds.n_fold, false);
    if (!in->resume) report_unread(b);
    TRY(baseline_clear_check(in, b->method, b->n_method));
    return baseline_rounds_open(b);
}

/* Decoded bags of a large cohort are gigabytes, and so are lists of shared sequences: what the next does not read goes. */
static void release(Baseline *b, bool bags, bool clones)
{
    if (bags) cache_close(b->held);
    if (bags) b->held = NULL;
    if (clones) cloneshare_free(&b->clones);
}

static void close_all(Baseline *b)
{
    baseline_rounds_close(b);
    release(b, true, true);
    json_decref(b->left_out);
    json_decref(b->methods);
    free(b->target);
    dataset_close(&b->dataset);
}

/* ---- runs beside ---- */

static Status read_beside(json_t **out, const Baseline *b)
{
    char folder[PATH_ROOM], path[PATH_ROOM];
    json_t *summary = NULL;
    *out = json_object();
    if (!*out) return fail(ERR_MEMORY, "no memory for the summary");
    find_run(folder, b);
    if (!*folder) return OK;
    TRY(runfolder_path(path, folder, "summary.json"));
    if (!file_exists(path)) return OK;
    TRY(jsontext_load(&summary, path, NULL));
    json_t *tasks = json_object_get(summary, "tasks");
    if (json_is_object(tasks)) json_object_set(*out, folder, tasks);
    json_decref(summary);
    return OK;
}

/* ---- all of it ---- */

static Status run_method(Baseline *b, const Rival *r, Progress *progress, int number)
{
    BaselineMethod m = {.b = b, .rival = r};
    json_t *summary = NULL;
    const char *other = NULL;
    Status status;
    if (b->in->resume) TRY_DONE(baseline_files_done(&summary, &other, b, r));
    if (other) log_info("%s/%s was run with another --%s, and is run anew", b->in->folder, r->name, other);
    if (!summary) {
        progress_update(progress, number, r->name);
        TRY_DONE(baseline_clear(b, r));
        release(b, !r->shares_bags, !r->shares_clones);
        TRY_DONE(baseline_fits_run(&m));
        TRY_DONE(baseline_files_method(&summary, &m));
    }
    json_object_set_new(b->methods, r->name, summary);
done:
    baseline_fits_free(&m);
    if (status == ERR_SIGINT || status == ERR_SIGTERM)
        return fail(status, "interrupted in the method %s; methods that are done stay, --resume goes on", r->name);
    return status == OK ? OK : fail_at(status, "%s", r->name);
}

static bool is_chosen(const Baseline *b, const Rival *r)
{
    for (int m = 0; m < b->n_method; m++)
        if (b->method[m] == r) return true;
    return false;
}

/* A run that goes on with other methods keeps those that it has. */
static Status keep_method(Baseline *b, const Rival *r, Shortlist *others)
{
    json_t *summary;
    const char *other;
    TRY(baseline_files_done(&summary, &other, b, r));
    if (other) shortlist_add(others, "%s (--%s)", r->name, other);
    if (summary) json_object_set_new(b->methods, r->name, summary);
    return OK;
}

static Status run_methods(Baseline *b)
{
    Progress progress;
    Status status = OK;
    Shortlist others = {0};
    int n_done = 0;
    progress_start(&progress, "rivals", "methods", b->n_method);
    for (const Rival *const *r = rivals; *r && status == OK; r++) {
        status = stop_check(b->in->stop, "; methods that are done stay, --resume goes on");
        if (status == OK && is_chosen(b, *r))
            status = run_method(b, *r, &progress, n_done++);
        else if (status == OK && b->in->resume)
            status = keep_method(b, *r, &others);
    }
    if (status == OK) progress_update(&progress, b->n_method, NULL);
    progress_end(&progress, NULL);
    release(b, true, true);
    if (others.n > 0)
        log_warn("%s: %d method%s with another value of a flag %s left out of the summary: %s; their folders stay. "
                 "Give the "
                 "same flags, or name the methods by --method to run them anew",
                 b->in->folder, others.n, number_plural(others.n), others.n == 1 ? "is" : "are", others.text);
    return status;
}

static Status sum_all(json_t **out, const Baseline *b)
{
    const char *name;
    json_t *summary, *beside;
    double seconds = 0;
    TRY(read_beside(&beside, b));
    json_object_foreach(b->methods, name, summary)
    {
        seconds += jsontext_number(summary, "seconds");
    }
    *out = json_pack("{s:s, s:I, s:i, s:i, s:O, s:O, s:o, s:f, s:I}", "version", HOPSACK_VERSION, "seed",
                     (json_int_t)b->config.seed, "n_repeats", b->plain.n_repeat, "n_folds", b->plain.n_fold,
                     "methods", b->methods, "left_out", b->left_out, "beside", beside, "seconds", seconds,
                     "peak_memory", (json_int_t)log_peak_memory());
    return *out ? OK : fail(ERR_MEMORY, "no memory for the summary");
}

static Status rank_sequences(const Baseline *b)
{
    Progress progress;
    Status status = OK;
    int n_ranks = 0, n_done = 0;
    const ImportantSetup setup = {.folder = b->in->folder,
                                  .cohort = &b->dataset.cohort,
                                  .use = b->use,
                                  .n_repeat = b->plain.n_repeat,
                                  .n_fold = b->plain.n_fold,
                                  .n = b->in->n_important,
                                  .stop = b->in->stop};
    for (int m = 0; m < b->n_method; m++) n_ranks += b->method[m]->rank != NULL;
    if (setup.n == 0 || n_ranks == 0) return OK;
    progress_start(&progress, "ranking", "methods", n_ranks);
    for (int m = 0; m < b->n_method && status == OK; m++) {
        if (!b->method[m]->rank) continue;
        progress_update(&progress, n_done++, b->method[m]->name);
        status = important_write(&setup, b->method[m]);
    }
    if (status == OK) progress_update(&progress, n_ranks, NULL);
    progress_end(&progress, NULL);
    return status;
}

/* As crossval says it of its inner trainings. */
static void report_inner(const Baseline *b)
{
    int least, most, n_none;
    baseline_rounds_inner(&least, &most, &n_none, b);
    if (n_none)
        log_warn(
            "%s: in %d of %d folds the smallest class has too few bags or groups for two inner folds, so nothing can "
            "be chosen there",
            bagfile_path(b->dataset.cohort.file), n_none, b->plain.n_part * b->n_task);
}

Status baseline_run(json_t **out, const BaselineSetup *setup)
{
    Baseline b;
    Status status;
    *out = NULL;
    TRY_DONE(open_all(&b, setup));
    TRY_DONE(leakwatch_report(&b.dataset.cohort, b.dataset.target, b.n_task, NULL));
    TRY_DONE(dataset_identify(&b.dataset)); /* of bags that have just been decoded */
    TRY_DONE(baseline_rounds_check(&b));
    report_inner(&b);
    if (setup->begin) setup->begin();
    TRY_DONE(baseline_files_begin(&b));
    TRY_DONE(run_methods(&b));
    TRY_DONE(rank_sequences(&b));
    TRY_DONE(sum_all(out, &b));
    TRY_DONE(baseline_files_finish(&b, *out));
done:
    if (status != OK && *out) {
        json_decref(*out);
        *out = NULL;
    }
    close_all(&b);
    return status;
}

/* ---- the plan ---- */

/* Fits of one method: of every round and fold, with its inner ones, for each task. */
static BaselineSize size_of(const Baseline *b)
{
    const BagFile *file = b->dataset.cohort.file;
    const int each = 1 + b->in->n_inner, *count = b->plain.part[0].count;
    const double plain =
        b->plain.n_part * (1.0 + b->in->n_permute + (baseline_rounds_batched(b) ? BASELINE_BATCH_ROUNDS : 0));
    const int width = bagfile_spec(file)->kind == BAG_VECTORS ? bagfile_spec(file)->n_feat : 1;
    return (BaselineSize){.n_bag = b->n,
                          .n_instance = (double)bagfile_n_total(file) * width,
                          .n_fit = (plain + b->batches.n_part) * each * b->n_task,
                          .train = count[PART_TRAIN] + count[PART_VALIDATION]};
}

static Status add_cost(json_t *plan, const Baseline *b)
{
    const BaselineSize size = size_of(b);
    Cost cost = baselinecost_open(&size);
    for (int m = 0; m < b->n_method; m++) {
        const Cost one = baselinecost_method(b->method[m], &size);
        cost_then(&cost, &one);
    }
    return cost_tell(plan, &cost);
}

Status baseline_plan(json_t **out, const BaselineSetup *setup)
{
    Baseline b;
    *out = NULL;
    Status status = open_all(&b, setup);
    if (status == OK) {
        json_t *methods = json_array();
        const int *count = b.plain.part[0].count;
        for (int m = 0; m < b.n_method; m++) json_array_append_new(methods, json_string(b.method[m]->name));
        *out = json_pack("{s:i, s:i, s:{s:i, s:i}, s:o, s:O}", "n_repeats", b.plain.n_repeat, "n_folds",
                         b.plain.n_fold, "bags", "train", count[PART_TRAIN] + count[PART_VALIDATION], "test",
                         count[PART_TEST], "methods", methods, "left_out", b.left_out);
        status = *out ? add_cost(*out, &b) : fail(ERR_MEMORY, "no memory for the plan");
    }
    close_all(&b);
    return status;
}
