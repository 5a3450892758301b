/* SPDX-License-Identifier: MIT
 *
 * apply_list.c: the model files that a path stands for.
 */
#include "core/file.h"
#include "core/jsontext.h"
#include "cv/apply.h"
#include "cv/foldjob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void apply_list_free(ApplyPaths *p)
{
    for (int k = 0; k < p->n; k++) free(p->path[k]);
    free(p->path);
    *p = (ApplyPaths){0};
}

static Status add_path(ApplyPaths *p, const char *path)
{
    char **grown = realloc(p->path, ((size_t)p->n + 1) * sizeof *grown), *copy = strdup(path);
    if (grown) p->path = grown;
    if (grown && copy) {
        p->path[p->n++] = copy;
        return OK;
    }
    free(copy);
    return fail(ERR_MEMORY, "no memory for %d models", p->n + 1);
}

static json_int_t count(const json_t *summary, const char *key)
{
    return json_integer_value(json_object_get(summary, key));
}

static Status add_job(ApplyPaths *p, const char *folder, FoldJob job)
{
    char path[PATH_ROOM];
    TRY(foldjob_path(path, folder, job, "model.safetensors"));
    return file_exists(path) ? add_path(p, path) : fail(ERR_MODEL, "%s is missing", path);
}

/* The models of all folds, which the summary of a cross-validation counts. */
static Status add_folds(ApplyPaths *p, const char *folder)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/summary.json", folder);
    json_t *summary;
    TRY(jsontext_load(&summary, path, NULL));
    const json_int_t n_repeat = count(summary, "n_repeats"), n_fold = count(summary, "n_folds"),
                     n_model = count(summary, "n_models"); /* 0: of a version that had one */
    json_decref(summary);
    if (n_repeat < 1 || n_repeat > INT32_MAX || n_fold < 1 || n_fold > INT32_MAX || n_model > INT32_MAX)
        return fail(ERR_MODEL, "%s: this cross-validation has not ended; hopsack crossval --resume -o %s ends it",
                    folder, folder);
    for (int r = 0; r < n_repeat; r++)
        for (int f = 0; f < n_fold; f++)
            for (int m = n_model > 1 ? 0 : -1; m < (n_model > 1 ? n_model : 0); m++)
                TRY(add_job(p, folder, (FoldJob){.repeat = r, .fold = f, .model = m}));
    return OK;
}

/* The models of a fold's ensemble, which its summary counts. */
static Status add_ensemble(ApplyPaths *p, const char *folder)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/summary.json", folder);
    json_t *summary;
    TRY(jsontext_load(&summary, path, NULL));
    const json_int_t n_model = count(summary, "models");
    json_decref(summary);
    if (n_model < 1 || n_model > INT32_MAX)
        return fail(ERR_MODEL, "%s: not all models of this fold are trained; hopsack crossval --resume ends it",
                    folder);
    for (int m = 0; m < n_model; m++) {
        if (snprintf(path, sizeof path, "%s/model%02d/model.safetensors", folder, m) >= (int)sizeof path)
            return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
        TRY(file_exists(path) ? add_path(p, path) : fail(ERR_MODEL, "%s is missing", path));
    }
    return OK;
}

/* A run folder stands for the model in it, or for those of its folds, or for those of an ensemble. */
Status apply_list(ApplyPaths *p, const char *path)
{
    char inside[PATH_ROOM];
    struct stat s;
    if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)) return add_path(p, path);
    if (snprintf(inside, sizeof inside, "%s/rep00", path) >= (int)sizeof inside)
        return fail(ERR_USAGE, "%.60s…: the path is too long", path);
    p->n_folder += file_exists(inside);
    if (file_exists(inside)) return add_folds(p, path);
    snprintf(inside, sizeof inside, "%s/model00", path);
    if (file_exists(inside)) return add_ensemble(p, path);
    snprintf(inside, sizeof inside, "%s/config.yaml", path);
    const bool is_run = file_exists(inside);
    snprintf(inside, sizeof inside, "%s/model.safetensors", path);
    if (is_run && !file_exists(inside))
        return fail(ERR_MODEL, "%s: this run has no model yet; the command that began it ends it with --resume",
                    path);
    return add_path(p, inside);
}
