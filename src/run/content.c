/* SPDX-License-Identifier: MIT */
#include "run/content.h"
#include "core/escape.h"
#include "core/digest.h"
#include "core/file.h"
#include "core/memtext.h"
#include "data/text/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_ROOM 17

enum { KEY, HASH, BAG, FIRST_LABEL }; /* columns */

/* ---- the columns that a run uses ---- */

typedef struct {
    const char **name; /* [n] */
    int *column;       /* [n] of the label table */
    int n;
} Used;

static void add(Used *used, const Table *table, const char *name)
{
    for (int k = 0; k < used->n; k++)
        if (strcmp(used->name[k], name) == 0) return;
    used->name[used->n] = name;
    used->column[used->n++] = table_column(table, name);
}

static void used_free(Used *used)
{
    free((void *)used->name);
    free(used->column);
}

static Status used_columns(Used *out, const ContentSource *s)
{
    const size_t most = (size_t)s->config->n_task + 2;
    const Table *table = s->cohort->table;
    *out = (Used){.name = calloc(most, sizeof *out->name), .column = calloc(most, sizeof *out->column)};
    if (!out->name || !out->column) {
        used_free(out);
        return fail(ERR_MEMORY, "no memory for the columns of %zu tasks", most);
    }
    for (int k = 0; k < s->config->n_task; k++) add(out, table, s->config->task[k].target.column);
    if (s->config->splits.group) add(out, table, s->config->splits.group);
    if (s->config->splits.batch) add(out, table, s->config->splits.batch);
    return OK;
}

static const char *cell_of(const ContentSource *s, int member, int column)
{
    const int row = s->cohort->row[member];
    return row < 0 || column < 0 ? "" : table_cell(s->cohort->table, row, column);
}

static const char *key_of(const ContentSource *s, int member)
{
    return bagfile_key(s->cohort->file, s->cohort->bag[member]);
}

static const char *hash_text(char text[HASH_ROOM], const ContentSource *s, int member)
{
    snprintf(text, HASH_ROOM, "%016" PRIx64, s->folds->hash[member]);
    return text;
}

/* ---- the table ---- */

/* Control characters do not reach the table; what is compared with it is escaped the same way. room [ESCAPE_MOST] */
static const char *plain(char *room, const char *text)
{
    return escape_is_control(text) ? escape_text(room, ESCAPE_MOST, text) : text;
}

static void write_cell(FILE *out, const char *cell)
{
    char room[ESCAPE_MOST];
    const char *text = plain(room, cell);
    if (!strchr(text, '"')) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) fputs(*text == '"' ? "\"\"" : (const char[]){*text, 0}, out);
    fputc('"', out);
}

static void write_table(FILE *out, const ContentSource *s, const Used *used)
{
    char hash[HASH_ROOM];
    fputs("key\tbag_hash\tbag", out);
    for (int k = 0; k < used->n; k++) fputc('\t', out), write_cell(out, used->name[k]);
    fputc('\n', out);
    for (int i = 0; i < s->cohort->n; i++) {
        write_cell(out, key_of(s, i));
        fprintf(out, "\t%s\t", hash_text(hash, s, i));
        write_cell(out, s->cohort->id[i]);
        for (int k = 0; k < used->n; k++) fputc('\t', out), write_cell(out, cell_of(s, i, used->column[k]));
        fputc('\n', out);
    }
}

/* The caller's to free. */
static Status table_text(char **text, size_t *n, const ContentSource *s)
{
    Used used;
    *text = NULL;
    TRY(used_columns(&used, s));
    FILE *out = open_memstream(text, n);
    if (out) write_table(out, s, &used);
    used_free(&used);
    return memtext_close(out, text) ? OK : fail(ERR_MEMORY, "no memory for the list of %d bags", s->cohort->n);
}

Status content_identity(char hex[65], const ContentSource *source)
{
    char *text;
    size_t n;
    TRY(table_text(&text, &n, source));
    digest_bytes(hex, text, n);
    free(text);
    return OK;
}

Status content_write(const char *path, const ContentSource *source)
{
    char *text;
    size_t n;
    TRY(table_text(&text, &n, source));
    const Status status = file_write_whole(path, text, n, true);
    free(text);
    return status;
}

/* ---- comparing ---- */

/* Blanks around a cell mean nothing: a reader may have cut them off. */
bool content_same_cell(const char *a, const char *now)
{
    char room[ESCAPE_MOST];
    const char *b = plain(room, now);
    a += strspn(a, " ");
    b += strspn(b, " ");
    while (*a && *a == *b) a++, b++;
    return !a[strspn(a, " ")] && !b[strspn(b, " ")];
}

static Status other_bag(const ContentSource *s, const Table *t, int i, const char *folder)
{
    const int n = s->cohort->n;
    if (i >= n || i >= t->n_row)
        return fail(ERR_FORMAT, "%s: holds %d bags, and the run in %s began with %d; a resumed run keeps its data",
                    bagfile_path(s->cohort->file), n, folder, t->n_row);
    return fail(ERR_FORMAT,
                "%s: bag %d is '%s', and was '%s' when the run in %s began; a resumed run keeps its bags, in their "
                "order",
                bagfile_path(s->cohort->file), i + 1, s->cohort->id[i], table_cell(t, i, BAG), folder);
}

