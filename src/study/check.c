/* SPDX-License-Identifier: MIT */
#include "study/check.h"
#include "cohort/bagtraits.h"
#include "cohort/task.h"
#include "core/textout.h"
#include "run/confoundwatch.h"
#include "study/checkbags.h"
#include "study/checklabels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUNCTION   0.8  /* share of C…F and C…W from which a bag is one of junctions */
#define CDR3       0.3  /* below which it is one of CDR3s */
#define SOME_LOCUS 0.01 /* share of the sequences */

typedef struct {
    const CheckSetup *in;
    Cohort cohort;
    Target *target; /* [n_task] */
    SplitOptions splits;
    Folds folds; /* for groups and batches alone */
    CheckBags bags;
    json_t *out, *remarks;
} Checking;

static void remark(Checking *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void remark(Checking *c, const char *format, ...)
{
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(c->remarks, json_string(text));
}

static const char *key_of(const Checking *c, int bag)
{
    return bagfile_key(c->cohort.file, bag);
}

/* ---- damage, and bags that are there twice ---- */

static void add_integrity(Checking *c)
{
    json_t *damaged = json_array();
    for (int b = 0; b < c->bags.n; b++)
        if (c->bags.damage[b])
            json_array_append_new(damaged, json_pack("{s:s, s:s}", "bag", key_of(c, b), "why", c->bags.damage[b]));
    json_object_set_new(c->out, "integrity", json_pack("{s:i, s:o}", "bags", c->bags.n, "damaged", damaged));
    if (c->bags.n_damaged)
        remark(c, "%d of %d bags are damaged; import the dataset again", c->bags.n_damaged, c->bags.n);
}

static json_t *equal_to(const Checking *c, int bag)
{
    json_t *group = json_array();
    for (int b = bag; b < c->bags.n; b++)
        if (c->bags.equal_to[b] == bag) json_array_append_new(group, json_string(key_of(c, b)));
    return group;
}

static void add_equal(Checking *c)
{
    json_t *list = json_array();
    bool *several = calloc((size_t)c->bags.n + 1, sizeof *several);
    int first = -1, second = -1;
    for (int b = c->bags.n - 1; several && b >= 0; b--) {
        if (c->bags.equal_to[b] == b) continue;
        several[c->bags.equal_to[b]] = true;
        first = c->bags.equal_to[b];
        second = b;
    }
    for (int b = 0; several && b < c->bags.n; b++)
        if (several[b]) json_array_append_new(list, equal_to(c, b));
    free(several);
    json_object_set_new(c->out, "equal_bags", list);
    if (c->bags.n_equal)
        remark(
            c,
            "%d bag%s the content of an earlier one under another name (for example '%s' and '%s'); keep one of them",
            c->bags.n_equal, c->bags.n_equal == 1 ? " has" : "s have", key_of(c, first), key_of(c, second));
}

/* ---- donors ---- */

/* Members' groups by bag; -1: none. */
static Status group_of_bag(int **out, const Checking *c)
{
    *out = malloc(((size_t)c->bags.n + 1) * sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for the groups of %d bags", c->bags.n);
    for (int b = 0; b < c->bags.n; b++) (*out)[b] = -1;
    for (int i = 0; i < c->cohort.n_row && c->folds.group; i++) (*out)[c->cohort.bag[i]] = c->folds.group[i];
    return OK;
}

static json_t *pair_json(const Checking *c, const struct CheckPair *p)
{
    return json_pack("{s:s, s:s, s:i, s:i}", "a", key_of(c, p->a), "b", key_of(c, p->b), "shared", p->shared, "of",
                     p->of);
}

/* Pairs of equal bags are told already, and those that a group joins are known. */
static Status add_pairs(Checking *c)
{
    int *group, n_open = 0;
    const struct CheckPair *first = NULL;
    json_t *pairs = json_array();
    TRY(group_of_bag(&group, c));
    for (int k = 0; k < c->bags.n_pair; k++) {
        const struct CheckPair *p = &c->bags.pair[k];
        json_array_append_new(pairs, pair_json(c, p));
        if (c->bags.equal_to[p->a] == c->bags.equal_to[p->b]) continue;
        if (group[p->a] >= 0 && group[p->a] == group[p->b]) continue;
        if (n_open++ == 0) first = p;
    }
    free(group);
    json_object_set_new(c->out, "shared_clones", json_pack("{s:i, s:o}", "top", CHECKBAGS_TOP, "pairs", pairs));
    if (n_open)
        remark(c,
               "%d pair%s of bags share%s their largest clones as samples of one donor do (for example '%s' and "
               "'%s': %d of %d); keep them in one fold with --group=COLUMN (--groups-out=FILE proposes the column)",
               n_open, n_open == 1 ? "" : "s", n_open == 1 ? "s" : "", key_of(c, first->a), key_of(c, first->b),
               first->shared, first->of);
    return OK;
}

static Status count_donors(int **out, const Checking *c)
{
    *out = calloc((size_t)c->bags.n + 1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for the donors of %d bags", c->bags.n);
    for (int b = 0; b < c->bags.n; b++) (*out)[c->bags.donor[b]]++;
    return OK;
}

static void donor_name(char name[32], int donor)
{
    snprintf(name, 32, "donor%d", donor + 1);
}

static Status add_groups(Checking *c)
{
    char name[32];
    int *count;
    json_t *groups = json_object();
    TRY(count_donors(&count, c));
    for (int b = 0; b < c->bags.n; b++) {
        if (count[c->bags.donor[b]] < 2) continue;
        donor_name(name, c->bags.donor[b]);
        json_object_set_new(groups, key_of(c, b), json_string(name));
    }
    free(count);
    json_object_set_new(c->out, "groups", groups);
    return OK;
}

/* By the IDs of the label table, to which the column can be added as it is. */
static Status write_groups(const Checking *c)
{
    TextOut *out;
    char name[32];
    if (!c->in->groups) return OK;
    TRY(textout_open(&out, c->in->groups, c->in->force));
    textout_printf(out, "ID\tdonor\n");
    for (int i = 0; i < c->cohort.n; i++) {
        donor_name(name, c->bags.donor[c->cohort.bag[i]]);
        textout_cell(out, c->cohort.id[i]);
        textout_printf(out, "\t%s\n", name);
    }
    return textout_commit(out);
}

/* ---- conventions ---- */

/* A cohort with ends cut in some bags only has two alphabets of ends, which a network finds at once. */
static void add_junctions(Checking *c)
{
    int n[3] = {0}, example[3] = {-1, -1, -1};
    double sum = 0;
    if (!c->bags.junction) return;
    for (int b = 0; b < c->bags.n; b++) {
        if (c->bags.damage[b]) continue;
        const double share = c->bags.junction[b];
        const int kind = share >= JUNCTION ? 0 : share < CDR3 ? 1 : 2;
        sum += share;
        if (n[kind]++ == 0) example[kind] = b;
    }
    json_object_set_new(c->out, "region", json_string(bagfile_spec(c->cohort.file)->region));
    json_object_set_new(
        c->out, "junctions",
        json_pack("{s:f, s:i, s:i, s:i}", "share", sum / c->bags.n, "junction", n[0], "cdr3", n[1], "mixed", n[2]));
    if (n[0] && n[1])
        remark(c,
               "conventions are mixed: %d bag%s of junctions (C…F or C…W; '%s') and %d of CDR3s without these ends "
               "('%s'); import all with --region=cdr3",
               n[0], n[0] == 1 ? "" : "s", key_of(c, example[0]), n[1], key_of(c, example[1]));
}

static bool has_locus(const CheckBags *c, int bag, int locus)
{
    int64_t all = 0;
    const int64_t *own = c->in_locus + (size_t)bag * (size_t)c->n_locus;
    for (int k = 0; k < c->n_locus; k++) all += own[k];
    return own[locus] > SOME_LOCUS * (double)all;
}

static void add_loci(Checking *c)
{
    const CheckBags *bags = &c->bags;
    char listed[200] = "";
    int n_kind = 0;
    json_t *loci = json_object();
    for (int k = 0; k < bags->n_locus; k++) {
        int64_t sequences = 0;
        int n_bag = 0;
        for (int b = 0; b < bags->n; b++) {
            sequences += bags->in_locus[(size_t)b * (size_t)bags->n_locus + (size_t)k];
            n_bag += has_locus(bags, b, k);
        }
        json_object_set_new(loci, bags->locus[k], json_integer(sequences));
        if (n_bag == 0) continue;
        const size_t used = strlen(listed);
        snprintf(listed + used, sizeof listed - used, "%s%s in %d", n_kind++ ? ", " : "", bags->locus[k], n_bag);
    }
    json_object_set_new(c->out, "loci", loci);
    if (n_kind > 1)
        remark(c, "several loci are mixed (%s of %d bags); import one of them with --locus=LOCUS", listed, bags->n);
}

/* ---- labels ---- */

static Status open_labels(Checking *c)
{
    c->splits = (SplitOptions){.kind = SPLIT_STRATIFIED,
                               .n_fold = 5,
                               .n_repeat = 1,
                               .group = c->in->splits->group,
                               .batch = c->in->splits->batch};
    if (c->in->n_task > 0) {
        TRY(task_targets(&c->target, c->in->task, c->in->n_task));
        TRY(task_find(c->target, c->in->n_task, c->cohort.table, c->cohort.row, c->cohort.n));
        TRY(cohort_label(&c->cohort, c->target, c->in->n_task, c->in->deeprc, true));
    }
    return OK;
}

static Status fill_tasks(Checking *c, Traits *traits, bool **use, json_t *tasks)
{
    const ConfoundWatch watch = {.cohort = &c->cohort,
                                 .target = c->target,
                                 .n_target = c->in->n_task,
                                 .folds = &c->folds,
                                 .id_column = c->in->id_column,
                                 .seed = c->in->seed};
    TRY(confoundwatch_traits(traits, use, &watch));
    TRY(bagtraits_add_genes(traits, &c->cohort, *use));
    TRY(bagtraits_add_values(traits, &c->cohort, *use));
    const CheckLabels labels = {
        .cohort = &c->cohort, .target = c->target, .folds = &c->folds, .traits = traits, .seed = c->in->seed};
    for (int k = 0; k < c->in->n_task; k++) {
        json_t *task;
        TRY(checklabels_task(&task, c->remarks, &labels, k));
        json_object_set_new(tasks, c->target[k].name, task);
    }
    return OK;
}

static Status add_tasks(Checking *c)
{
    Traits traits = {0};
    bool *use = NULL;
    json_t *tasks = json_object();
    const Status status = c->in->n_task ? fill_tasks(c, &traits, &use, tasks) : OK;
    json_object_set_new(c->out, "tasks", tasks);
    traits_free(&traits);
    free(use);
    return status;
}

/* ---- all of it ---- */

static Status check_all(Checking *c)
{
    const CheckSetup *in = c->in;
    TRY(cohort_open(&c->cohort, in->path, in->metadata, in->id_column, in->n_task > 0));
    TRY(open_labels(c));
    TRY(folds_open(&c->folds, &c->cohort, &c->splits, in->seed));
    const bool vectors = bagfile_spec(c->cohort.file)->kind == BAG_VECTORS;
    c->out = json_pack("{s:s, s:s, s:i, s:I, s:s, s:O}", "path", in->path, "kind", vectors ? "vectors" : "sequences",
                       "bags", bagfile_n_bag(c->cohort.file), "instances",
                       (json_int_t)bagfile_n_total(c->cohort.file), "verdict", "sound", "remarks", c->remarks);
    if (!c->out) return fail(ERR_MEMORY, "no memory for the check");
    TRY(checkbags_read(&c->bags, c->cohort.file));
    add_integrity(c);
    add_equal(c);
    TRY(add_pairs(c));
    TRY(add_groups(c));
    add_junctions(c);
    add_loci(c);
    if (c->bags.n_damaged == 0) TRY(add_tasks(c));
    return write_groups(c);
}

static Status verdict(Checking *c)
{
    const bool damaged = c->bags.n_damaged > 0;
    if (damaged || json_array_size(c->remarks) > 0)
        json_object_set_new(c->out, "verdict", json_string(damaged ? "damaged" : "remarks"));
    if (!damaged) return OK;
    int first = 0;
    while (!c->bags.damage[first]) first++;
    return fail(ERR_FORMAT, "%s: %d of %d bags are damaged; the first: %s", c->in->path, c->bags.n_damaged, c->bags.n,
                c->bags.damage[first]);
}

Status check_run(json_t **out, const CheckSetup *setup)
{
    Checking c = {.in = setup, .remarks = json_array()};
    *out = NULL;
    Status status = c.remarks ? check_all(&c) : fail(ERR_MEMORY, "no memory for the check");
    if (status == OK) {
        status = verdict(&c);
        *out = json_incref(c.out);
    }
    json_decref(c.out);
    json_decref(c.remarks);
    checkbags_free(&c.bags);
    folds_close(&c.folds);
    cohort_close(&c.cohort);
    task_free(c.target, setup->n_task);
    return status;
}
