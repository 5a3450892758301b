/* SPDX-License-Identifier: MIT */
#include "cohort/traits.h"
#include "core/number.h"
#include "data/text/cell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW_NUMBERS 10  /* a column of at most so many different numbers holds codes, not amounts */
#define ID_LIKE     0.5 /* distinct texts a bag: more is a name, which says nothing of the next bag */

Status traits_new(Trait **out, Traits *t, TraitSource source, const char *name, const char *words)
{
    if (t->n_trait == t->room) {
        const int room = t->room ? 2 * t->room : 32;
        Trait *trait = realloc(t->trait, (size_t)room * sizeof *trait);
        if (!trait) return fail(ERR_MEMORY, "no memory for %d columns about bags", room);
        t->trait = trait;
        t->room = room;
    }
    double *value = malloc(((size_t)t->n + 1) * sizeof *value);
    if (!value) return fail(ERR_MEMORY, "no memory for a column about %d bags", t->n);
    for (int i = 0; i < t->n; i++) value[i] = NAN;
    Trait *trait = &t->trait[t->n_trait++];
    *trait = (Trait){.source = source, .value = value};
    snprintf(trait->name, sizeof trait->name, "%s", name);
    snprintf(trait->words, sizeof trait->words, "%s", words);
    *out = trait;
    return OK;
}

void traits_free(Traits *t)
{
    for (int k = 0; k < t->n_trait; k++) free(t->trait[k].value);
    free(t->trait);
    *t = (Traits){0};
}

/* ---- columns of the label table ---- */

typedef struct {
    const char *text;
    int member;
} TraitCell;

/* The cells of a column that are not missing, sorted by text. */
typedef struct {
    TraitCell *cell; /* [n] */
    int n, n_distinct, n_used;
    bool numbers; /* each is one */
} ColumnCells;

static int by_text(const void *a, const void *b)
{
    const TraitCell *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order ? order : (x->member > y->member) - (x->member < y->member);
}

static Status collect(ColumnCells *out, const Cohort *c, int column, const bool *use)
{
    double number;
    *out = (ColumnCells){.cell = malloc(((size_t)c->n_row + 1) * sizeof *out->cell), .numbers = true};
    if (!out->cell) return fail(ERR_MEMORY, "no memory for a column of %d bags", c->n_row);
    for (int i = 0; i < c->n_row; i++) {
        if (!use[i]) continue;
        out->n_used++;
        const char *text = table_cell(c->table, c->row[i], column);
        if (cell_missing(text)) continue;
        out->numbers = out->numbers && number_read(&number, text);
        out->cell[out->n++] = (TraitCell){text, i};
    }
    qsort(out->cell, (size_t)out->n, sizeof *out->cell, by_text);
    for (int i = 0; i < out->n; i++)
        out->n_distinct += i == 0 || strcmp(out->cell[i].text, out->cell[i - 1].text) != 0;
    return OK;
}

/* Texts of one case are in one order, so that the number of a class does not depend on the order of the bags. */
static void fill_classes(Trait *trait, const ColumnCells *cells)
{
    int class = -1;
    for (int i = 0; i < cells->n; i++) {
        class += i == 0 || strcmp(cells->cell[i].text, cells->cell[i - 1].text) != 0;
        trait->value[cells->cell[i].member] = class;
    }
    trait->n_class = class + 1;
}

static void fill_numbers(Trait *trait, const ColumnCells *cells)
{
    for (int i = 0; i < cells->n; i++) (void)number_read(&trait->value[cells->cell[i].member], cells->cell[i].text);
}

/* Labels may be missing where patients were not asked, which tells of them too. */
static Status add_missing(Traits *t, const ColumnCells *cells, const char *name, const bool *use)
{
    char words[TRAIT_WORDS], key[TRAIT_WORDS];
    Trait *trait;
    const int n_missing = cells->n_used - cells->n;
    if (n_missing < 2 || cells->n < 2) return OK;
    snprintf(key, sizeof key, "%.100s is missing", name);
    snprintf(words, sizeof words, "a missing cell in column '%.100s'", name);
    TRY(traits_new(&trait, t, TRAIT_COLUMN, key, words));
    for (int i = 0; i < t->n; i++) trait->value[i] = use[i] ? 1 : NAN;
    for (int i = 0; i < cells->n; i++) trait->value[cells->cell[i].member] = 0;
    trait->n_class = 2;
    return OK;
}

static Status add_column(Traits *t, const Cohort *c, int column, const TraitColumns *which)
{
    ColumnCells cells;
    Trait *trait;
    char words[TRAIT_WORDS];
    const char *name = c->table->column[column];
    Status status;
    TRY(collect(&cells, c, column, which->use));
    const bool named = which->classes && strcmp(which->classes, name) == 0;
    const bool amounts = cells.numbers && cells.n_distinct > FEW_NUMBERS && !named;
    const bool id = !amounts && !named && cells.n_distinct > ID_LIKE * cells.n;
    TRY_DONE(add_missing(t, &cells, name, which->use));
    if (cells.n_distinct < 2 || id) goto done;
    snprintf(words, sizeof words, "column '%.100s'", name);
    TRY_DONE(traits_new(&trait, t, TRAIT_COLUMN, name, words));
    if (amounts)
        fill_numbers(trait, &cells);
    else
        fill_classes(trait, &cells);
done:
    free(cells.cell);
    return status;
}

static bool left_out(const TraitColumns *which, const char *name)
{
    for (int k = 0; k < which->n_leave_out; k++)
        if (which->leave_out[k] && strcmp(which->leave_out[k], name) == 0) return true;
    return table_is_id_name(name);
}

Status traits_add_columns(Traits *t, const Cohort *c, const TraitColumns *which)
{
    for (int k = 0; c->table && k < c->table->n_column; k++)
        if (!left_out(which, c->table->column[k])) TRY(add_column(t, c, k, which));
    return OK;
}
