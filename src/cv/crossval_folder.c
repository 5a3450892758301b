/* SPDX-License-Identifier: MIT */
#include "cv/crossval_folder.h"
#include "cohort/column.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "cv/foldjob.h"
#include "cv/tally.h"
#include "run/manifest.h"
#include "run/predictions.h"
#include "run/resume.h"
#include "run/run.h"
#include "run/runfolder.h"
#include "run/splitskept.h"
#include "run/runlock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Status open_run(Run *run, const char *folder)
{
    *run = (Run){.metrics = NULL};
    if (snprintf(run->folder, sizeof run->folder, "%s", folder) < (int)sizeof run->folder) return OK;
    return fail(ERR_USAGE, "-o: the path is too long");
}

Status crossval_check(const char *folder, bool force, bool resume)
{
    static const char *const of_train[] = {"metrics.jsonl", "checkpoint.safetensors", "model.safetensors", NULL};
    Run run;
    TRY(open_run(&run, folder));
    if (file_exists(run_path(&run, "stack.json")))
        return fail(ERR_IO, "%s holds a stack (hopsack stack); name another folder", folder);
    if (!resume) return run_check(folder, force);
    TRY(run_check_resume(folder));
    for (const char *const *file = of_train; *file; file++)
        if (file_exists(run_path(&run, *file)))
            return fail(ERR_IO, "%s holds a run of train, not of crossval (%s); name another folder", folder, *file);
    return OK;
}

Status crossval_write_json(const char *folder, const char *file, json_t *value)
{
    Run run;
    TRY(open_run(&run, folder));
    return run_write_json(&run, file, json_incref(value));
}

Status crossval_write_summary(const char *folder, json_t *summary)
{
    char path[PATH_ROOM];
    TRY(runfolder_path(path, folder, "summary.md"));
    TRY(tally_write_table(path, summary));
    json_t *beside = json_incref(json_object_get(summary, CROSSVAL_BESIDE));
    json_object_del(summary, CROSSVAL_BESIDE);
    const Status status = crossval_write_json(folder, "summary.json", summary);
    if (beside) json_object_set_new(summary, CROSSVAL_BESIDE, beside);
    return status;
}

/* ---- overwriting ---- */

/* Does another process work there? */
static Status check_job(const char *folder)
{
    RunLock lock;
    TRY(runlock_try(&lock, folder));
    if (lock.fd < 0) return fail(ERR_IO, "%s: another process works there; end it first", folder);
    runlock_release(&lock);
    return OK;
}

static Status check_models(const char *folder)
{
    TRY(runfolder_each(folder, "model", check_job));
    return check_job(folder);
}

static Status check_rung(const char *folder)
{
    return runfolder_each(folder, "inner", check_job);
}

/* Is it the folder of a training, beside those that it may hold? */
static bool is_training(const char *folder)
{
    char path[PATH_ROOM];
    return file_exists_in(path, folder, "config.yaml");
}

static Status check_trial(const char *folder)
{
    if (is_training(folder)) TRY(check_job(folder));
    TRY(runfolder_each(folder, "rung", check_rung));
    return runfolder_each(folder, "inner", check_job);
}

static Status check_fold(const char *folder)
{
    TRY(runfolder_each(folder, "trial", check_trial));
    TRY(runfolder_each(folder, "inner", check_models));
    TRY(runfolder_each(folder, "model", check_job));
    return check_job(folder);
}

static Status check_repeat(const char *folder)
{
    return runfolder_each(folder, "fold", check_fold);
}

/* Our files alone: a folder that holds others stays, with them. */
static Status remove_job(const char *folder)
{
    RunLock lock;
    Run run;
    TRY(open_run(&run, folder));
    TRY(runlock_try(&lock, folder));
    if (lock.fd < 0) return fail(ERR_IO, "%s: another process works there; end it first", folder);
    const Status status = run_remove(folder);
    if (status == OK) {
        run_remove_leftovers(&run);
        unlink(run_path(&run, "lock"));
        rmdir(folder);
    }
    runlock_release(&lock);
    return status;
}

static Status remove_models(const char *folder)
{
    TRY(runfolder_each(folder, "model", remove_job));
    return remove_job(folder);
}

static Status remove_rung(const char *folder)
{
    TRY(runfolder_each(folder, "inner", remove_job));
    rmdir(folder);
    return OK;
}

static Status remove_trial(const char *folder)
{
    TRY(runfolder_each(folder, "rung", remove_rung));
    TRY(runfolder_each(folder, "inner", remove_job));
    if (is_training(folder)) return remove_job(folder);
    rmdir(folder);
    return OK;
}

