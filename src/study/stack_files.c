/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/jsontext.h"
#include "run/manifest.h"
#include "run/run.h"
#include "study/stack_parts.h"

#include <math.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const top_files[] = {"summary.json",    "summary.md", "stack.json",
                                        "predictions.tsv", "inner.tsv",  "manifest.json",
                                        "config.yaml",     "splits.tsv", NULL};
static const char *const round_files[] = {"summary.json", "predictions.tsv", "inner.tsv", NULL};

#define COPY_MOST ((size_t)1 << 30) /* bytes of a file that is copied from a column */

static Status join(char path[PATH_ROOM], const char *folder, const char *name)
{
    return path_join(path, folder, name) ? OK : fail(ERR_USAGE, "%.60s…: the path is too long", folder);
}

/* ---- who may write there ---- */

/* Does the path name the folder, as links resolve it? */
static bool same_place(const char *a, const char *b)
{
    char *x = realpath(a, NULL), *y = realpath(b, NULL);
    const bool same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

static Status check_own(const char *folder, const char *const *file)
{
    char path[PATH_ROOM];
    for (; *file; file++) {
        TRY(join(path, folder, *file));
        TRY(file_check_own(path, false));
    }
    return OK;
}

static Status check_rounds(const char *folder)
{
    char path[PATH_ROOM], name[64];
    for (int kind = 0; kind < STACK_KINDS; kind++) {
        TRY(join(path, folder, stackkinds[kind].folder));
        TRY(file_check_own(path, true));
        for (int k = 0; stackkinds[kind].is_numbered ? file_exists(path) : k == 0; k++) {
            stackkind_folder(name, kind, k);
            TRY(join(path, folder, name));
            TRY(file_check_own(path, true));
            TRY(check_own(path, round_files));
        }
    }
    return OK;
}

Status stack_files_check(const Stack *s)
{
    char path[PATH_ROOM];
    const char *folder = s->in->folder;
    TRY(run_check_folder(folder, s->in->force));
    for (int k = 0; k < s->in->n_word; k++)
        if (same_place(folder, s->in->word[k]))
            return fail(ERR_USAGE, "%s is both input and output; give -o another folder", folder);
    for (int k = 0; k < s->columns.n; k++)
        if (same_place(folder, s->columns.column[k].folder))
            return fail(ERR_USAGE, "%s is both input and output; give -o another folder", folder);
    TRY(join(path, folder, "summary.json"));
    const bool is_run = file_exists(path);
    TRY(join(path, folder, "stack.json"));
    if (is_run && !file_exists(path))
        return fail(ERR_IO, "%s holds a run that is no stack, which --force does not overwrite; name another folder",
                    folder);
    TRY(check_own(folder, top_files));
    return check_rounds(folder);
}

/* ---- the beginning ---- */

static Status remove_files(const char *folder, const char *const *file)
{
    char path[PATH_ROOM];
    for (; *file; file++) {
        TRY(join(path, folder, *file));
        if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
            return fail(ERR_IO, "%s: cannot be replaced: %s", path, strerror(errno));
    }
    return OK;
}

/* Rounds of an earlier stack, of which there may have been more. */
static Status remove_rounds(const char *folder)
{
    char path[PATH_ROOM], name[64];
    for (int kind = 0; kind < STACK_KINDS; kind++) {
        for (int k = 0;; k++) {
            stackkind_folder(name, kind, k);
            TRY(join(path, folder, name));
            if (!file_exists(path)) break;
            TRY(remove_files(path, round_files));
            if (rmdir(path) != 0) break;
        }
        TRY(join(path, folder, stackkinds[kind].folder));
        rmdir(path);
    }
    return OK;
}

/* A file of the first column that has one, in its folder or in the one above. */
static Status copy_file(const Stack *s, const char *name)
{
    char from[PATH_ROOM], to[PATH_ROOM], above[PATH_ROOM];
    TRY(join(to, s->in->folder, name));
    for (int k = 0; k < 2 * s->columns.n; k++) {
        const char *folder = s->columns.column[k / 2].folder;
        TRY(join(above, folder, ".."));
        TRY(join(from, k % 2 ? above : folder, name));
        if (!file_exists(from)) continue;
        char *bytes;
        size_t n;
        TRY(file_read_whole(&bytes, &n, from, COPY_MOST));
        const Status status = file_write_whole(to, bytes, n, true);
        free(bytes);
        return status;
    }
    return OK;
}

/* Of the first column that has one: a new reference. */
static Status find_data(json_t **out, const Stack *s)
{
    char path[PATH_ROOM], above[PATH_ROOM];
    *out = NULL;
    for (int k = 0; k < 2 * s->columns.n && !*out; k++) {
        const char *folder = s->columns.column[k / 2].folder;
        json_t *manifest;
        TRY(join(above, folder, ".."));
        TRY(join(path, k % 2 ? above : folder, "manifest.json"));
        TRY(jsontext_load(&manifest, path, NULL));
        *out = json_incref(json_object_get(manifest, "data"));
        json_decref(manifest);
    }
    if (!*out) *out = json_null();
    return OK;
}

static Status write_json(const char *folder, const char *name, json_t *value)
{
    Run run = {.metrics = NULL};
    snprintf(run.folder, sizeof run.folder, "%.*s", (int)sizeof run.folder - 1, folder);
    return run_write_json(&run, name, value);
}

static Status write_manifest(const Stack *s)
{
    json_t *data, *manifest;
    TRY(find_data(&data, s));
    const Status status = manifest_new(&manifest, data, s->in->folder, s->in->argc, s->in->argv);
    json_decref(data);
    return status == OK ? write_json(s->in->folder, "manifest.json", manifest) : status;
}

Status stack_files_begin(Stack *s)
{
    const char *folder = s->in->folder;
    TRY(file_make_folder(folder));
    TRY(runlock_begin(&s->lock, folder, s->in->force));
    TRY(remove_files(folder, top_files));
    TRY(remove_rounds(folder));
    TRY(copy_file(s, "config.yaml"));
    TRY(copy_file(s, "splits.tsv"));
    return write_manifest(s);
}

Status stack_files_round(const Stack *s, const StackRound *r, const char *inside, json_t *summary)
{
    char folder[PATH_ROOM];
    TRY(file_make_inside(s->in->folder, inside));
    TRY(join(folder, s->in->folder, inside));
    TRY(stackround_write(r, folder));
    return write_json(folder, "summary.json", json_incref(summary));
}

/* ---- stack.json ---- */

/* How many bytes of both, which end or have a slash behind them, are the same. */
static size_t common(const char *a, const char *b)
{
    size_t same = 0;
    for (size_t k = 0;; k++) {
        if ((!a[k] || a[k] == '/') && (!b[k] || b[k] == '/')) same = k;
        if (a[k] != b[k] || !a[k]) return same;
    }
}

/* The way from a folder to another, as links resolve them: "../../rivals/clones". */
static json_t *way(const char *from, const char *to)
{
    char *a = realpath(from, NULL), *b = realpath(to, NULL), text[PATH_ROOM] = "";
    size_t n = 0;
    if (!a || !b) snprintf(text, sizeof text, "%s", to);
    if (a && b) {
        const size_t same = common(a, b);
        for (const char *c = a + same; *c; c++)
            if (*c == '/' && c[1] && n + 4 < sizeof text) n += (size_t)snprintf(text + n, 4, "../");
        snprintf(text + n, sizeof text - n, "%s", b[same] ? b + same + 1 : ".");
    }
    free(a);
    free(b);
    return json_string(text);
}

static json_t *numbers(const double *value, int n)
{
    json_t *list = json_array();
    for (int k = 0; k < n; k++) json_array_append_new(list, jsontext_real(value[k]));
    return list;
}

static json_t *blend_json(const StackBlend *b, int n_column, int n_out)
{
    json_t *columns = json_array();
    for (int c = 0; c < n_column; c++)
        json_array_append_new(columns,
                              json_pack("{s:o, s:o, s:o}", "weight", jsontext_real(b->weight[c]), "scale",
                                        jsontext_real(b->scale[c]), "shift", numbers(b->shift + c * n_out, n_out)));
    return json_pack("{s:o, s:o, s:o}", "C", jsontext_real(b->cost), "columns", columns, "bias",
                     numbers(b->bias, n_out));
}

static json_t *folds_json(const Stack *s, int task)
{
    const StackFrame *f = &s->main.frame;
    json_t *list = json_array();
    for (int k = task; k < f->n_block; k += f->n_task) {
        const StackChoice *c = &s->main.outcome.choice[k];
        json_t *fold = json_pack("{s:i, s:i}", "repeat", f->block[k].repeat, "fold", f->block[k].fold);
        if (f->block[k].n_test > 0 && c->column >= 0) {
            json_object_set_new(fold, "column", json_integer(c->column));
            if (c->is_calibrated) json_object_set_new(fold, "calibration", json_pack("[f, f]", c->slope, c->shift));
        } else if (f->block[k].n_test > 0)
            json_object_set_new(fold, "weights", blend_json(&c->blend, s->columns.n, f->target[task].n_out));
        if (f->block[k].n_test > 0 && !isnan(c->cutoff)) json_object_set_new(fold, "cutoff", json_real(c->cutoff));
        json_array_append_new(list, fold);
    }
    return list;
}

static json_t *one_task(const Stack *s, int task)
{
    const Target *t = &s->main.frame.target[task];
    json_t *classes = json_array();
    for (int o = 0; o < t->n_out; o++) json_array_append_new(classes, json_string(t->classes[o]));
    return json_pack("{s:s, s:s, s:o, s:o}", "name", t->name, "kind", t->type->name, "classes", classes, "folds",
                     folds_json(s, task));
}

static json_t *stack_json(const Stack *s)
{
    json_t *columns = json_array(), *tasks = json_array();
    for (int k = 0; k < s->columns.n; k++)
        json_array_append_new(columns, json_pack("{s:s, s:o}", "name", s->columns.column[k].name, "path",
                                                 way(s->in->folder, s->columns.column[k].folder)));
    for (int k = 0; k < s->main.frame.n_task; k++) json_array_append_new(tasks, one_task(s, k));
    return json_pack("{s:s, s:b, s:o, s:o}", "version", HOPSACK_VERSION, "weigh", s->in->weigh, "columns", columns,
                     "tasks", tasks);
}

/* What tells of an end comes last. */
Status stack_files_finish(const Stack *s, json_t *summary)
{
    char path[PATH_ROOM];
    TRY(write_json(s->in->folder, "stack.json", stack_json(s)));
    TRY(stackround_write(&s->main, s->in->folder));
    TRY(join(path, s->in->folder, "summary.md"));
    TRY(stack_table_write(path, s, summary));
    return write_json(s->in->folder, "summary.json", json_incref(summary));
}
