/* SPDX-License-Identifier: MIT
 *
 * Keys are sorted three times, by name, base name and stem, so that a table of any size joins in n log n; a look-up
 * that finds two keys is ambiguous.
 */
#include "data/text/join.h"
#include "core/shortlist.h"
#include "data/text/nearid.h"
#include "data/text/walkname.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
    const char *text;
    size_t length;
    int index;
} Name;

static int compare(const void *a, const void *b)
{
    const Name *x = a, *y = b;
    const size_t shorter = x->length < y->length ? x->length : y->length;
    const int order = memcmp(x->text, y->text, shorter);
    if (order != 0) return order;
    return x->length < y->length ? -1 : x->length > y->length;
}

enum { AS_GIVEN, STEM, N_FORM };

static Name name_of(const char *text, int form, int index)
{
    Name name = {.text = text, .length = strlen(text), .index = index};
    if (form == STEM) name.length = walkname_stem(&name.text, text);
    return name;
}

/* Place of `wanted` in the sorted names: its index, -1 none, -2 several. `own`: only of a name that its stem tells from
 * others. */
static int find(const Name *sorted, int n, Name wanted, bool own)
{
    const Name *hit = bsearch(&wanted, sorted, (size_t)n, sizeof *sorted, compare);
    if (!hit || (own && !walkname_has_own_stem(hit->text))) return -1;
    if ((hit > sorted && compare(hit - 1, &wanted) == 0) || (hit + 1 < sorted + n && compare(hit + 1, &wanted) == 0))
        return -2;
    return hit->index;
}

/* ---- paths ---- */

#define ID_ROOM 1024 /* bytes of an ID that is a path; of a longer one it is as it stands */

/* With slashes of Unix and without "./" before it; `id` itself where it is no such path. */
static const char *plain_path(char room[ID_ROOM], const char *id)
{
    const size_t n = strlen(id);
    if ((!strchr(id, '\\') && strncmp(id, "./", 2) != 0) || n >= ID_ROOM) return id;
    memcpy(room, id, n + 1);
    for (char *p = room; *p; p++)
        if (*p == '\\') *p = '/';
    while (strncmp(room, "./", 2) == 0) room += 2;
    return room;
}

/* Length of a path without the extension of its last part. */
static size_t path_stem(const char *path)
{
    const char *base;
    const size_t n = walkname_stem(&base, path);
    return (size_t)(base - path) + n;
}

/* Does the one path end in the other, whole folders at a time? */
static bool ends_alike(const char *a, size_t n_a, const char *b, size_t n_b)
{
    if (n_a < n_b) return ends_alike(b, n_b, a, n_a);
    return memcmp(a + n_a - n_b, b, n_b) == 0 && (n_a == n_b || a[n_a - n_b - 1] == '/');
}

/* The only key whose path ends as the ID's does; -1: none, -2: several. */
static int find_path(const Name *given, int n, const char *id)
{
    const size_t length = path_stem(id);
    int found = -1;
    for (int i = 0; i < n && found != -2 && strchr(id, '/'); i++) {
        const char *key = given[i].text;
        if (!strchr(key, '/') || !ends_alike(id, length, key, path_stem(key))) continue;
        found = found == -1 ? given[i].index : -2;
    }
    return found;
}

/* An ID as given, its base name, that and its stem against the keys' stems or the keys; then by folders. */
static int find_key(Name *const sorted[N_FORM], int n, const char *given)
{
    char room[ID_ROOM];
    const char *id = plain_path(room, given), *base = walkname_base(id);
    const struct {
        const char *text;
        int id_form, key_form;
    } tries[] = {{id, AS_GIVEN, AS_GIVEN},
                 {base, AS_GIVEN, AS_GIVEN},
                 {base, AS_GIVEN, STEM},
                 {id, STEM, AS_GIVEN},
                 {id, STEM, STEM}};
    for (int k = 0; k < 5; k++) {
        const int found = find(sorted[tries[k].key_form], n, name_of(tries[k].text, tries[k].id_form, 0), k == 4);
        if (found >= 0) return found;
        if (found == -2) {
            const int by_folder = find_path(sorted[AS_GIVEN], n, id);
            return by_folder >= 0 ? by_folder : -2;
        }
    }
    return find_path(sorted[AS_GIVEN], n, id);
}

/* ---- rows ---- */

