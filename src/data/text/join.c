/* SPDX-License-Identifier: MIT
 *
 * Keys are sorted three times, by name, base name and stem, so that a table of any size joins in n log n; a look-up
 * that finds two keys is ambiguous.
 */
#include "data/text/join.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

size_t join_stem(const char **base, const char *name)
{
    *base = base_of(name);
    size_t length = strlen(*base);
    if (length > 3 && strcmp(*base + length - 3, ".gz") == 0) length -= 3;
    for (size_t i = length; i-- > 1;)
        if ((*base)[i] == '.') return isalpha((unsigned char)(*base)[i + 1]) && i + 1 < length ? i : length;
    return length;
}

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
    if (form == STEM) name.length = join_stem(&name.text, text);
    return name;
}

/* Place of `wanted` in the sorted names: its index, -1 none, -2 several. */
static int find(const Name *sorted, int n, Name wanted)
{
    const Name *hit = bsearch(&wanted, sorted, (size_t)n, sizeof *sorted, compare);
    if (!hit) return -1;
    if ((hit > sorted && compare(hit - 1, &wanted) == 0) || (hit + 1 < sorted + n && compare(hit + 1, &wanted) == 0))
        return -2;
    return hit->index;
}

/* An ID as given, its base name, that against the keys' stems, and stem against stem. */
static int find_key(Name *const sorted[N_FORM], int n, const char *id)
{
    const char *base = base_of(id);
    const struct {
        const char *text;
        int id_form, key_form;
    } tries[] = {{id, AS_GIVEN, AS_GIVEN}, {base, AS_GIVEN, AS_GIVEN}, {base, AS_GIVEN, STEM}, {id, STEM, STEM}};
    for (int k = 0; k < 4; k++) {
        const int found = find(sorted[tries[k].key_form], n, name_of(tries[k].text, tries[k].id_form, 0));
        if (found != -1) return found;
    }
    return -1;
}

static Status duplicate(const Table *t, int a, int b, int column, const char *key)
{
    return fail(ERR_FORMAT, "%s:%d: ID '%s' and ID '%s' of line %d both mean '%s'; keep one of the two rows", t->path,
                t->line[b], table_cell(t, b, column), table_cell(t, a, column), t->line[a], key);
}

/* Up to five of the IDs without a key, and how many there are. */
static Status unknown_ids(const Table *t, int column, const char *where, const int *lost, int n_lost)
{
    char list[400] = "";
    size_t at = 0;
    for (int i = 0; i < n_lost && i < 5; i++) {
        const int written = snprintf(list + at, sizeof list - at, "%s'%.60s' (line %d)", i ? ", " : "",
                                     table_cell(t, lost[i], column), t->line[lost[i]]);
        if (written > 0 && at + (size_t)written < sizeof list) at += (size_t)written;
    }
    return fail(
        ERR_FORMAT,
        "%s:%d: %d ID%s of column '%s' %s not in %s: %s%s. Remove the row%s, or check the names and the ID column",
        t->path, t->line[lost[0]], n_lost, n_lost > 1 ? "s" : "", t->column[column], n_lost > 1 ? "are" : "is", where,
        list, n_lost > 5 ? ", …" : "", n_lost > 1 ? "s" : "");
}

static Status join_rows(int *row_of_key, Name *const sorted[N_FORM], const char *const *key, int n, const char *where,
                        const Table *t, int column, int *lost)
{
    int n_lost = 0;
    for (int r = 0; r < t->n_row; r++) {
        const char *id = table_cell(t, r, column);
        if (!*id)
            return fail(ERR_FORMAT, "%s:%d: the ID in column '%s' is empty", t->path, t->line[r], t->column[column]);
        const int found = find_key(sorted, n, id);
        if (found == -2)
            return fail(ERR_FORMAT, "%s:%d: ID '%s' fits several names in %s; write it with its extension", t->path,
                        t->line[r], id, where);
        if (found < 0)
            lost[n_lost++] = r;
        else if (row_of_key[found] >= 0)
            return duplicate(t, row_of_key[found], r, column, key[found]);
        else
            row_of_key[found] = r;
    }
    return n_lost > 0 ? unknown_ids(t, column, where, lost, n_lost) : OK;
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

int join_count(const char *const *key, int n, const Table *table, int id_column)
{
    Name *sorted[N_FORM] = {NULL};
    int found = -1;
    if (make_sorted(sorted, key, n)) {
        found = 0;
        for (int r = 0; r < table->n_row; r++) found += find_key(sorted, n, table_cell(table, r, id_column)) >= 0;
    }
    free_sorted(sorted);
    return found;
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
