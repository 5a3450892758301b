/* SPDX-License-Identifier: MIT
 *
 * resume.c: two complete configs are compared entry by entry, so that the sentence can name the key.
 */
#include "run/resume.h"
#include "core/file.h"
#include "core/number.h"
#include "core/yaml.h"
#include "run/place.h"
#include "run/runfolder.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *path, *value; /* values of a list with commas; "null" for null */
} Setting;

typedef struct {
    Setting *setting; /* [n] */
    int n;
} List;

static void list_free(List *list)
{
    for (int i = 0; i < list->n; i++) {
        free(list->setting[i].path);
        free(list->setting[i].value);
    }
    free(list->setting);
}

/* What was written, a list with commas. */
static char *value_text(const OptionValue *value)
{
    char *text = strdup(value->null ? "null" : "");
    for (int i = 0; text && i < value->n && !value->null; i++) {
        char *longer = NULL;
        if (asprintf(&longer, "%s%s%s", text, i ? "," : "", value->text[i]) < 0) longer = NULL;
        free(text);
        text = longer;
    }
    return text;
}

static Status take(void *context, const char *path, int line, YamlForm form, const OptionValue *value)
{
    List *list = context;
    (void)line;
    if (form != YAML_VALUE) return OK;
    Setting *grown = realloc(list->setting, ((size_t)list->n + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for the settings");
    list->setting = grown;
    Setting *s = &list->setting[list->n++];
    *s = (Setting){.path = strdup(path), .value = value_text(value)};
    return s->path && s->value ? OK : fail(ERR_MEMORY, "no memory for the settings");
}

static const char *find(const List *list, const char *path)
{
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->setting[i].path, path) == 0) return list->setting[i].value;
    return NULL;
}

static bool is_length(const char *path)
{
    return strcmp(path, "train.updates") == 0 || strcmp(path, "train.epochs") == 0;
}

static bool grew(const char *before, const char *now)
{
    double from, to;
    return number_read(&from, before) && number_read(&to, now) && to >= from;
}

/* The run itself is the same, whatever it says. */
static bool is_beside(const char *path)
{
    return strcmp(path, "crossval.without") == 0;
}

/* What crossval may be asked for in addition to what is there. */
static bool is_addition(const char *path, const char *before, const char *now)
{
    if (strcmp(path, "crossval.inner") == 0) return !before;
    if (strcmp(path, "crossval.permute") == 0) return grew(before ? before : "0", now);
    if (is_beside(path)) return true;
    return strcmp(path, "crossval.batches") == 0 && strcmp(now, "true") == 0;
}

static Status compare(const List *before, const List *now, const char *where)
{
    for (int i = 0; i < now->n; i++) {
        const char *path = now->setting[i].path, *new = now->setting[i].value, *old = find(before, path);
        if (old && (strcmp(old, new) == 0 || (is_length(path) && grew(old, new)))) continue;
        if (is_addition(path, old, new)) continue;
        return fail(ERR_CONFIG,
                    "%s was %.60s in %s and is %.60s now; a resumed run keeps its settings, only train.updates or "
                    "train.epochs may grow: leave it out, or begin a run in another folder",
                    path, old ? old : "not set", where, new);
    }
    for (int i = 0; i < before->n; i++)
        if (!find(now, before->setting[i].path) && !is_beside(before->setting[i].path))
            return fail(ERR_CONFIG, "%s was %.60s in %s and is not set now; a resumed run keeps its settings",
                        before->setting[i].path, before->setting[i].value, where);
    return OK;
}

Status resume_agrees(const char *before, const char *now, const char *where)
{
    List old = {0}, new = {0};
    char *whole = NULL;
    Status status;
    if (config_complete(&whole, before, where) != OK) whole = NULL; /* no config of ours: compared as it is */
    const char *text = whole ? whole : before;
    TRY_DONE(yaml_read(text, strlen(text), where, take, &old));
    TRY_DONE(yaml_read(now, strlen(now), "the settings", take, &new));
    TRY_DONE(compare(&old, &new, where));
done:
    list_free(&old);
    list_free(&new);
    free(whole);
    return status;
}

bool resume_possible(const char *folder)
{
    char path[PATH_ROOM];
    return file_exists_in(path, folder, "config.yaml");
}

/* Does `now` agree with what the folder says by itself? */
static Status check(Config *now, const char *path)
{
    Config saved;
    char *before = NULL, *after = NULL;
    Status status;
    TRY(config_read(&saved, path, NULL, 0));
    TRY_DONE(place_move(now, &saved)); /* data may lie elsewhere: they are known by content */
    TRY_DONE(config_text(&before, &saved));
    TRY_DONE(config_text(&after, now));
    TRY_DONE(resume_agrees(before, after, path));
done:
    free(before);
    free(after);
    config_free(&saved);
    return status;
}

Status resume_places(Config *now, const char *folder)
{
    char path[PATH_ROOM];
    Config saved;
    TRY(runfolder_path(path, folder, "config.yaml"));
    TRY(file_check_own(path, false));
    TRY(config_read(&saved, path, NULL, 0));
    const Status status = place_move(now, &saved);
    config_free(&saved);
    return status;
}

Status resume_config(Config *out, const char *folder, const char *yaml, const char *const *flag, int n_flag)
{
    char path[PATH_ROOM];
    TRY(runfolder_path(path, folder, "config.yaml"));
    TRY(file_check_own(path, false));
    TRY(config_read_over(out, path, yaml, flag, n_flag));
    Status status = check(out, path);
    if (status == OK) status = place_find(out, folder);
    if (status != OK) config_free(out);
    return status;
}