/* ":12"; "" for a table that was no text with lines. */
static const char *line_text(char text[16], int line)
{
    text[0] = '\0';
    if (line > 0) snprintf(text, 16, ":%d", line);
    return text;
}

static Status duplicate(const Table *t, int a, int b, int column, const char *key)
{
    if (t->line[b] < 1)
        return fail(ERR_FORMAT, "%s: ID '%s' stands twice, or '%s' means the same; keep one of the two", t->path,
                    table_cell(t, b, column), table_cell(t, a, column));
    return fail(ERR_FORMAT, "%s:%d: ID '%s' and ID '%s' of line %d both mean '%s'; keep one of the two rows", t->path,
                t->line[b], table_cell(t, b, column), table_cell(t, a, column), t->line[a], key);
}

/* Up to five of the IDs without a key, and how many there are. */
static Status unknown_ids(const Table *t, int column, const char *where, const int *lost, int n_lost,
                          const char *hint)
{
    char line[16];
    Shortlist list = {.most = 5};
    for (int i = 0; i < n_lost; i++) {
        char in_line[32] = "";
        if (t->line[lost[i]] > 0) snprintf(in_line, sizeof in_line, " (line %d)", t->line[lost[i]]);
        shortlist_add(&list, "'%.60s'%s", table_cell(t, lost[i], column), in_line);
    }
    return fail(ERR_FORMAT,
                "%s%s: %d ID%s of column '%s' %s not in %s: %s%s%s Remove the row%s, or check the names and the "
                "column of IDs (--id-column)",
                t->path, line_text(line, t->line[lost[0]]), n_lost, n_lost > 1 ? "s" : "", t->column[column],
                n_lost > 1 ? "are" : "is", where, list.text, hint, *hint ? "" : ".", n_lost > 1 ? "s" : "");
}

/* A table without a header has a bag in the place of the column's name, which would lose its label. */
static Status check_header(const int *row_of_key, Name *const sorted[N_FORM], int n, const Table *t, int column)
{
    const char *name = t->column[column];
    const int found = table_is_id_name(name) || t->line[0] == 0 ? -1 : find_key(sorted, n, name);
    if (found < 0 || row_of_key[found] >= 0) return OK;
    return fail(
        ERR_FORMAT,
        "%s: its first line names '%s', which has no other row; is it a row, not the header? Add a first line "
        "with the names of the columns, such as ID",
        t->path, name);
}

static Status join_rows(int *row_of_key, Name *const sorted[N_FORM], const char *const *key, int n, const char *where,
                        const Table *t, int column, int *lost)
{
    int n_lost = 0;
    char line[16];
    for (int r = 0; r < t->n_row; r++) {
        const char *id = table_cell(t, r, column);
        if (!*id)
            return fail(ERR_FORMAT, "%s:%d: the ID in column '%s' is empty", t->path, t->line[r], t->column[column]);
        const int found = find_key(sorted, n, id);
        if (found == -2)
            return fail(ERR_FORMAT, "%s%s: ID '%s' fits several names in %s; write it with its extension", t->path,
                        line_text(line, t->line[r]), id, where);
        if (found < 0)
            lost[n_lost++] = r;
        else if (row_of_key[found] >= 0)
            return duplicate(t, row_of_key[found], r, column, key[found]);
        else
            row_of_key[found] = r;
    }
    if (n_lost == 0) return check_header(row_of_key, sorted, n, t, column);
    char hint[NEARID_ROOM];
    return unknown_ids(t, column, where, lost, n_lost,
                       nearid_text(hint, table_cell(t, lost[0], column), key, row_of_key, n));
}

static void free_sorted(Name *sorted[N_FORM])
{
    for (int form = 0; form < N_FORM; form++) free(sorted[form]);
}

static bool make_sorted(Name *sorted[N_FORM], const char *const *key, int n)
{
    for (int form = 0; form < N_FORM; form++) sorted[form] = malloc(((size_t)n + 1) * sizeof *sorted[form]);
    if (!sorted[AS_GIVEN] || !sorted[STEM]) return false;
    for (int form = 0; form < N_FORM; form++) {
        for (int i = 0; i < n; i++) sorted[form][i] = name_of(key[i], form, i);
        qsort(sorted[form], (size_t)n, sizeof *sorted[form], compare);
    }
    return true;
}

