/* SPDX-License-Identifier: MIT */
#include "data/vectors/vectorextra.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the labels of bags");
}

static Status check_same(const VectorExtra *e, const char *const *name, int n, const char *path)
{
    bool same = e->n == n;
    for (int c = 0; same && c < n; c++) same = strcmp(e->name[c], name[c]) == 0;
    return same ? OK : fail(ERR_FORMAT, "%s: has other columns of labels or splits than the files before it", path);
}

Status vectorextra_columns(VectorExtra *e, const char *const *name, int n, int n_label, const char *path)
{
    if (e->name) return check_same(e, name, n, path);
    e->name = calloc((size_t)n + 1, sizeof *e->name);
    if (!e->name) return no_memory();
    e->n = n;
    e->n_label = n_label;
    for (int c = 0; c < n; c++)
        if (!(e->name[c] = strdup(name[c]))) return no_memory();
    return OK;
}

static Status grow(VectorExtra *e, int bag)
{
    if (bag < e->room) return OK;
    const int room = bag < 32 ? 64 : 2 * bag;
    char **grown = realloc(e->cell, (size_t)room * (size_t)e->n * sizeof *grown);
    if (!grown) return no_memory();
    const size_t known = (size_t)e->room * (size_t)e->n;
    memset(grown + known, 0, ((size_t)room * (size_t)e->n - known) * sizeof *grown);
    e->cell = grown;
    e->room = room;
    return OK;
}

Status vectorextra_set(VectorExtra *e, int bag, int column, const char *cell)
{
    TRY(grow(e, bag));
    char **known = &e->cell[(size_t)bag * (size_t)e->n + (size_t)column];
    if (*known && strcmp(*known, cell) == 0) return OK;
    if (*known)
        return fail(ERR_FORMAT,
                    "column '%.60s' says '%.60s' of the bag here but '%.60s' before; all rows of a bag must "
                    "say the same",
                    e->name[column], cell, *known);
    *known = strdup(cell);
    return *known ? OK : no_memory();
}

const char *vectorextra_cell(const VectorExtra *e, int bag, int column)
{
    const char *cell = bag < e->room ? e->cell[(size_t)bag * (size_t)e->n + (size_t)column] : NULL;
    return cell ? cell : "";
}

void vectorextra_free(VectorExtra *e)
{
    for (int c = 0; e->name && c < e->n; c++) free(e->name[c]);
    for (size_t i = 0; e->cell && i < (size_t)e->room * (size_t)e->n; i++) free(e->cell[i]);
    free(e->name);
    free(e->cell);
    *e = (VectorExtra){0};
}

bool vectorextra_is_split(const char *name)
{
    static const char *const words[] = {"split",  "splits", "fold",      "folds", "set",
                                        "subset", "part",   "partition", "rep",   NULL};
    for (int i = 0; words[i]; i++) {
        const size_t n = strlen(words[i]);
        if (strncasecmp(name, words[i], n) != 0) continue;
        const char *rest = name + n + (name[n] == '_' || name[n] == '-' || name[n] == ' ');
        if (strspn(rest, "0123456789") == strlen(rest)) return true;
    }
    return false;
}

void vectorextra_write(TextOut *out, const VectorExtra *e, char *const *key, int n_bag)
{
    for (int b = -1; b < n_bag; b++) {
        textout_cell(out, b < 0 ? "bag" : key[b]);
        for (int c = e->n_label; c < e->n; c++) {
            textout_printf(out, "\t");
            textout_cell(out, b < 0 ? e->name[c] : vectorextra_cell(e, b, c));
        }
        textout_printf(out, "\n");
    }
}
