/* SPDX-License-Identifier: MIT */
#include "train/label.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the values of a column ---- */

#define VALUES_SHOWN 8

typedef struct {
    const char *text;
    int count;
} Value;

typedef struct {
    int n;
    Value value[64]; /* distinct cells that are not missing, in order of appearance; the rest is not listed */
    int more;        /* cells with values that found no room */
} Values;

static void collect_values(Values *out, const Table *table, int column, const int *row, int n)
{
    const int room = (int)(sizeof out->value / sizeof *out->value);
    *out = (Values){0};
    for (int i = 0; i < n; i++) {
        const char *cell = row[i] < 0 ? "" : table_cell(table, row[i], column);
        if (table_missing(cell)) continue;
        int k = 0;
        while (k < out->n && strcmp(out->value[k].text, cell) != 0) k++;
        if (k == room) {
            out->more++;
            continue;
        }
        out->value[k].text = cell;
        out->value[k].count++;
        if (k == out->n) out->n++;
    }
}

/* "'+' (12), '-' (8), …" */
static const char *say_values(char *buffer, size_t room, const Values *values)
{
    size_t used = 0;
    buffer[0] = 0;
    for (int k = 0; k < values->n && k < VALUES_SHOWN && used < room; k++)
        used += (size_t)snprintf(buffer + used, room - used, "%s'%.40s' (%d)", k ? ", " : "", values->value[k].text,
                                 values->value[k].count);
    if (used < room && (values->n > VALUES_SHOWN || values->more)) snprintf(buffer + used, room - used, ", …");
    return values->n ? buffer : "none";
}

static int count_of(const Values *values, const char *text)
{
    for (int k = 0; k < values->n; k++)
        if (strcmp(values->value[k].text, text) == 0) return values->value[k].count;
    return 0;
}

/* ---- binary ---- */

static const char *const pairs[][2] = {{"+", "-"}, {"true", "false"}, {"1", "0"}, {"yes", "no"}};

/* Where the two values speak for themselves. */
static const char *obvious_positive(const Values *values)
{
    if (values->n != 2 || values->more) return NULL;
    const char *a = values->value[0].text, *b = values->value[1].text;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        if (strcasecmp(a, pairs[k][0]) == 0 && strcasecmp(b, pairs[k][1]) == 0) return a;
        if (strcasecmp(b, pairs[k][0]) == 0 && strcasecmp(a, pairs[k][1]) == 0) return b;
    }
    return NULL;
}

static Status resolve_positive(Target *t, const Values *values, const char *path)
{
    char said[512];
    if (t->positive) return OK;
    t->positive = obvious_positive(values);
    if (t->positive) return OK;
    return fail(ERR_CONFIG, "%s: which value of column '%s' is positive? It has %s; say --positive=VALUE", path,
                t->column, say_values(said, sizeof said, values));
}

static Status resolve_negative(Target *t, const Values *values, const char *path)
{
    char said[512];
    const char *other = NULL;
    int others = values->more;
    for (int k = 0; k < values->n; k++)
        if (strcmp(values->value[k].text, t->positive) != 0) {
            other = values->value[k].text;
            others++;
        }
    if (t->negative) return OK;
    if (others > 1)
        return fail(ERR_CONFIG,
                    "%s: column '%s' has %s: besides '%s' only one value may occur; name it as negative "
                    "of task '%s' (--tasks.0.negative=VALUE), the others then count as missing",
                    path, t->column, say_values(said, sizeof said, values), t->positive, t->name);
    t->negative = other;
    return OK;
}

static Status need_positive(const Target *t, const Values *values, const char *path)
{
    char said[512];
    if (count_of(values, t->positive) > 0) return OK;
    return fail(ERR_FORMAT, "%s: no cell of column '%s' is '%s' (positive); its values are %s", path, t->column,
                t->positive, say_values(said, sizeof said, values));
}

static Status need_negative(const Target *t, const Values *values, const char *path)
{
    char said[512];
    if (!t->negative)
        return fail(ERR_FORMAT, "%s: every label in column '%s' is '%s'; a model needs both classes", path, t->column,
                    t->positive);
    if (count_of(values, t->negative) > 0) return OK;
    return fail(ERR_FORMAT, "%s: no cell of column '%s' is '%s' (negative); its values are %s", path, t->column,
                t->negative, say_values(said, sizeof said, values));
}

