/* SPDX-License-Identifier: MIT
 *
 * Split files that are no table of a row a bag. CLAM: columns train, val and test that list slides, or that say True and
 * False of the slide in the first column. nnU-Net: JSON, a list of {"train": [...], "val": [...]}, whose `val` is what a
 * fold is judged by; or one object with "test" too. All become a table of bag and part, or bag and fold.
 */
#include "cohort/split_foreign.h"
#include "core/jsontext.h"
#include "data/text/cell.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
    const char *path;
    const char *column; /* "part" or "fold" */
    int n, room;
    const char **cell;  /* [n, 2] bag, value */
    char (*number)[12]; /* of folds */
} SplitRows;

static Status add_row(SplitRows *r, const char *bag, const char *value)
{
    if (r->n == r->room) {
        const int room = r->room ? 2 * r->room : 256;
        const char **grown = realloc((void *)r->cell, (size_t)room * 2 * sizeof *grown);
        if (!grown) return fail(ERR_MEMORY, "%s: no memory for its bags", r->path);
        r->cell = grown;
        r->room = room;
    }
    r->cell[2 * r->n] = bag;
    r->cell[2 * r->n++ + 1] = value;
    return OK;
}

static Status finish(Table *out, SplitRows *r, Status status)
{
    if (status == OK && r->n == 0) status = fail(ERR_FORMAT, "%s: lists no bag", r->path);
    if (status == OK) status = table_new(out, r->n, 2, (const char *const[]){"bag", r->column}, r->cell);
    if (status == OK) out->path = r->path;
    free((void *)r->cell);
    free(r->number);
    return status;
}

/* ---- CLAM ---- */

static const char *const clam_part[][3] = {
    {"train", "train", NULL}, {"validation", "val", "validation"}, {"test", "test", NULL}};
enum { N_PART = 3 };

static int find_part(const Table *t, int part)
{
    const int column = table_column(t, clam_part[part][1]);
    return column < 0 && clam_part[part][2] ? table_column(t, clam_part[part][2]) : column;
}

bool split_foreign_is_clam(const Table *t)
{
    return find_part(t, 0) >= 0 && find_part(t, 2) >= 0;
}

static bool is_word(const char *cell, const char *word)
{
    return strcasecmp(cell, word) == 0;
}

static bool is_bool(const Table *t, int column)
{
    for (int r = 0; r < t->n_row; r++)
        if (!is_word(table_cell(t, r, column), "true") && !is_word(table_cell(t, r, column), "false")) return false;
    return t->n_row > 0;
}

static Status add_column(SplitRows *rows, const Table *t, int part)
{
    const int column = find_part(t, part);
    if (column < 0) return OK;
    const bool flags = is_bool(t, column);
    if (flags && column == 0)
        return fail(ERR_FORMAT, "%s: no column before '%s' names the bags", t->path, t->column[0]);
    for (int r = 0; r < t->n_row; r++) {
        const char *cell = table_cell(t, r, column);
        if (flags ? is_word(cell, "false") : cell_missing(cell)) continue;
        TRY(add_row(rows, flags ? table_cell(t, r, 0) : cell, clam_part[part][0]));
    }
    return OK;
}

Status split_foreign_clam(Table *out, const Table *t)
{
    SplitRows rows = {.path = t->path, .column = "part"};
    Status status = OK;
    for (int part = 0; part < N_PART && status == OK; part++) status = add_column(&rows, t, part);
    return finish(out, &rows, status);
}

/* ---- JSON ---- */

bool split_foreign_is_json(const char *path)
{
    FILE *in = fopen(path, "rbe");
    int c = in ? getc(in) : EOF;
    while (c != EOF && isspace(c)) c = getc(in);
    if (in) fclose(in);
    return c == '[' || c == '{';
}

static Status add_list(SplitRows *rows, const json_t *list, const char *value)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *bag = json_string_value(json_array_get(list, i));
        if (!bag) return fail(ERR_FORMAT, "%s: its lists of bags hold something else than names", rows->path);
        TRY(add_row(rows, bag, value));
    }
    return OK;
}

static Status add_parts(SplitRows *rows, const json_t *parts)
{
    rows->column = "part";
    for (int part = 0; part < N_PART; part++) {
        const json_t *list = json_object_get(parts, clam_part[part][1]);
        if (!list && clam_part[part][2]) list = json_object_get(parts, clam_part[part][2]);
        TRY(add_list(rows, list, clam_part[part][0]));
    }
    return OK;
}

static Status add_folds(SplitRows *rows, const json_t *folds)
{
    const size_t n = json_array_size(folds);
    rows->column = "fold";
    rows->number = calloc(n + 1, sizeof *rows->number);
    if (!rows->number) return fail(ERR_MEMORY, "%s: no memory for its folds", rows->path);
    if (n < 2)
        return fail(
            ERR_FORMAT,
            "%s: this JSON has one split of train and val; folds need two or more, and one split needs a list "
            "\"test\" too, or a table with the columns bag and part (train, validation, test)",
            rows->path);
    for (size_t k = 0; k < n && k < 100000; k++) {
        snprintf(rows->number[k], sizeof rows->number[k], "%zu", k);
        const json_t *list = json_object_get(json_array_get(folds, k), "val");
        if (!json_is_array(list))
            return fail(ERR_FORMAT,
                        "%s: JSON of splits is a list of {\"train\": […], \"val\": […]}; entry %zu has no val",
                        rows->path, k);
        TRY(add_list(rows, list, rows->number[k]));
    }
    return OK;
}

static Status add_json(SplitRows *rows, const json_t *json)
{
    const json_t *one = json_is_array(json) && json_array_size(json) == 1 ? json_array_get(json, 0) : json;
    if (json_is_object(one) && json_object_get(one, "test")) return add_parts(rows, one);
    if (json_is_array(json)) return add_folds(rows, json);
    return fail(ERR_FORMAT,
                "%s: this JSON is no list of splits; give a CSV or TSV table with the columns bag and fold",
                rows->path);
}

Status split_foreign_json(Table *out, const char *path)
{
    SplitRows rows = {.path = path};
    json_t *json;
    TRY(jsontext_load(&json, path, NULL));
    const Status status = finish(out, &rows, json ? add_json(&rows, json) : fail(ERR_FORMAT, "%s: is no JSON", path));
    json_decref(json);
    return status;
}