static Status remove_fold(const char *folder)
{
    TRY(runfolder_each(folder, "trial", remove_trial));
    TRY(runfolder_each(folder, "inner", remove_models));
    TRY(runfolder_each(folder, "model", remove_job));
    return remove_job(folder);
}

static Status remove_repeat(const char *folder)
{
    TRY(runfolder_each(folder, "fold", remove_fold));
    rmdir(folder);
    return OK;
}

static Status remove_ends(Run *run)
{
    static const char *const files[] = {"summary.json", "summary.md", "predictions.tsv",
                                        "inner.tsv",    "trials.tsv", NULL};
    for (const char *const *file = files; *file; file++)
        if (unlink(run_path(run, *file)) != 0 && errno != ENOENT)
            return fail(ERR_IO, "%s: cannot be replaced: %s", run->path, strerror(errno));
    return OK;
}

static Status check_repeats(const char *folder)
{
    TRY(runfolder_each(folder, "rep", check_repeat));
    return check_job(folder);
}

/* A further cross-validation. */
static Status remove_subrun(const char *folder)
{
    Run run;
    TRY(open_run(&run, folder));
    TRY(remove_ends(&run));
    TRY(runfolder_each(folder, "rep", remove_repeat));
    return remove_job(folder);
}

static Status remove_subruns(const char *folder)
{
    static const char *const lists[] = {RUNFOLDER_PERMUTED, RUNFOLDER_BATCH_PERMUTED, NULL};
    Run run;
    TRY(open_run(&run, folder));
    TRY(runfolder_each_subrun(folder, remove_subrun));
    for (const char *const *list = lists; *list; list++) rmdir(run_path(&run, *list));
    return OK;
}

/* What can be known before is known before the first file goes. What tells of an end goes first. */
static Status remove_run(const char *folder)
{
    Run run, top;
    TRY(open_run(&run, folder));
    TRY(runfolder_check(folder));
    TRY(runfolder_each(folder, "rep", check_repeat));
    TRY(runfolder_each_subrun(folder, check_repeats));
    TRY(run_probe(&run));
    TRY(remove_ends(&run));
    TRY(remove_subruns(folder));
    TRY(runfolder_each(folder, "rep", remove_repeat));
    return run_begin(&top, folder, true);
}

/* ---- files of the beginning ---- */

/* The fold, or the word of a table of parts; -1: neither. */
static void write_fold(TextOut *out, const Dataset *dataset, int number)
{
    if (number < 0)
        textout_write(out, "\t", 1);
    else if (folds_are_parts(&dataset->folds))
        textout_printf(out, "\t%s", part_name[number]);
    else
        textout_printf(out, "\t%d", number);
}

static void write_row(TextOut *out, const Dataset *dataset, const int *fold, int i)
{
    const Cohort *c = &dataset->cohort;
    const char *group = dataset->config->splits.group;
    textout_cell(out, c->id[i]);
    for (int r = 0; r < dataset->folds.n_repeat; r++)
        write_fold(out, dataset, fold[(size_t)r * (size_t)c->n_row + (size_t)i]);
    if (group) {
        textout_write(out, "\t", 1);
        textout_cell(out, table_cell(c->table, c->row[i], column_place(c->table, group)));
    }
    textout_write(out, "\n", 1);
}

/* Bags that are in no fold of any repetition are left out. */
static void write_folds(TextOut *out, const Dataset *dataset, const int *fold)
{
    const size_t n = (size_t)dataset->cohort.n_row;
    textout_printf(out, "bag");
    for (int r = 0; r < dataset->folds.n_repeat; r++) textout_printf(out, "\trep%02d", r);
    textout_printf(out, dataset->config->splits.group ? "\tgroup\n" : "\n");
    for (size_t i = 0; i < n; i++) {
        bool is_used = false;
        for (int r = 0; r < dataset->folds.n_repeat; r++) is_used |= fold[(size_t)r * n + i] >= 0;
        if (is_used) write_row(out, dataset, fold, (int)i);
    }
}

static Status list_folds(int *fold, const Dataset *dataset, int repeat)
{
    const size_t n = (size_t)dataset->cohort.n_row;
    if (!folds_are_parts(&dataset->folds)) return folds_assign(fold, &dataset->folds, repeat);
    for (size_t i = 0; i < n; i++)
        fold[i] =
            cohort_labelled(&dataset->cohort, (int)i) ? (int)dataset->folds.table.part[(size_t)repeat * n + i] : -1;
    return OK;
}

/* fold [n_repeat, n_row], the caller's to free. */
static Status all_folds(int **fold, const Dataset *dataset)
{
    const size_t n = (size_t)dataset->cohort.n_row;
    *fold = malloc(((size_t)dataset->folds.n_repeat * n + 1) * sizeof **fold);
    if (!*fold) return fail(ERR_MEMORY, "no memory for the folds of %zu bags", n);
    for (int r = 0; r < dataset->folds.n_repeat; r++) TRY(list_folds(*fold + (size_t)r * n, dataset, r));
    return OK;
}