static Status resolve_binary(Target *t, const Values *values, const char *path, bool deeprc, bool training)
{
    TRY(resolve_positive(t, values, path));
    if (training) TRY(need_positive(t, values, path));
    if (deeprc) return OK;
    TRY(resolve_negative(t, values, path));
    return training ? need_negative(t, values, path) : OK;
}

/* 1, 0, or -1 for a cell that is neither. */
static int class_binary(const Target *t, const char *cell, bool deeprc)
{
    if (strcmp(cell, t->positive) == 0) return 1;
    if (deeprc) return 0;
    if (t->negative && strcmp(cell, t->negative) == 0 && !table_missing(cell)) return 0;
    return -1;
}

static bool cell_binary(real *target, int *class, const Target *t, const char *cell, bool deeprc)
{
    *class = class_binary(t, cell, deeprc);
    *target = *class == 1;
    return *class >= 0;
}

/* ---- all kinds ---- */

typedef struct {
    const char *target; /* kind of target */
    int n_class;        /* of the stratification; 0: none */
    /* Settles what the config left open, from the values of the column. */
    Status (*resolve)(Target *t, const Values *values, const char *path, bool deeprc, bool training);
    /* One cell → target [n_out] and class. False: unknown. */
    bool (*cell)(real *target, int *class, const Target *t, const char *cell, bool deeprc);
} LabelType;

static const LabelType label_types[] = {{"binary", 2, resolve_binary, cell_binary}};

static const LabelType *type_of(const Target *t)
{
    const size_t n = sizeof label_types / sizeof *label_types;
    size_t k = 0;
    while (k < n && strcmp(label_types[k].target, t->type->name) != 0) k++;
    assert(k < n);
    return &label_types[k];
}

static Status find_column(int *column, const Target *t, const Table *table)
{
    char said[512] = "";
    size_t used = 0;
    *column = table_column(table, t->column);
    if (*column >= 0) return OK;
    for (int k = 0; k < table->n_column && used < sizeof said; k++)
        used += (size_t)snprintf(said + used, sizeof said - used, "%s'%.60s'", k ? ", " : "", table->column[k]);
    return fail(ERR_FORMAT, "%s: no column '%s' (task '%s'); its columns are %s", table->path, t->column, t->name,
                said);
}

static Status read_target(Labels *out, Target *t, int index, const Table *table, const int *row, bool deeprc,
                          bool training)
{
    const LabelType *type = type_of(t);
    Values values;
    int column, class;
    TRY(find_column(&column, t, table));
    collect_values(&values, table, column, row, out->n);
    TRY(type->resolve(t, &values, table->path, deeprc, training));
    if (out->class && index == 0) memset(out->class, -1, (size_t)out->n * sizeof *out->class);
    for (int i = 0; i < out->n; i++) {
        if (row[i] < 0) continue;
        const char *cell = table_cell(table, row[i], column);
        real *target = out->target + (size_t)i * (size_t)out->n_out + t->at;
        const bool known = type->cell(target, &class, t, cell, deeprc);
        out->mask[(size_t)i * (size_t)out->n_target + (size_t)index] = known;
        if (index == 0 && out->class) out->class[i] = class;
        if (!known && table_missing(cell)) out->n_missing++;
        if (!known && !table_missing(cell)) out->n_strange++;
    }
    return OK;
}

Status label_read(Labels *out, Target *target, int n_target, const Table *table, const int *row, int n, bool deeprc,
                  bool training)
{
    int n_out = 0;
    for (int k = 0; k < n_target; k++) n_out += target[k].n_out;
    *out = (Labels){.n = n, .n_out = n_out, .n_target = n_target, .n_class = type_of(&target[0])->n_class};
    const size_t rows = (size_t)n + !n;
    out->target = calloc(rows * (size_t)n_out, sizeof *out->target);
    out->mask = calloc(rows * (size_t)n_target, sizeof *out->mask);
    out->class = out->n_class ? calloc(rows, sizeof *out->class) : NULL;
    Status status = OK;
    if (!out->target || !out->mask || (out->n_class && !out->class))
        status = fail(ERR_MEMORY, "no memory for the labels of %d bags", n);
    for (int k = 0; k < n_target && status == OK; k++)
        status = read_target(out, &target[k], k, table, row, deeprc, training);
    if (status != OK) label_free(out);
    return status;
}

void label_free(Labels *labels)
{
    if (!labels) return;
    free(labels->target);
    free(labels->mask);
    free(labels->class);
    *labels = (Labels){0};
}
