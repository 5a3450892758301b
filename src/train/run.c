/* SPDX-License-Identifier: MIT
 *
 * metrics.jsonl is kept in memory and written whole at each evaluation: some hundred bytes a record, so a killed run
 * leaves full lines only, and no file is ever open between evaluations.
 */
#include "train/run.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "train/predictions.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const files[] = {"config.yaml",       "manifest.json", "metrics.jsonl",   "splits.tsv",
                                    "model.safetensors", "summary.json",  "predictions.tsv", NULL};

static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    bool empty = true;
    if (!dir) return false;
    for (struct dirent *entry; empty && (entry = readdir(dir));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(dir);
    return empty;
}

Status run_check(const char *folder, bool force)
{
    struct stat s;
    if (strlen(folder) + 1 > sizeof((Run *)0)->folder) return fail(ERR_USAGE, "-o: the path is too long");
    if (stat(folder, &s) != 0) {
        if (errno == ENOENT) return OK;
        return fail(ERR_IO, "%s: %s", folder, strerror(errno));
    }
    if (!S_ISDIR(s.st_mode)) return fail(ERR_IO, "%s is a file; -o wants a folder for the run", folder);
    if (access(folder, W_OK | X_OK) != 0) return fail(ERR_IO, "%s: cannot write there: %s", folder, strerror(errno));
    if (!force && !is_empty(folder)) return fail(ERR_IO, "%s exists and is not empty; --force overwrites it", folder);
    return OK;
}

const char *run_path(Run *run, const char *file)
{
    snprintf(run->path, sizeof run->path, "%s/%s", run->folder, file);
    return run->path;
}

Status run_begin(Run *run, const char *folder, bool force)
{
    *run = (Run){.metrics = NULL};
    TRY(run_check(folder, force));
    snprintf(run->folder, sizeof run->folder, "%s", folder);
    TRY(file_make_folder(folder));
    for (const char *const *file = files; *file; file++)
        if (unlink(run_path(run, *file)) != 0 && errno != ENOENT)
            return fail(ERR_IO, "%s: cannot be replaced: %s", run->path, strerror(errno));
    return OK;
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

Status run_write_splits(Run *run, const Cohort *cohort, const Grouping *g)
{
    TextOut *out;
    TRY(textout_open(&out, run_path(run, "splits.tsv"), true));
    textout_printf(out, "bag\tpart\n");
    for (int i = 0; i < g->n; i++) {
        if (g->part[i] == PART_NONE) continue;
        predictions_cell(out, cohort->id[i]);
        textout_printf(out, "\t%s\n", part_name[g->part[i]]);
    }
    return textout_commit(out);
}

Status run_add_metrics(Run *run, json_t *record)
{
    char *line = NULL;
    TRY(jsontext(&line, record, JSONTEXT_LINE));
    const size_t n = strlen(line);
    char *grown = realloc(run->metrics, run->n_metrics + n + 1);
    if (!grown) {
        free(line);
        return fail(ERR_MEMORY, "no memory for metrics.jsonl");
    }
    memcpy(grown + run->n_metrics, line, n);
    grown[run->n_metrics + n] = '\n';
    free(line);
    run->metrics = grown;
    run->n_metrics += n + 1;
    return file_write_whole(run_path(run, "metrics.jsonl"), run->metrics, run->n_metrics, true);
}
