/* SPDX-License-Identifier: MIT */
#include "train/grouping.h"
#include "core/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- groups ---- */

typedef struct {
    const char *text;
    int member;
} Named;

static int by_text(const void *a, const void *b)
{
    const Named *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order ? order : (x->member > y->member) - (x->member < y->member);
}

/* group [n_row]: equal numbers for equal cells; a missing cell is a group of its own. */
static Status read_groups(int **out, const Cohort *c, const char *name)
{
    *out = NULL;
    if (!name) return OK;
    const int column = c->table ? table_column(c->table, name) : -1;
    if (column < 0)
        return fail(ERR_FORMAT, "%s: no column '%s' (splits.group)", c->table ? c->table->path : "the dataset", name);
    const size_t n = (size_t)c->n_row;
    Named *named = malloc((n + 1) * sizeof *named);
    *out = malloc((n + 1) * sizeof **out);
    if (!named || !*out) {
        free(named);
        return fail(ERR_MEMORY, "no memory for the groups of %zu bags", n);
    }
    for (int i = 0; i < c->n_row; i++) named[i] = (Named){table_cell(c->table, c->row[i], column), i};
    qsort(named, n, sizeof *named, by_text);
    int group = -1;
    for (size_t i = 0; i < n; i++) {
        const bool same = i > 0 && strcmp(named[i].text, named[i - 1].text) == 0 && !table_missing(named[i].text);
        if (!same) group++;
        (*out)[named[i].member] = group;
    }
    free(named);
    return OK;
}

/* ---- parts ---- */

static Status parts_from_file(Part *part, const Cohort *c, const SplitOptions *o, uint64_t seed, const int *class,
                              const int *group)
{
    SplitTable table = {0};
    Status status = OK;
    TRY_DONE(split_read(&table, o, c->id, c->n_row));
    if (table.n_column == 0) {
        memcpy(part, table.part, (size_t)c->n_row * sizeof *part);
        goto done;
    }
    if (o->fold >= table.n_fold) {
        status = fail(ERR_CONFIG, "splits.fold is %d, but %s has folds 0 to %d", o->fold, o->file, table.n_fold - 1);
        goto done;
    }
    for (int i = 0; i < c->n_row; i++)
        if (!cohort_labelled(c, i)) table.fold[i] = -1;
    TRY_DONE(split_parts(part, table.fold, c->n_row, table.n_fold, o->fold, o, seed, 0, class, group));
done:
    split_free(&table);
    return status;
}

static Status parts_drawn(Part *part, const Cohort *c, const SplitOptions *o, uint64_t seed, const int *class,
                          const int *group)
{
    const size_t n = (size_t)c->n_row;
    int *fold = malloc((n + 1) * sizeof *fold), *use = malloc((n + 1) * sizeof *use);
    Status status = OK;
    if (o->fold >= o->n_fold) {
        status = fail(ERR_CONFIG, "splits.fold is %d, but folds are 0 to %d (splits.n_fold)", o->fold, o->n_fold - 1);
        goto done;
    }
    if (!fold || !use) {
        status = fail(ERR_MEMORY, "no memory for the folds of %zu bags", n);
        goto done;
    }
    for (int i = 0; i < c->n_row; i++) use[i] = cohort_labelled(c, i);
    TRY_DONE(split_folds(fold, c->n_row, o, seed, 0, use, class, group));
    TRY_DONE(split_parts(part, fold, c->n_row, o->n_fold, o->fold, o, seed, 0, class, group));
done:
    free(fold);
    free(use);
    return status;
}

static void count_parts(Grouping *g, const Cohort *c)
{
    for (int i = 0; i < g->n; i++) {
        if (i >= c->n_row || !cohort_labelled(c, i)) g->part[i] = PART_NONE;
        if (g->part[i] != PART_NONE) g->count[g->part[i]]++;
    }
}

static Status check_training(const Grouping *g, const Cohort *c)
{
    int seen[2] = {0, 0};
    if (g->count[PART_TRAIN] == 0)
        return fail(ERR_FORMAT, "%s: the training part holds no labelled bag", bagfile_path(c->file));
    if (!c->labels.class) return OK;
    for (int i = 0; i < g->n; i++)
        if (g->part[i] == PART_TRAIN && c->labels.class[i] >= 0) seen[c->labels.class[i] > 0]++;
    if (seen[0] && seen[1]) return OK;
    return fail(ERR_FORMAT,
                "%s: all %d labelled bags of the training part are %s; a model needs both classes (check the split)",
                bagfile_path(c->file), seen[0] + seen[1], seen[1] ? "positive" : "negative");
}

