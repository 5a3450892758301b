/* SPDX-License-Identifier: MIT */
#include "study/learning.h"
#include "core/file.h"
#include "core/jsontext.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRICS_MOST (256u << 20) /* bytes of a metrics.jsonl */

/* ---- folders ---- */

/* "rep00" for the word "rep" */
static bool is_numbered(const char *name, const char *word)
{
    const size_t n = strlen(word);
    if (strncmp(name, word, n) != 0 || !name[n]) return false;
    for (const char *at = name + n; *at; at++)
        if (!isdigit((unsigned char)*at)) return false;
    return true;
}

static Status read_lines(json_t **out, const char *path)
{
    char *text, *rest = NULL;
    size_t n;
    Status status = OK;
    *out = json_array();
    TRY(file_read_whole(&text, &n, path, METRICS_MOST));
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *record = json_loads(line, 0, NULL);
        if (!json_is_object(record)) {
            json_decref(record);
            break;
        }
        if (json_array_append_new(*out, record) != 0) status = fail(ERR_MEMORY, "%s: no memory to read it", path);
    }
    free(text);
    return status;
}

static Status add_run(Learning *l, const char *folder, const char *name)
{
    char path[PATH_ROOM];
    LearningRun *grown = realloc(l->run, ((size_t)l->n + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d trainings", l->n + 1);
    l->run = grown;
    LearningRun *run = &l->run[l->n++];
    *run = (LearningRun){.line = NULL};
    snprintf(run->name, sizeof run->name, "%s", name);
    if (file_exists_in(path, folder, "metrics.jsonl")) TRY(read_lines(&run->line, path));
    if (file_exists_in(path, folder, "summary.json")) TRY(jsontext_load(&run->summary, path, NULL));
    l->n_done += run->summary != NULL;
    return OK;
}

static Status visit(Learning *l, const char *folder, const char *name, const char *const *word);

static Status visit_inside(Learning *l, const char *folder, const char *name, const char *inside,
                           const char *const *word)
{
    char path[PATH_ROOM], longer[64];
    const int n = snprintf(longer, sizeof longer, *name ? "%s/%s" : "%s%s", name, inside);
    if (n >= (int)sizeof longer || !path_join(path, folder, inside)) return OK;
    return file_is_folder(path) ? visit(l, path, longer, word) : OK;
}

/* Folders of the words one below the other; the last may be missing. A folder without such is a training. */
static Status visit(Learning *l, const char *folder, const char *name, const char *const *word)
{
    struct dirent **entry = NULL;
    Status status = OK;
    bool found = false;
    errno = 0;
    const int n = *word ? scandir(folder, &entry, NULL, alphasort) : 0;
    if (n < 0) return fail(errno == ENOMEM ? ERR_MEMORY : ERR_IO, "%s: %s", folder, strerror(errno));
    for (int k = 0; k < n; k++) {
        const bool fits = is_numbered(entry[k]->d_name, *word);
        if (fits && status == OK) status = visit_inside(l, folder, name, entry[k]->d_name, word + 1);
        found = found || fits;
        free(entry[k]);
    }
    free((void *)entry);
    if (status != OK || found || (*word && strcmp(*word, "fold") == 0)) return status;
    return add_run(l, folder, name);
}

Status learning_read(Learning *out, const char *folder)
{
    static const char *const words[] = {"rep", "fold", "model", NULL};
    char path[PATH_ROOM];
    *out = (Learning){.n = 0};
    const bool alone = file_exists_in(path, folder, "metrics.jsonl");
    const Status status = visit(out, folder, "", alone ? words + 3 : words);
    if (status != OK)
        learning_free(out);
    else if (out->n == 1 && !out->run[0].line) /* a folder of another kind */
        learning_free(out);
    return status;
}

void learning_free(Learning *l)
{
    for (int k = 0; k < l->n; k++) {
        json_decref(l->run[k].line);
        json_decref(l->run[k].summary);
    }
    free(l->run);
    *l = (Learning){.n = 0};
}

/* ---- curves ---- */

Status learning_curve(LearningCurve *out, const LearningRun *run, const char *task, LearningPart part,
                      const char *score)
{
    static const char *const part_word[LEARNING_PARTS] = {"train", "validation"};
    const size_t most = json_array_size(run->line) + 1;
    size_t k;
    json_t *line;
    *out = (LearningCurve){.update = malloc(most * sizeof(double)), .value = malloc(most * sizeof(double))};
    if (!out->update || !out->value) {
        learning_curve_free(out);
        return fail(ERR_MEMORY, "no memory for %zu evaluations", most);
    }
    json_array_foreach(run->line, k, line)
    {
        const json_t *scores = json_object_get(json_object_get(line, "tasks"), task);
        const json_t *value = json_object_get(scores, score);
        if (strcmp(jsontext_field(line, "part"), part_word[part]) != 0) continue;
        out->update[out->n] = jsontext_number(line, "update");
        out->value[out->n++] = json_is_number(value) ? json_number_value(value) : (double)NAN;
    }
    return OK;
}

void learning_curve_free(LearningCurve *c)
{
    free(c->update);
    free(c->value);
    *c = (LearningCurve){.n = 0};
}

double learning_kept(const LearningRun *run)
{
    const json_t *kept = json_object_get(run->summary, "kept_update");
    return json_is_number(kept) ? json_number_value(kept) : (double)NAN;
}
