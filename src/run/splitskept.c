/* SPDX-License-Identifier: MIT */
#include "run/splitskept.h"
#include "core/file.h"
#include "data/text/table.h"
#include "run/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT 24

static int number_of(const Splits *s, int column, int member)
{
    return s->number[(size_t)column * (size_t)s->n_bag + (size_t)member];
}

static const char *text_of(char text[NUMBER_TEXT], const Splits *s, int number)
{
    if (number < 0) return "";
    if (s->word) return s->word[number];
    snprintf(text, NUMBER_TEXT, "%d", number);
    return text;
}

static bool is_listed(const Splits *s, int member)
{
    for (int c = 0; c < s->n_column; c++)
        if (number_of(s, c, member) >= 0) return true;
    return false;
}

static Status differs(const Table *t, const char *bag, const char *then, const char *now)
{
    return fail(
        ERR_FORMAT,
        "%s: bag '%s' was in '%s' when this run began, and would be in '%s' now: other splits.* or --splits are "
        "set, or the version that began it (manifest.json names it) read groups or labels otherwise; resume with "
        "the same, or begin another run",
        t->path, bag, then, now);
}

/* Row `row` of the file against a member. */
static Status check_row(const Table *t, int row, const Splits *s, int member)
{
    char text[NUMBER_TEXT];
    const char *bag = s->cohort->id[member];
    if (row >= t->n_row || !content_same_cell(table_cell(t, row, 0), bag)) return differs(t, bag, "none", "one");
    for (int c = 0; c < s->n_column; c++) {
        const char *then = table_cell(t, row, 1 + c), *now = text_of(text, s, number_of(s, c, member));
        if (strcmp(then, now) != 0) return differs(t, bag, then, now);
    }
    return OK;
}

static Status check_table(const Table *t, const Splits *s)
{
    int row = 0;
    if (t->n_column <= s->n_column) return OK; /* of other settings, which are compared elsewhere */
    for (int i = 0; i < s->n_bag; i++)
        if (is_listed(s, i)) TRY(check_row(t, row++, s, i));
    return row >= t->n_row ? OK : differs(t, table_cell(t, row, 0), "one", "none");
}

Status splitskept_check(const char *folder, const Splits *s)
{
    Table table;
    char path[PATH_ROOM];
    if (!path_join(path, folder, "splits.tsv") || !file_exists(path)) return OK;
    TRY(table_read(&table, path));
    const Status status = check_table(&table, s);
    table_free(&table);
    return status;
}

Status splitskept_check_parts(const char *folder, const Cohort *cohort, const Partition *g)
{
    int *number = malloc(((size_t)g->n + 1) * sizeof *number);
    if (!number) return fail(ERR_MEMORY, "no memory for the parts of %d bags", g->n);
    for (int i = 0; i < g->n; i++) number[i] = (int)g->part[i];
    const Splits splits = {.cohort = cohort, .n_bag = g->n, .n_column = 1, .number = number, .word = part_name};
    const Status status = splitskept_check(folder, &splits);
    free(number);
    return status;
}