static Status write_splits(Run *run, const Dataset *dataset)
{
    TextOut *out;
    int *fold;
    Status status;
    TRY_DONE(all_folds(&fold, dataset));
    TRY_DONE(textout_open(&out, run_path(run, "splits.tsv"), true));
    write_folds(out, dataset, fold);
    status = textout_commit(out);
done:
    free(fold);
    return status;
}

Status crossval_check_folds(const char *folder, const Dataset *dataset)
{
    int *fold;
    Status status = all_folds(&fold, dataset);
    const Splits splits = {.cohort = &dataset->cohort,
                           .n_bag = dataset->cohort.n_row,
                           .n_column = dataset->folds.n_repeat,
                           .number = fold,
                           .word = folds_are_parts(&dataset->folds) ? part_name : NULL};
    if (status == OK) status = splitskept_check(folder, &splits);
    free(fold);
    return status;
}

/* *first: the manifest of the beginning, whose data must be those of now; NULL: there is none. */
static Status read_manifest(json_t **first, Run *run, const CrossvalFolder *f)
{
    TRY(jsontext_load(first, run_path(run, "manifest.json"), NULL));
    return *first ? manifest_same_data(json_object_get(*first, "data"), f->dataset->data, f->folder) : OK;
}

static Status write_manifest(Run *run, const CrossvalFolder *f, json_t *first)
{
    json_t *manifest;
    TRY(manifest_new(&manifest, f->dataset->data, f->folder, f->argc, f->argv));
    return run_write_json(run, "manifest.json", manifest_join(json_incref(first), manifest));
}

/* ERR_CONFIG: other settings. *longer: training is to last longer than it did then. */
static Status check_config(bool *longer, Run *run, const Config *config)
{
    char *saved = NULL, *now = NULL;
    size_t n;
    Status status;
    TRY_DONE(file_read_whole(&saved, &n, run_path(run, "config.yaml"), (size_t)1 << 20));
    TRY_DONE(config_text(&now, config));
    TRY_DONE(resume_agrees(saved, now, run->path));
    *longer = !config_same(saved, now);
done:
    free(saved);
    free(now);
    return status;
}

/* Settings first: other groups or labels would look like other data. What tells of an end goes where there is more to train. */
static Status check_begun(Run *run, const CrossvalFolder *f, json_t **first)
{
    bool longer;
    TRY(check_config(&longer, run, f->config));
    TRY(read_manifest(first, run, f));
    TRY(crossval_check_folds(run->folder, f->dataset));
    return longer ? remove_ends(run) : OK;
}

/* All is checked before anything is written, the config first: from then on the folder can be resumed. */
static Status write_files(const CrossvalFolder *f, bool is_new)
{
    Run run;
    json_t *first = NULL;
    Status status = OK;
    const ContentSource source = dataset_source(f->dataset);
    TRY(open_run(&run, f->folder));
    run_remove_leftovers(&run);
    if (!is_new) TRY_DONE(check_begun(&run, f, &first));
    TRY_DONE(config_write(f->config, run_path(&run, "config.yaml")));
    TRY_DONE(content_write(run_path(&run, "bags.tsv"), &source));
    TRY_DONE(write_manifest(&run, f, first));
    status = write_splits(&run, f->dataset);
done:
    json_decref(first);
    return status;
}

bool crossval_is_kept(const CrossvalFolder *f)
{
    Run run;
    char *saved = NULL, *now = NULL;
    size_t n;
    const bool kept = f->resume && open_run(&run, f->folder) == OK && resume_possible(f->folder) &&
                      file_read_whole(&saved, &n, run_path(&run, "config.yaml"), (size_t)1 << 20) == OK &&
                      config_text(&now, f->config) == OK && config_same(saved, now);
    free(saved);
    free(now);
    return kept;
}

Status crossval_begin(const CrossvalFolder *f)
{
    RunLock lock;
    Status status = OK;
    TRY(file_make_folder(f->folder));
    TRY(runlock_acquire(&lock, f->folder, f->stop));
    const bool is_new = !f->resume || !resume_possible(f->folder);
    if (!f->resume && !f->force && resume_possible(f->folder)) /* another was faster */
        TRY_DONE(fail(ERR_IO, "%s holds a run; --force overwrites it, --resume continues it", f->folder));
    if (f->force) TRY_DONE(remove_run(f->folder));
    TRY_DONE(write_files(f, is_new));
done:
    runlock_release(&lock);
    return status;
}
