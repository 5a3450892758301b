/* SPDX-License-Identifier: MIT */
#include "data/import/import_labels.h"
#include "data/text/join.h"

#include <stdlib.h>
#include <string.h>

static Status no_memory(const Table *labels)
{
    return fail(ERR_MEMORY, "%s: no memory to join it", labels->path);
}

/* Names of the bags, or of their files. */
static const char **list_names(const LabelKey *key, int n, bool by_file)
{
    const char **name = malloc(((size_t)n + 1) * sizeof *name);
    for (int i = 0; name && i < n; i++) name[i] = by_file ? key[i].file : key[i].key;
    return name;
}

/* For messages. */
static const char *place(const LabelKey *key, int n, bool by_file)
{
    for (int i = 0; i < n && !by_file; i++)
        if (strcmp(key[i].key, key[i].file) != 0) return "the repertoires found";
    return "the files found";
}

typedef struct {
    int column, found; /* found: rows it fits; -1: none tried yet */
    bool by_file;
} Choice;

static void try_column(Choice *best, const Table *labels, int column, const char *const *name[2], int n)
{
    for (int by_file = 0; column >= 0 && by_file < 2; by_file++) {
        const int found = join_count(name[by_file], n, labels, column);
        if (found > best->found) *best = (Choice){column, found, by_file};
    }
}

Status import_labels_join(int *row, int *id_column, bool *by_file, const Table *labels, const char *id_name,
                          const LabelKey *key, int n)
{
    Choice best = {.found = -1};
    int usual;
    TRY(table_id_column(&usual, labels, id_name));
    const char **name[2] = {list_names(key, n, false), list_names(key, n, true)};
    const char *const *names[2] = {name[0], name[1]};
    Status status = name[0] && name[1] ? OK : no_memory(labels);
    if (status == OK) try_column(&best, labels, usual, names, n);
    if (status == OK && strcmp(id_name, "auto") == 0)
        for (int i = 0; table_id_names[i]; i++)
            try_column(&best, labels, table_column(labels, table_id_names[i]), names, n);
    if (status == OK && best.found < 0) status = no_memory(labels);
    if (status == OK)
        status = join_ids(row, names[best.by_file], n, place(key, n, best.by_file), labels, best.column);
    *id_column = best.column;
    *by_file = best.by_file;
    free((void *)name[0]);
    free((void *)name[1]);
    return status;
}

/* The bag's cell in a column of the table, or in the column put before them (-1). */
static const char *cell_of(const Table *labels, const LabelKey *key, int row, int column, int id_column, bool by_file)
{
    if (row < 0) return column == -1 || column == id_column ? key->key : "";
    if (column == -1) return by_file ? key->key : table_cell(labels, row, id_column);
    return table_cell(labels, row, column);
}

static Status build(Table *out, int *n_unlabelled, const Table *labels, const LabelKey *key, const int *row, int n,
                    int id_column, bool by_file)
{
    int usual = -1, n_row = 0;
    const bool found = !by_file && table_id_column(&usual, labels, "auto") == OK && usual == id_column;
    const int extra = !found && table_column(labels, "ID") < 0;
    const int width = labels->n_column + extra;
    const char **cell = malloc(((size_t)n * (size_t)width + 1) * sizeof *cell);
    const char **name = malloc(((size_t)width + 1) * sizeof *name);
    for (int i = 0; cell && name && i < n; i++) {
        if (key[i].left_out) continue;
        *n_unlabelled += row[i] < 0;
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

Status import_labels_order(Table *out, int *n_unlabelled, const Table *labels, const char *id_name,
                           const LabelKey *key, int n)
{
    int *row = malloc(((size_t)n + 1) * sizeof *row), id_column;
    bool by_file;
    *n_unlabelled = 0;
    if (!row) return no_memory(labels);
    Status status = import_labels_join(row, &id_column, &by_file, labels, id_name, key, n);
    if (status == OK) status = build(out, n_unlabelled, labels, key, row, n, id_column, by_file);
    free(row);
    return status;
}
