/* SPDX-License-Identifier: MIT */
#include "data/import/import_labels.h"
#include "data/text/join.h"

#include <stdlib.h>
#include <string.h>

static Status no_memory(const Table *labels)
{
    return fail(ERR_MEMORY, "%s: no memory to join it", labels->path);
}

enum { BY_KEY, BY_FILE, BY_PATH, N_WAY };

/* Names of the bags, of their files, or of these with folders. */
static const char **list_names(const LabelKey *key, int n, int way)
{
    const char **name = malloc(((size_t)n + 1) * sizeof *name);
    for (int i = 0; name && i < n; i++)
        name[i] = way == BY_KEY ? key[i].key : way == BY_FILE ? key[i].file : key[i].path;
    return name;
}

/* For messages. */
static const char *place(const LabelKey *key, int n, int way)
{
    for (int i = 0; i < n && way == BY_KEY; i++)
        if (strcmp(key[i].key, key[i].file) != 0) return "the repertoires found";
    return "the files found";
}

/* How many rows fit the names of that way, and in which column. */
static Status try_way(int *column, int *found, const Table *labels, const char *id_name, const LabelKey *key, int n,
                      int way)
{
    const char **name = list_names(key, n, way);
    if (!name) return no_memory(labels);
    const Status status = join_column(column, found, labels, id_name, name, n);
    free((void *)name);
    return status;
}

/* A way that finds no column is no error where another finds one. */
static Status join(int *row, LabelFit *fit, const Table *labels, const char *id_name, const LabelKey *key, int n)
{
    int best = -1, way = 0;
    for (int k = 0; k < N_WAY && best < labels->n_row; k++) {
        int column, found;
        const Status status = try_way(&column, &found, labels, id_name, key, n, k);
        if (status == ERR_FORMAT) continue;
        TRY(status);
        if (found <= best) continue;
        best = found;
        way = k;
        fit->column = column;
    }
    if (best < 0) return try_way(&fit->column, &best, labels, id_name, key, n, BY_KEY);
    const char **name = list_names(key, n, way);
    const Status status = name ? join_ids(row, name, n, place(key, n, way), labels, fit->column) : no_memory(labels);
    free((void *)name);
    fit->by_file = way != BY_KEY;
    return status;
}

Status import_labels_join(int *row, LabelFit *fit, const Table *labels, const char *id_name, const LabelKey *key,
                          int n)
{
    *fit = (LabelFit){.column = -1};
    return join(row, fit, labels, id_name, key, n);
}

/* The bag's cell in a column of the table, or in the column put before them (-1). */
static const char *cell_of(const Table *labels, const LabelKey *key, int row, int column, int id_column, bool by_file)
{
    if (row < 0) return column == -1 || column == id_column ? key->key : "";
    if (column == -1) return by_file ? key->key : table_cell(labels, row, id_column);
    return table_cell(labels, row, column);
}

/* The column that table_id_column finds; -1: none. */
static int first_usual(const Table *labels)
{
    int column = -1;
    for (int i = 0; column == -1; i++) column = table_usual_column(labels, i);
    return column;
}

static Status build(Table *out, LabelFit *fit, const Table *labels, const LabelKey *key, const int *row, int n)
{
    int n_row = 0;
    const int id_column = fit->column;
    const bool by_file = fit->by_file, found = !by_file && first_usual(labels) == id_column;
    const int extra = !found && table_column(labels, "ID") < 0;
    const int width = labels->n_column + extra;
    const char **cell = malloc(((size_t)n * (size_t)width + 1) * sizeof *cell);
    const char **name = malloc(((size_t)width + 1) * sizeof *name);
    for (int i = 0; cell && name && i < n; i++) {
        if (key[i].left_out) continue;
        fit->n_unlabelled += row[i] < 0;
        for (int c = -extra; c < labels->n_column; c++)
            cell[n_row * width + c + extra] = cell_of(labels, &key[i], row[i], c, id_column, by_file);
        n_row++;
    }
    for (int c = -extra; name && c < labels->n_column; c++) name[c + extra] = c < 0 ? "ID" : labels->column[c];
    const Status status = cell && name ? table_new(out, n_row, width, name, cell) : no_memory(labels);
    free((void *)cell);
    free((void *)name);
    return status;
}

Status import_labels_order(Table *out, LabelFit *fit, const Table *labels, const char *id_name, const LabelKey *key,
                           int n)
{
    int *row = malloc(((size_t)n + 1) * sizeof *row);
    if (!row) return no_memory(labels);
    Status status = import_labels_join(row, fit, labels, id_name, key, n);
    if (status == OK) status = build(out, fit, labels, key, row, n);
    free(row);
    return status;
}
