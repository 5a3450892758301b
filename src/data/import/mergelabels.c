/* SPDX-License-Identifier: MIT */
#include "data/import/mergelabels.h"
#include "data/text/names.h"

#include <stdlib.h>
#include <string.h>

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the label table");
}

int mergelabels_id_column(const BagFile *file)
{
    int column;
    const Table *t = bagfile_columns(file);
    return t && bagfile_id_column(&column, file, t, "auto") == OK ? column : -1;
}

/* All columns, and an ID column in front where none of them is one. */
static Status list_columns(Names *all, int *id, BagFile *const *file, int n_file)
{
    const char *name = NULL;
    bool any = false;
    for (int f = 0; f < n_file; f++) {
        const Table *t = bagfile_columns(file[f]);
        const int own = mergelabels_id_column(file[f]);
        any |= t && t->n_column > 0;
        if (own >= 0 && !name) name = t->column[own];
    }
    if (any && !name && names_number(all, "ID", 2) < 0) return no_memory();
    for (int f = 0; f < n_file; f++) {
        const Table *t = bagfile_columns(file[f]);
        for (int c = 0; t && c < t->n_column; c++)
            if (names_number(all, t->column[c], strlen(t->column[c])) < 0) return no_memory();
    }
    *id = name ? names_find(all, name, strlen(name)) : 0;
    return OK;
}

static void fill_row(const char **cell, const Names *all, int id, const BagFile *file, int bag)
{
    const Table *t = bagfile_columns(file);
    const int own = mergelabels_id_column(file);
    for (int c = 0; c < all->n; c++) {
        const int column = t ? table_column(t, all->text[c]) : -1;
        cell[c] = column < 0 ? "" : table_cell(t, bag, column);
    }
    if (own >= 0) cell[id] = table_cell(t, bag, own);
    if (!*cell[id]) cell[id] = bagfile_key(file, bag);
}

Status mergelabels_make(Table *out, BagFile *const *file, int n_file, const MergeRow *row, int n)
{
    Names all = {0};
    int id = 0;
    const char **cell = NULL;
    Status status;
    TRY_DONE(list_columns(&all, &id, file, n_file));
    if (all.n == 0) goto done;
    cell = calloc((size_t)n * (size_t)all.n + 1, sizeof *cell);
    if (!cell) TRY_DONE(no_memory());
    for (int i = 0; i < n; i++) fill_row(cell + (size_t)i * (size_t)all.n, &all, id, file[row[i].file], row[i].bag);
    status = table_new(out, n, all.n, (const char *const *)all.text, cell);
done:
    free((void *)cell);
    names_free(&all);
    return status;
}
