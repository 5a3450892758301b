/* SPDX-License-Identifier: MIT */
#include "train/foldjob.h"
#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MOST (1 << 22) /* bytes of a config.yaml or summary.json of ours */

void foldjob_name(char name[64], int repeat, int fold)
{
    snprintf(name, 64, "rep%02d/fold%02d", repeat, fold);
}

Status foldjob_path(char path[FOLDJOB_ROOM], const char *run, int repeat, int fold, const char *file)
{
    char name[64];
    foldjob_name(name, repeat, fold);
    const int n = snprintf(path, FOLDJOB_ROOM, "%s/%s%s%s", run, name, *file ? "/" : "", file);
    return n < FOLDJOB_ROOM ? OK : fail(ERR_USAGE, "-o: the path is too long");
}

Config foldjob_config(const Config *config, int repeat, int fold)
{
    Config own = *config;
    own.splits.repeat = repeat;
    own.splits.fold = fold;
    return own;
}

Status foldjob_summary(json_t **out, const char *run, int repeat, int fold)
{
    char path[FOLDJOB_ROOM], *text = NULL;
    size_t n;
    json_error_t error;
    *out = NULL;
    TRY(foldjob_path(path, run, repeat, fold, "summary.json"));
    TRY(file_read_whole(&text, &n, path, CONFIG_MOST));
    json_t *json = json_loadb(text, n, 0, &error);
    free(text);
    if (!json) return fail(ERR_FORMAT, "%s:%d: %s", path, error.line, error.text);
    const json_t *r = json_object_get(json, "repeat"), *f = json_object_get(json, "fold");
    if (json_is_integer(r) && json_is_integer(f) && json_integer_value(r) == repeat &&
        json_integer_value(f) == fold && json_is_object(json_object_get(json, "parts"))) {
        *out = json;
        return OK;
    }
    json_decref(json);
    return fail(ERR_FORMAT, "%s: is not of repetition %d, fold %d", path, repeat, fold);
}

/* Was it trained with these settings? `updates` may have grown since. */
static bool same_config(const char *run, const Config *config, int repeat, int fold)
{
    char path[FOLDJOB_ROOM], *saved = NULL, *wanted = NULL;
    size_t n;
    const Config own = foldjob_config(config, repeat, fold);
    if (foldjob_path(path, run, repeat, fold, "config.yaml") != OK || !file_exists(path)) return false;
    const bool same = file_read_whole(&saved, &n, path, CONFIG_MOST) == OK && config_text(&wanted, &own) == OK &&
                      strcmp(saved, wanted) == 0;
    free(saved);
    free(wanted);
    return same;
}

bool foldjob_done(const char *run, const Config *config, int repeat, int fold)
{
    static const char *const needed[] = {"model.safetensors", "predictions.tsv", "summary.json"};
    char path[FOLDJOB_ROOM];
    json_t *summary;
    for (int k = 0; k < 3; k++)
        if (foldjob_path(path, run, repeat, fold, needed[k]) != OK || !file_exists(path)) return false;
    if (!same_config(run, config, repeat, fold) || foldjob_summary(&summary, run, repeat, fold) != OK) return false;
    json_decref(summary);
    return true;
}
