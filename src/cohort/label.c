/* SPDX-License-Identifier: MIT */
#include "cohort/label.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
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

/* ---- multiclass ---- */

/* Every class that is named must occur where a model is trained. */
static Status resolve_multiclass(Target *t, const Values *values, const char *path, bool deeprc, bool training)
{
    char said[512];
    (void)deeprc;
    for (int k = 0; training && k < t->n_class; k++)
        if (count_of(values, t->classes[k]) == 0)
            return fail(ERR_FORMAT, "%s: no cell of column '%s' is '%s', a class of task '%s'; its values are %s",
                        path, t->column, t->classes[k], t->name, say_values(said, sizeof said, values));
    return OK;
}

/* DeepRC takes a cell that is no class for the first one. */
static bool cell_multiclass(real *target, int *class, const Target *t, const char *cell, bool deeprc)
{
    *class = -1;
    for (int k = 0; k < t->n_class; k++) {
        target[k] = strcmp(cell, t->classes[k]) == 0;
        if (target[k] != 0) *class = k;
    }
    return *class >= 0 || deeprc;
}

/* ---- regression ---- */

/* The number as it stands; label_fit normalises it. */
static bool cell_regression(real *target, int *class, const Target *t, const char *cell, bool deeprc)
{
    char *end;
    const double value = strtod(cell, &end);
    (void)t;
    (void)deeprc;
    *class = -1;
    while (isspace((unsigned char)*end)) end++;
    if (table_missing(cell) || *end || end == cell || !isfinite(value) || fabs(value) > 1e30) return false;
    *target = (real)value;
    return true;
}

/* ---- all kinds ---- */

typedef struct {
    const char *target; /* kind of target */
    /* Settles what the config left open, from the values of the column. NULL: nothing is open. */
    Status (*resolve)(Target *t, const Values *values, const char *path, bool deeprc, bool training);
    /* One cell → target [n_out] and class. False: unknown. */
    bool (*cell)(real *target, int *class, const Target *t, const char *cell, bool deeprc);
} LabelType;

static const LabelType label_types[] = {
    {"binary", resolve_binary, cell_binary},
    {"multiclass", resolve_multiclass, cell_multiclass},
    {"regression", NULL, cell_regression},
};

static const LabelType *type_of(const Target *t)
{
    const size_t n = sizeof label_types / sizeof *label_types;
    size_t k = 0;
    while (k < n && strcmp(label_types[k].target, t->type->name) != 0) k++;
    assert(k < n);
    return &label_types[k];
}

/* Classes for stratification. */
static int strata(const Target *t)
{
    return strcmp(t->type->name, "binary") == 0 ? 2 : t->n_class;
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

/* What could be read of classes is known by now; only a regression's cells may all be something else. */
static Status no_number(const Target *t, const Values *values, const char *path)
{
    char said[512];
    return fail(ERR_FORMAT, "%s: column '%s' of task '%s' holds no number; its values are %s", path, t->column,
                t->name, say_values(said, sizeof said, values));
}

static Status read_target(Labels *out, Target *t, int index, const Table *table, const int *row, bool deeprc,
                          bool training)
{
    const LabelType *type = type_of(t);
    Values values;
    int column, class, n_known = 0;
    TRY(find_column(&column, t, table));
    collect_values(&values, table, column, row, out->n);
    if (training && values.n == 0)
        return fail(ERR_FORMAT, "%s: column '%s' of task '%s' is empty for every bag; fill it in, or name another",
                    table->path, t->column, t->name);
    if (type->resolve) TRY(type->resolve(t, &values, table->path, deeprc, training));
    if (out->class && index == 0) memset(out->class, -1, (size_t)out->n * sizeof *out->class);
    for (int i = 0; i < out->n; i++) {
        if (row[i] < 0) continue;
        const char *cell = row[i] < 0 ? "" : table_cell(table, row[i], column);
        real *target = out->target + (size_t)i * (size_t)out->n_out + t->at;
        const bool known = type->cell(target, &class, t, cell, deeprc);
        out->mask[(size_t)i * (size_t)out->n_target + (size_t)index] = known;
        n_known += known;
        if (index == 0 && out->class) out->class[i] = class;
        if (!known && table_missing(cell)) out->n_missing++;
        if (!known && !table_missing(cell)) out->n_strange++;
    }
    return training && n_known == 0 ? no_number(t, &values, table->path) : OK;
}

Status label_read(Labels *out, Target *target, int n_target, const Table *table, const int *row, int n, bool deeprc,
                  bool training)
{
    int n_out = 0;
    for (int k = 0; k < n_target; k++) n_out += target[k].n_out;
    *out = (Labels){.n = n, .n_out = n_out, .n_target = n_target, .n_class = strata(&target[0])};
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

/* Mean and standard deviation (divisor n) of a target over the members of `use`. */
static void spread(double *mean, double *std, const Labels *labels, const Target *t, int index, const bool *use)
{
    double sum = 0, square = 0, n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < labels->n; i++) {
            if (!use[i] || labels->mask[(size_t)i * (size_t)labels->n_target + (size_t)index] == 0) continue;
            const double x = (double)labels->target[(size_t)i * (size_t)labels->n_out + (size_t)t->at];
            sum += pass ? 0 : x;
            n += pass ? 0 : 1;
            square += pass ? (x - sum / n) * (x - sum / n) : 0;
        }
    *mean = n > 0 ? sum / n : 0;
    *std = square > 0 ? sqrt(square / n) : 1;
}

void label_fit(Labels *labels, Target *target, int n_target, const bool *use)
{
    for (int k = 0; k < n_target; k++) {
        Target *t = &target[k];
        double mean = 0, std = 1;
        if (strcmp(t->type->name, "regression") != 0) continue;
        if (isnan(t->mean) || isnan(t->std)) spread(&mean, &std, labels, t, k, use);
        if (isnan(t->mean)) t->mean = mean;
        if (isnan(t->std)) t->std = std;
        for (int i = 0; i < labels->n; i++) {
            real *x = &labels->target[(size_t)i * (size_t)labels->n_out + (size_t)t->at];
            *x = (real)(((double)*x - t->mean) / t->std);
        }
    }
}

void label_free(Labels *labels)
{
    if (!labels) return;
    free(labels->target);
    free(labels->mask);
    free(labels->class);
    *labels = (Labels){0};
}
