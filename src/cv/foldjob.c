/* SPDX-License-Identifier: MIT */
#include "cv/foldjob.h"
#include "core/file.h"
#include "run/configsearch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MOST (1 << 22) /* bytes of a config.yaml or summary.json of ours */

void foldjob_name(char name[FOLDJOB_NAME], FoldJob job)
{
    int n = snprintf(name, FOLDJOB_NAME, "rep%02d/fold%02d", job.repeat, job.fold);
    if (job.trial > 0) n += snprintf(name + n, (size_t)(FOLDJOB_NAME - n), "/trial%02d", job.trial - 1);
    if (job.rung > 0) n += snprintf(name + n, (size_t)(FOLDJOB_NAME - n), "/rung%02d", job.rung - 1);
    if (job.inner > 0) n += snprintf(name + n, (size_t)(FOLDJOB_NAME - n), "/inner%02d", job.inner - 1);
    if (job.model >= 0) snprintf(name + n, (size_t)(FOLDJOB_NAME - n), "/model%02d", job.model);
}

Status foldjob_path(char path[PATH_ROOM], const char *run, FoldJob job, const char *file)
{
    char name[FOLDJOB_NAME];
    foldjob_name(name, job);
    const int n = snprintf(path, PATH_ROOM, "%s/%s%s%s", run, name, *file ? "/" : "", file);
    return n < PATH_ROOM ? OK : fail(ERR_USAGE, "-o: the path is too long");
}

void foldjob_config(FoldConfig *out, const Config *config, FoldJob job)
{
    out->config = *config;
    out->config.splits.repeat = job.repeat;
    out->config.splits.fold = job.fold;
    out->config.crossval.inner = out->config.crossval.permute = 0; /* of the run, not of its trainings */
    out->config.crossval.batches = false;
    out->config.crossval.members = (OptionTexts){0};
    out->config.crossval.without = true;
    configsearch_clear(&out->config);
    if (job.trial > 0) out->config.crossval.ensemble = 1;
    if (job.inner > 0) {
        snprintf(out->inner, sizeof out->inner, "%d/%d", job.inner - 1, configsearch_inner(config));
        out->config.splits.inner = out->inner;
    }
    if (job.model < 0) return;
    out->config.seed += (uint64_t)job.model;
    out->config.crossval.ensemble = 1;
    if (config->splits.seed) return;
    snprintf(out->seed, sizeof out->seed, "%" PRIu64, config->seed);
    out->config.splits.seed = out->seed;
}

Status foldjob_summary(json_t **out, const char *run, FoldJob job)
{
    char path[PATH_ROOM], *text = NULL;
    size_t n;
    json_error_t error;
    *out = NULL;
    TRY(foldjob_path(path, run, job, "summary.json"));
    TRY(file_read_whole(&text, &n, path, CONFIG_MOST));
    json_t *json = json_loadb(text, n, 0, &error);
    free(text);
    if (!json) return fail(ERR_FORMAT, "%s:%d: %s", path, error.line, error.text);
    const json_t *r = json_object_get(json, "repeat"), *f = json_object_get(json, "fold");
    if (json_is_integer(r) && json_is_integer(f) && json_integer_value(r) == job.repeat &&
        json_integer_value(f) == job.fold && json_is_object(json_object_get(json, "parts"))) {
        *out = json;
        return OK;
    }
    json_decref(json);
    return fail(ERR_FORMAT, "%s: is not of repetition %d, fold %d", path, job.repeat, job.fold);
}

/* Was it trained with these settings? `updates` may have grown since. */
static bool same_config(const char *run, const Config *config, FoldJob job)
{
    char path[PATH_ROOM], *saved = NULL, *wanted = NULL;
    size_t n;
    FoldConfig own;
    foldjob_config(&own, config, job);
    if (foldjob_path(path, run, job, "config.yaml") != OK || !file_exists(path)) return false;
    const bool same = file_read_whole(&saved, &n, path, CONFIG_MOST) == OK &&
                      config_text(&wanted, &own.config) == OK && config_same(saved, wanted);
    free(saved);
    free(wanted);
    return same;
}

bool foldjob_done(const char *run, const Config *config, FoldJob job)
{
    static const char *const needed[] = {"predictions.tsv", "summary.json", "model.safetensors"};
    char path[PATH_ROOM];
    json_t *summary;
    for (int k = job.trial > 0 ? 1 : 0; k < (job.trial > 0 ? 2 : 3); k++) /* one that diverged has no predictions */
        if (foldjob_path(path, run, job, needed[k]) != OK || !file_exists(path)) return false;
    if (!same_config(run, config, job) || foldjob_summary(&summary, run, job) != OK) return false;
    json_decref(summary);
    return true;
}
