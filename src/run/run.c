/* SPDX-License-Identifier: MIT
 *
 * metrics.jsonl is kept in memory and written whole at each evaluation: some hundred bytes a record, so a killed run
 * leaves full lines only, and no file is ever open between evaluations.
 */
#include "run/run.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/temporary.h"
#include "run/predictions.h"
#include "run/resume.h"
#include "run/runfolder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No file but those of a process that was killed, and a lock. */
static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    bool empty = true;
    if (!dir) return false;
    for (struct dirent *entry; empty && (entry = readdir(dir));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                temporary_is_name(entry->d_name) || strcmp(entry->d_name, "lock") == 0;
    closedir(dir);
    return empty;
}

/* Is it a folder we can write in, and whose files are its own, or nothing yet? */
static Status check_folder(bool *is_there, const char *folder)
{
    struct stat s;
    *is_there = false;
    if (strlen(folder) + 1 > sizeof((Run *)0)->folder) return fail(ERR_USAGE, "-o: the path is too long");
    if (strcmp(folder, "-") == 0)
        return fail(ERR_USAGE,
                    "-o -: a folder cannot go to standard output; name a folder (./- is one of that name)");
    if (stat(folder, &s) != 0) {
        if (errno == ENOENT) return OK;
        return fail(ERR_IO, "%s: %s", folder, strerror(errno));
    }
    if (!S_ISDIR(s.st_mode)) return fail(ERR_IO, "%s is a file; -o wants a folder", folder);
    if (access(folder, W_OK | X_OK) != 0) return fail(ERR_IO, "%s: cannot write there: %s", folder, strerror(errno));
    *is_there = true;
    return runfolder_check(folder);
}

Status run_check(const char *folder, bool force)
{
    bool is_there;
    TRY(check_folder(&is_there, folder));
    if (force) TRY(file_check_own(folder, true)); /* no run is removed that lies elsewhere */
    if (!is_there || force || is_empty(folder)) return OK;
    return fail(ERR_IO, "%s exists and is not empty; --force overwrites it, --resume continues a run", folder);
}

Status run_check_folder(const char *folder, bool force)
{
    bool is_there;
    TRY(check_folder(&is_there, folder));
    if (force) TRY(file_check_own(folder, true));
    if (!is_there || force || is_empty(folder)) return OK;
    return fail(ERR_IO, "%s exists and is not empty; --force overwrites files in it", folder);
}

Status run_check_resume(const char *folder)
{
    bool is_there;
    TRY(check_folder(&is_there, folder));
    if (!is_there || resume_possible(folder) || is_empty(folder)) return OK;
    return fail(ERR_IO, "%s holds no run to resume (there is no config.yaml) and is not empty; name another folder",
                folder);
}

const char *run_path(Run *run, const char *file)
{
    snprintf(run->path, sizeof run->path, "%s/%s", run->folder, file);
    return run->path;
}

static Status remove_file(Run *run, const char *file)
{
    if (unlink(run_path(run, file)) == 0 || errno == ENOENT) return OK;
    return fail(ERR_IO, "%s: cannot be replaced: %s", run->path, strerror(errno));
}

#define PROBE (16 << 10) /* bytes: more than the files of a beginning have */

Status run_probe(Run *run)
{
    static const char zeros[PROBE];
    FileDraft draft;
    TRY(file_begin(&draft, run_path(run, "config.yaml"), true));
    FILE *out = file_stream(&draft);
    bool good = out && fwrite(zeros, 1, sizeof zeros, out) == sizeof zeros;
    good = (!out || fclose(out) == 0) && good && fsync(draft.fd) == 0;
    const int error = errno;
    file_drop(&draft);
    return good ? OK : fail(ERR_IO, "%s: cannot write: %s", run->path, strerror(error));
}

Status run_remove(const char *folder)
{
    Run run = {.metrics = NULL};
    snprintf(run.folder, sizeof run.folder, "%s", folder);
    for (const char *const *file = runfolder_files; *file; file++) TRY(remove_file(&run, *file));
    return OK;
}

Status run_begin(Run *run, const char *folder, bool force)
{
    *run = (Run){.metrics = NULL};
    TRY(run_check(folder, force));
    snprintf(run->folder, sizeof run->folder, "%s", folder);
    TRY(file_make_folder(folder));
    if (force) TRY(run_probe(run));
    return run_remove(folder);
}

void run_remove_leftovers(Run *run)
{
    temporary_clean(run->folder, NULL);
}

static Status write_metrics(Run *run)
{
    return file_write_whole(run_path(run, "metrics.jsonl"), run->metrics, run->n_metrics, true);
}

Status run_resume(Run *run, const char *folder, const char *metrics)
{
    bool is_there;
    *run = (Run){.metrics = NULL};
    TRY(check_folder(&is_there, folder));
    snprintf(run->folder, sizeof run->folder, "%s", folder);
    TRY(file_make_folder(folder));
    run_remove_leftovers(run);
    TRY(remove_file(run, "summary.json")); /* first: it says that the run has ended */
    TRY(remove_file(run, "predictions.tsv"));
    if (!*metrics) return remove_file(run, "metrics.jsonl");
    run->metrics = strdup(metrics);
    if (!run->metrics) return fail(ERR_MEMORY, "no memory for metrics.jsonl");
    run->n_metrics = strlen(metrics);
    return write_metrics(run);
}

void run_end(Run *run)
{
    free(run->metrics);
    run->metrics = NULL;
}

Status run_write_json(Run *run, const char *file, json_t *value)
{
    char *text = NULL;
    TRY(jsontext(&text, value, JSONTEXT_PAGES));
    const size_t n = strlen(text);
    text[n] = '\n'; /* in place of the NUL, which is not written */
    const Status status = file_write_whole(run_path(run, file), text, n + 1, true);
    free(text);
    return status;
}

Status run_write_splits(Run *run, const Cohort *cohort, const Partition *g)
{
    TextOut *out;
    TRY(textout_open(&out, run_path(run, "splits.tsv"), true));
    textout_printf(out, "bag\tpart\n");
    for (int i = 0; i < g->n; i++) {
        if (g->part[i] == PART_NONE) continue;
        textout_cell(out, cohort->id[i]);
        textout_printf(out, "\t%s\n", part_name[g->part[i]]);
    }
    return textout_commit(out);
}

Status run_add_metrics(Run *run, json_t *record)
{
    char *line = NULL;
    TRY(jsontext(&line, record, JSONTEXT_LINE));
    const size_t n = strlen(line);
    char *grown = realloc(run->metrics, run->n_metrics + n + 2);
    if (!grown) {
        free(line);
        return fail(ERR_MEMORY, "no memory for metrics.jsonl");
    }
    memcpy(grown + run->n_metrics, line, n);
    grown[run->n_metrics + n] = '\n';
    grown[run->n_metrics + n + 1] = 0;
    free(line);
    run->metrics = grown;
    run->n_metrics += n + 1;
    return write_metrics(run);
}
