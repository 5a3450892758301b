/* SPDX-License-Identifier: MIT
 *
 * baseline_clear.c: what an earlier run of a method left goes before the method runs anew. Models of folds that are no more
 * would be averaged by predict, and rounds that are no more would go into a stack. Files of other names stay.
 */
#include "core/file.h"
#include "core/temporary.h"
#include "run/runfolder.h"
#include "study/baseline_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static Status remove_file(const char *folder, const char *name)
{
    char path[PATH_ROOM];
    TRY(runfolder_path(path, folder, name));
    TRY(file_check_own(path, false));
    temporary_clean(folder, name);
    if (unlink(path) == 0 || errno == ENOENT) return OK;
    return fail(ERR_IO, "%s: cannot be replaced: %s", path, strerror(errno));
}

static Status remove_round(const char *folder)
{
    TRY(file_check_own(folder, true));
    TRY(remove_file(folder, "predictions.tsv"));
    TRY(remove_file(folder, "inner.tsv"));
    rmdir(folder); /* files of others keep it */
    return OK;
}

/* As rivalfile_name writes it. */
static bool is_model(const char *name)
{
    int repeat, fold, task, end = 0;
    return sscanf(name, "rep%d_fold%d_task%d.safetensors%n", &repeat, &fold, &task, &end) == 3 && end && !name[end];
}

static Status remove_models(const char *folder)
{
    Status status = OK;
    DIR *dir = opendir(folder);
    if (!dir) return errno == ENOENT ? OK : fail(ERR_IO, "%s: cannot read: %s", folder, strerror(errno));
    for (struct dirent *entry; status == OK && (entry = readdir(dir));)
        if (is_model(entry->d_name)) status = remove_file(folder, entry->d_name);
    closedir(dir);
    return status;
}

/* ---- a method's names ---- */

static const char *const folders[] = {"models", RUNFOLDER_LEAVE_BATCH_OUT, RUNFOLDER_PERMUTED,
                                      RUNFOLDER_BATCH_PERMUTED, NULL};
static const char *const files[] =
    {/* what tells of an end first */
     "summary.json", "summary.md", "predictions.tsv", "inner.tsv", "important_sequences.tsv", NULL};

static Status check_names(const char *folder, const char *const *names, bool is_folder)
{
    char path[PATH_ROOM];
    for (; *names; names++) {
        TRY(runfolder_path(path, folder, *names));
        TRY(file_check_own(path, is_folder));
    }
    return OK;
}

static Status check_method(const char *run, const Rival *rival)
{
    char folder[PATH_ROOM];
    TRY(runfolder_path(folder, run, rival->name));
    TRY(file_check_own(folder, true));
    TRY(check_names(folder, folders, true));
    return check_names(folder, files, false);
}

Status baseline_clear_check(const BaselineSetup *setup, const Rival *const *method, int n_method)
{
    for (int m = 0; m < n_method; m++) TRY(check_method(setup->folder, method[m]));
    return OK;
}

Status baseline_clear(const Baseline *b, const Rival *rival)
{
    char folder[PATH_ROOM], path[PATH_ROOM];
    TRY(check_method(b->in->folder, rival));
    TRY(runfolder_path(folder, b->in->folder, rival->name));
    for (const char *const *name = files; *name; name++) TRY(remove_file(folder, *name));
    TRY(runfolder_each_subrun(folder, remove_round));
    for (const char *const *name = folders + 2; *name; name++) {
        TRY(runfolder_path(path, folder, *name));
        rmdir(path);
    }
    TRY(runfolder_path(path, folder, "models"));
    return remove_models(path);
}