/* ---- are the parts separate? ---- */

typedef struct {
    uint64_t key;
    int member;
} Keyed;

static int by_key(const void *a, const void *b)
{
    const Keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->member > y->member) - (x->member < y->member);
}

/* Members with equal keys in different parts: their number, and the first two. */
static int straddling(int pair[2], Keyed *key, int n, const Part *part)
{
    int found = 0;
    qsort(key, (size_t)n, sizeof *key, by_key);
    for (int i = 1; i < n; i++) {
        if (key[i].key != key[i - 1].key || part[key[i].member] == part[key[i - 1].member]) continue;
        if (found++ == 0) {
            pair[0] = key[i - 1].member;
            pair[1] = key[i].member;
        }
    }
    return found;
}

static Status say_straddling(const Grouping *g, const Cohort *c, const char *what, int found, const int pair[2],
                             bool is_error)
{
    const char *a = c->id[pair[0]], *b = c->id[pair[1]];
    const char *in_a = part_name[g->part[pair[0]]], *in_b = part_name[g->part[pair[1]]];
    if (is_error)
        return fail(ERR_FORMAT, "%s: %s lie in different parts (%d; for example '%s' in %s and '%s' in %s)",
                    bagfile_path(c->file), what, found, a, in_a, b, in_b);
    log_warn("%s: %s lie in different parts (%d; for example '%s' in %s and '%s' in %s)", bagfile_path(c->file), what,
             found, a, in_a, b, in_b);
    return OK;
}

static Status check_separate(const Grouping *g, const Cohort *c, const int *group)
{
    Keyed *key = malloc(((size_t)g->n + 1) * sizeof *key);
    int n = 0, pair[2];
    if (!key) return fail(ERR_MEMORY, "no memory to compare %d bags", g->n);
    for (int i = 0; i < g->n; i++)
        if (g->part[i] != PART_NONE) key[n++] = (Keyed){g->hash[i], i};
    int found = straddling(pair, key, n, g->part);
    Status status = found ? say_straddling(g, c, "bags with equal content", found, pair, group != NULL) : OK;
    if (status == OK && group) {
        for (int i = 0; i < n; i++) key[i].key = (uint64_t)group[key[i].member];
        found = straddling(pair, key, n, g->part);
        if (found) status = say_straddling(g, c, "bags of one group", found, pair, true);
    }
    free(key);
    return status;
}

static Status read_hashes(Grouping *g, const Cohort *c)
{
    for (int i = 0; i < g->n; i++)
        if (g->part[i] != PART_NONE) TRY(bagfile_hash(&g->hash[i], c->file, c->bag[i]));
    return OK;
}

static Status make(Grouping *out, const Cohort *c, const SplitOptions *o, uint64_t seed, const int *group)
{
    if (o->file)
        TRY(parts_from_file(out->part, c, o, seed, c->labels.class, group));
    else
        TRY(parts_drawn(out->part, c, o, seed, c->labels.class, group));
    count_parts(out, c);
    TRY(check_training(out, c));
    TRY(read_hashes(out, c));
    return check_separate(out, c, group);
}

/* splits.seed where it is set; config has checked that it is a number. */
static uint64_t seed_of(const SplitOptions *o, uint64_t seed)
{
    return o->seed ? strtoull(o->seed, NULL, 10) : seed;
}

Status grouping_make(Grouping *out, const Cohort *cohort, const SplitOptions *options, uint64_t seed)
{
    int *group = NULL;
    Status status = OK;
    *out = (Grouping){.n = cohort->n};
    out->part = malloc(((size_t)cohort->n + 1) * sizeof *out->part);
    out->hash = calloc((size_t)cohort->n + 1, sizeof *out->hash);
    if (!out->part || !out->hash) {
        status = fail(ERR_MEMORY, "no memory for the parts of %d bags", cohort->n);
        goto done;
    }
    for (int i = 0; i < cohort->n; i++) out->part[i] = PART_NONE;
    TRY_DONE(read_groups(&group, cohort, options->group));
    TRY_DONE(make(out, cohort, options, seed_of(options, seed), group));
done:
    free(group);
    if (status != OK) grouping_free(out);
    return status;
}

void grouping_free(Grouping *g)
{
    if (!g) return;
    free(g->part);
    free(g->hash);
    *g = (Grouping){0};
}
