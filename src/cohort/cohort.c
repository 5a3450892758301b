/* SPDX-License-Identifier: MIT */
#include "cohort/cohort.h"
#include "core/log.h"
#include "data/text/names.h"

#include <stdlib.h>
#include <string.h>

static Status reserve(Cohort *c)
{
    const size_t n = (size_t)bagfile_n_bag(c->file);
    c->n = (int)n;
    c->bag = calloc(n + 1, sizeof *c->bag);
    c->row = calloc(n + 1, sizeof *c->row);
    c->id = calloc(n + 1, sizeof *c->id);
    return c->bag && c->row && c->id ? OK : fail(ERR_MEMORY, "no memory for the list of %zu bags", n);
}

/* Members in the order of the table's rows; row_of_bag [n] and bag_of_row [n_row] are each other's inverse. */
static Status order_members(Cohort *c, const int *row_of_bag, int id_column)
{
    const int n_table = c->table ? c->table->n_row : 0;
    int *bag_of_row = malloc(((size_t)n_table + 1) * sizeof *bag_of_row);
    if (!bag_of_row) return fail(ERR_MEMORY, "no memory for the label table");
    for (int r = 0; r < n_table; r++) bag_of_row[r] = -1;
    for (int b = 0; b < c->n; b++)
        if (row_of_bag && row_of_bag[b] >= 0) bag_of_row[row_of_bag[b]] = b;
    int at = 0;
    for (int r = 0; r < n_table; r++) {
        if (bag_of_row[r] < 0) continue;
        c->bag[at] = bag_of_row[r];
        c->row[at] = r;
        c->id[at++] = table_cell(c->table, r, id_column);
    }
    c->n_row = at;
    for (int b = 0; b < c->n; b++) {
        if (row_of_bag && row_of_bag[b] >= 0) continue;
        c->bag[at] = b;
        c->row[at] = -1;
        c->id[at++] = bagfile_key(c->file, b);
    }
    free(bag_of_row);
    return OK;
}

/* Rows of the table inside a dataset are its bags, also where files could not be called as their bags: then IDs need only
 * tell them apart. */
static bool are_names(const Table *t, int column)
{
    Names names = {0};
    bool good = true;
    for (int r = 0; r < t->n_row && good; r++) {
        const char *id = table_cell(t, r, column);
        good = *id && names_number(&names, id, strlen(id)) == r;
    }
    names_free(&names);
    return good;
}

static Status join(Cohort *c, const char *id_column)
{
    Status status = OK;
    int column;
    int *row_of_bag = malloc(((size_t)c->n + 1) * sizeof *row_of_bag);
    if (!row_of_bag) return fail(ERR_MEMORY, "no memory for %d bags", c->n);
    TRY_DONE(bagfile_id_column(&column, c->file, c->table, id_column));
    status = bagfile_join(row_of_bag, c->file, c->table, id_column);
    if (status == ERR_FORMAT && c->table != &c->read && are_names(c->table, column)) {
        for (int b = 0; b < c->n; b++) row_of_bag[b] = b;
        status = OK;
    }
    TRY_DONE(status);
    TRY_DONE(order_members(c, row_of_bag, column));
    if (c->n_row < c->n)
        log_info("%s: bags without a row in %s: %d of %d", bagfile_path(c->file), c->table->path, c->n - c->n_row,
                 c->n);
done:
    free(row_of_bag);
    return status;
}

static Status open_parts(Cohort *c, const char *metadata, const char *id_column, bool need_table)
{
    TRY(reserve(c));
    if (metadata) TRY(table_read(&c->read, metadata));
    if (metadata) TRY(table_drop_repeated(&c->read));
    c->table = metadata ? &c->read : bagfile_columns(c->file);
    if (!c->table && need_table)
        return fail(ERR_FORMAT, "%s: the file holds no label table; give one with --metadata=FILE",
                    bagfile_path(c->file));
    return c->table ? join(c, id_column) : order_members(c, NULL, 0);
}

Status cohort_open(Cohort *out, const char *path, const char *metadata, const char *id_column, bool need_table)
{
    BagFile *file;
    *out = (Cohort){0};
    TRY(bagfile_open(&file, path));
    return cohort_take(out, file, metadata, id_column, need_table);
}

Status cohort_take(Cohort *out, BagFile *file, const char *metadata, const char *id_column, bool need_table)
{
    *out = (Cohort){.file = file};
    const Status status = open_parts(out, metadata, id_column, need_table);
    if (status != OK) cohort_close(out);
    return status;
}

void cohort_close(Cohort *c)
{
    if (!c) return;
    label_free(&c->labels);
    free(c->bag);
    free(c->row);
    free(c->id);
    if (c->table == &c->read) table_free(&c->read);
    bagfile_close(c->file);
    *c = (Cohort){0};
}

Status cohort_label(Cohort *c, Target *target, int n_target, bool deeprc, bool training)
{
    Shortlist said;
    TRY(label_read(&c->labels, target, n_target, c->table, c->row, c->n, deeprc, training));
    const Labels *l = &c->labels;
    if (l->n_missing) log_info("%s: missing labels: %d", c->table->path, l->n_missing);
    if (l->unknown.n)
        log_warn("%s: words that count as missing labels: %s", c->table->path, cellvalues_text(&said, &l->unknown));
    if (l->n_strange)
        log_warn("%s: labels that are not a class of their task, or not a number, and count as missing: %d: %s",
                 c->table->path, l->n_strange, cellvalues_text(&said, &l->strange));
    return OK;
}

bool cohort_labelled(const Cohort *c, int member)
{
    const real *mask = c->labels.mask + (size_t)member * (size_t)c->labels.n_target;
    for (int k = 0; k < c->labels.n_target; k++)
        if (mask[k] != 0) return true;
    return false;
}