static Status check_bag(const ContentSource *s, const Used *used, const Table *t, int i, const char *folder)
{
    char hash[HASH_ROOM];
    const char *bag = s->cohort->id[i];
    if (!content_same_cell(table_cell(t, i, KEY), key_of(s, i)) || !content_same_cell(table_cell(t, i, BAG), bag))
        return other_bag(s, t, i, folder);
    for (int k = 0; k < used->n; k++) {
        const char *now = cell_of(s, i, used->column[k]), *then = table_cell(t, i, FIRST_LABEL + k);
        if (!content_same_cell(then, now))
            return fail(
                ERR_FORMAT,
                "%s: bag '%s' has '%.60s' in column '%s', and had '%.60s' when the run in %s began; a resumed "
                "run keeps its labels: bring them back, or begin a run in another folder",
                s->cohort->table->path, bag, now, used->name[k], then, folder);
    }
    if (!s->folds->hashed || strcmp(table_cell(t, i, HASH), hash_text(hash, s, i)) == 0) return OK;
    return fail(ERR_FORMAT,
                "%s: bag '%s' has other content than when the run in %s began; a resumed run keeps its data: bring "
                "them back (--data.path=FILE names their place), or begin a run in another folder",
                bagfile_path(s->cohort->file), bag, folder);
}

static Status check_table(const ContentSource *s, const Used *used, const Table *t, const char *folder)
{
    bool right = t->n_column == FIRST_LABEL + used->n && strcmp(t->column[HASH], "bag_hash") == 0;
    for (int k = 0; right && k < used->n; k++) right = content_same_cell(t->column[FIRST_LABEL + k], used->name[k]);
    if (!right) return OK; /* of other settings, which are compared elsewhere */
    for (int i = 0; i < s->cohort->n && i < t->n_row; i++) TRY(check_bag(s, used, t, i, folder));
    return s->cohort->n == t->n_row ? OK : other_bag(s, t, s->cohort->n, folder);
}

/* table->n_column 0: there is none. */
static Status read_table(Table *table, const char *folder)
{
    char path[PATH_ROOM];
    *table = (Table){0};
    if (!path_join(path, folder, "bags.tsv") || !file_exists(path)) return OK;
    return table_read(table, path);
}

Status content_check(const ContentSource *source, const char *folder)
{
    Table table;
    Used used;
    TRY(read_table(&table, folder));
    if (table.n_column == 0) return OK;
    Status status = used_columns(&used, source);
    if (status == OK) status = check_table(source, &used, &table, folder);
    used_free(&used);
    table_free(&table);
    return status;
}

/* ---- order ---- */

/* member [n]: which member comes at each place; false: these are other bags. */
static bool find_places(int *member, const Cohort *c, const Table *t)
{
    Names names = {0};
    char room[ESCAPE_MOST];
    bool same = t->n_row == c->n && t->n_column > BAG;
    for (int i = 0; i < c->n && same; i++) {
        const char *key = plain(room, bagfile_key(c->file, c->bag[i]));
        same = names_number(&names, key, strlen(key)) == i;
    }
    for (int r = 0; r < c->n && same; r++) {
        const char *key = table_cell(t, r, KEY);
        member[r] = names_number(&names, key, strlen(key));
        same = member[r] >= 0 && member[r] < c->n && (c->row[member[r]] >= 0) == (r < c->n_row);
    }
    names_free(&names);
    return same;
}

static Status reorder(Cohort *c, const int *member)
{
    const size_t n = (size_t)c->n;
    int *bag = malloc((n + 1) * sizeof *bag), *row = malloc((n + 1) * sizeof *row);
    const char **id = malloc((n + 1) * sizeof *id);
    const bool made = bag && row && id;
    for (size_t i = 0; made && i < n; i++) {
        bag[i] = c->bag[member[i]];
        row[i] = c->row[member[i]];
        id[i] = c->id[member[i]];
    }
    if (made) {
        memcpy(c->bag, bag, n * sizeof *bag);
        memcpy(c->row, row, n * sizeof *row);
        memcpy((void *)c->id, (const void *)id, n * sizeof *id);
    }
    free(bag);
    free(row);
    free((void *)id);
    return made ? OK : fail(ERR_MEMORY, "no memory for the order of %d bags", c->n);
}

Status content_order(Cohort *cohort, const char *folder)
{
    Table table;
    TRY(read_table(&table, folder));
    if (table.n_column == 0) return OK;
    int *member = malloc(((size_t)cohort->n + 1) * sizeof *member);
    Status status = member ? OK : fail(ERR_MEMORY, "no memory for the order of %d bags", cohort->n);
    if (status == OK && find_places(member, cohort, &table)) status = reorder(cohort, member);
    free(member);
    table_free(&table);
    return status;
}
