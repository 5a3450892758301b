/* SPDX-License-Identifier: MIT */
#include "data/text/baglist.h"
#include "core/number.h"
#include "core/shortlist.h"
#include "data/text/join.h"
#include "data/text/walkname.h"
#include "data/text/table.h"
#include "data/text/textin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 5 /* IDs in a message */

static const char *const more_names[] = {"bag", "bag_id", "key", NULL};

static Status no_memory(const BagList *list)
{
    return fail(ERR_MEMORY, "%s: no memory for its IDs", list->path);
}

/* ---- reading ---- */

static Status add(BagList *list, const char *id, size_t length)
{
    return names_number(&list->given, id, length) < 0 ? no_memory(list) : OK;
}

static bool is_id_name(const char *cell, size_t length)
{
    char name[64];
    if (length >= sizeof name) return false;
    memcpy(name, cell, length);
    name[length] = 0;
    for (const char *const *more = more_names; *more; more++)
        if (strcmp(*more, name) == 0) return true;
    return table_is_id_name(name);
}

/* Has a cell of the line the name of an ID column? */
static bool is_header(const char *line)
{
    while (*line) {
        const size_t n = strcspn(line, "\t,;");
        const bool quoted = n > 2 && line[0] == '"' && line[n - 1] == '"';
        if (is_id_name(line + quoted, n - 2 * quoted)) return true;
        line += n + (line[n] != 0);
    }
    return false;
}

static Status read_table(BagList *list)
{
    Table table;
    int column = -1;
    TRY(table_read(&table, list->path));
    for (const char *const *name = more_names; *name && column < 0; name++) column = table_column(&table, *name);
    Status status = column >= 0 ? OK : table_id_column(&column, &table, "auto");
    for (int r = 0; r < table.n_row && status == OK; r++) {
        const char *id = table_cell(&table, r, column);
        if (*id) status = add(list, id, strlen(id));
    }
    table_free(&table);
    return status;
}

static Status add_line(BagList *list, const TextIn *in, char *line)
{
    line += strspn(line, " ");
    size_t n = strlen(line);
    while (n > 0 && line[n - 1] == ' ') n--;
    if (strchr(line, '\t'))
        return fail(ERR_FORMAT,
                    "%s:%d: has several cells; a list of bags has one ID a line, or a header with an ID column "
                    "(such as ID or bag)",
                    list->path, textin_number(in));
    return n > 0 ? add(list, line, n) : OK;
}

static Status read_lines(BagList *list, bool *is_table)
{
    TextIn *in;
    char *line;
    size_t length;
    TRY(textin_open(&in, list->path));
    Status status = textin_line(in, &line, &length);
    *is_table = status == OK && line && is_header(line);
    while (status == OK && line && !*is_table) {
        status = add_line(list, in, line);
        if (status == OK) status = textin_line(in, &line, &length);
    }
    textin_close(in);
    return status;
}

static Status index_stems(BagList *list)
{
    list->n = list->given.n;
    list->met = calloc((size_t)list->n + 1, sizeof *list->met);
    list->of_stem = calloc((size_t)list->n + 1, sizeof *list->of_stem);
    if (!list->met || !list->of_stem) return no_memory(list);
    for (int k = 0; k < list->n; k++) {
        const char *base;
        const size_t length = walkname_stem(&base, list->given.text[k]);
        const int stem = names_number(&list->stem, base, length);
        if (stem < 0) return no_memory(list);
        list->of_stem[stem] = k;
    }
    return OK;
}

Status baglist_read(BagList *out, const char *path)
{
    bool is_table = false;
    *out = (BagList){.path = path};
    if (!path) return OK;
    Status status = read_lines(out, &is_table);
    if (status == OK && is_table) status = read_table(out);
    if (status == OK && out->given.n == 0) status = fail(ERR_FORMAT, "%s: lists no bag", path);
    if (status == OK) status = index_stems(out);
    if (status != OK) baglist_free(out);
    return status;
}

void baglist_free(BagList *list)
{
    names_free(&list->given);
    names_free(&list->stem);
    free(list->of_stem);
    free(list->met);
    *list = (BagList){0};
}

/* ---- asking ---- */

static bool is_table(const char *name)
{
    const char *base;
    const size_t stem = walkname_table_stem(&base, name);
    return stem < walkname_packed(base);
}

/* P1.csv is not P1.tsv. */
static bool both_tables(const char *id, const char *name)
{
    return is_table(id) && is_table(name) && walkname_rank(id, WALK_AUTO) != walkname_rank(name, WALK_AUTO);
}

/* An ID of the list that means this name; -1: none. */
static int find(const BagList *list, const char *name)
{
    const char *base;
    int k = names_find(&list->given, name, strlen(name));
    if (k >= 0) return k;
    const size_t length = walkname_stem(&base, name);
    k = names_find(&list->given, base, length);
    if (k >= 0) return k;
    k = names_find(&list->stem, base, strlen(base));
    if (k < 0 && walkname_has_own_stem(name)) k = names_find(&list->stem, base, length);
    if (k < 0 || both_tables(list->given.text[list->of_stem[k]], name)) return -1;
    return list->of_stem[k];
}

bool baglist_has(BagList *list, const char *key, const char *id)
{
    if (!list->path) return true;
    int k = find(list, key);
    if (k < 0 && id) k = find(list, id);
    if (k >= 0) list->met[k] = true;
    return k >= 0;
}

Status baglist_check(const BagList *list, const char *where)
{
    Shortlist lost = {.most = SHOWN};
    for (int k = 0; k < list->n; k++)
        if (!list->met[k]) shortlist_add(&lost, "'%.60s'", list->given.text[k]);
    if (lost.n == 0) return OK;
    return fail(ERR_FORMAT, "%s: %d ID%s %s no bag of %s: %s", list->path, lost.n, number_plural(lost.n),
                lost.n > 1 ? "name" : "names", where, lost.text);
}