/* Keys that have a row, so that a column of donors with several samples loses against that of the samples. */
static int count(char *seen, Name *const sorted[N_FORM], int n, const Table *table, int column)
{
    int found = 0;
    memset(seen, 0, (size_t)n);
    for (int r = 0; r < table->n_row; r++) {
        const int key = find_key(sorted, n, table_cell(table, r, column));
        if (key < 0 || seen[key]) continue;
        seen[key] = 1;
        found++;
    }
    return found;
}

typedef struct {
    int column, found;
    int rival; /* a later column that fits as many keys, but gives a row another one; -1: none */
    int row;   /* such a row */
} ColumnFit;

static int other_row(Name *const sorted[N_FORM], int n, const Table *table, int a, int b)
{
    for (int r = 0; r < table->n_row; r++)
        if (find_key(sorted, n, table_cell(table, r, a)) != find_key(sorted, n, table_cell(table, r, b))) return r;
    return -1;
}

static void try_column(ColumnFit *best, char *seen, Name *const sorted[N_FORM], int n, const Table *table, int column)
{
    if (column < 0 || column == best->column) return;
    const int found = count(seen, sorted, n, table, column);
    if (found > best->found) {
        *best = (ColumnFit){column, found, -1, -1};
    } else if (found > 0 && found == best->found && best->rival < 0) {
        best->row = other_row(sorted, n, table, best->column, column);
        best->rival = best->row >= 0 ? column : -1;
    }
}

/* A column is worth a try if its first cells are keys. */
static bool may_fit(Name *const sorted[N_FORM], int n, const Table *table, int column)
{
    for (int r = 0; r < table->n_row && r < 3; r++)
        if (find_key(sorted, n, table_cell(table, r, column)) >= 0) return true;
    return false;
}

/* Columns of usual names, in their order; the others only where none of those fits any key. */
static ColumnFit best_column(char *seen, Name *const sorted[N_FORM], int n, const Table *table)
{
    ColumnFit best = {-1, 0, -1, -1};
    int column;
    for (int i = 0; (column = table_usual_column(table, i)) != -2; i++)
        try_column(&best, seen, sorted, n, table, column);
    const bool usual = best.found > 0;
    for (int c = 0; !usual && c < table->n_column; c++)
        if (may_fit(sorted, n, table, c)) try_column(&best, seen, sorted, n, table, c);
    return best;
}

/* Only of columns that fit in every row of a file: nothing else tells which of them is meant. */
static Status check_rival(const ColumnFit *fit, const Table *t)
{
    if (fit->rival < 0 || fit->found < t->n_row || t->line[0] == 0) return OK;
    return fail(
        ERR_FORMAT,
        "%s:%d: both column '%s' and column '%s' hold IDs, but not the same ('%s' and '%s'); name one of them "
        "with --id-column",
        t->path, t->line[fit->row], t->column[fit->column], t->column[fit->rival],
        table_cell(t, fit->row, fit->column), table_cell(t, fit->row, fit->rival));
}

Status join_column(int *column, int *found, const Table *table, const char *name, const char *const *key, int n)
{
    Name *sorted[N_FORM] = {NULL};
    ColumnFit best = {-1, 0, -1, -1};
    Status status = OK;
    char *seen = malloc((size_t)n + 1);
    if (!seen || !make_sorted(sorted, key, n)) TRY_DONE(fail(ERR_MEMORY, "%s: no memory to join it", table->path));
    if (strcmp(name, "auto") == 0) best = best_column(seen, sorted, n, table);
    TRY_DONE(check_rival(&best, table));
    if (best.found == 0) TRY_DONE(table_id_column(&best.column, table, name));
    *column = best.column;
    *found = count(seen, sorted, n, table, best.column);
done:
    free_sorted(sorted);
    free(seen);
    return status;
}

Status join_ids(int *row_of_key, const char *const *key, int n, const char *where, const Table *table, int id_column)
{
    Status status = OK;
    Name *sorted[N_FORM] = {NULL};
    int *lost = malloc(((size_t)table->n_row + 1) * sizeof *lost);
    if (!lost || !make_sorted(sorted, key, n)) TRY_DONE(fail(ERR_MEMORY, "%s: no memory to join it", table->path));
    for (int i = 0; i < n; i++) row_of_key[i] = -1;
    status = join_rows(row_of_key, sorted, key, n, where, table, id_column, lost);
done:
    free_sorted(sorted);
    free(lost);
    return status;
}
