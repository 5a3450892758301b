/* SPDX-License-Identifier: MIT
 *
 * explain_count.c: how many bags hold a sequence, among those that are explained by the same models: so no model has learned
 * from the bags that test what it found.
 */
#include "study/explain_parts.h"

#include <math.h>
#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
    const ExplainCount *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

/* A key for each sequence asked for, of its own group and of all (0). */
static void list_keys(Explain *e, const ExplainList *list)
{
    for (int k = 0; k < list->n; k++) {
        const ExplainRow *row = &list->row[k];
        e->count[e->n_count++] = (ExplainCount){.hash = row->hash, .group = e->group[row->member]};
        e->count[e->n_count++] = (ExplainCount){.hash = row->hash};
    }
}

static void drop_equal(Explain *e)
{
    size_t n = 0;
    qsort(e->count, e->n_count, sizeof *e->count, by_key);
    for (size_t k = 0; k < e->n_count; k++)
        if (n == 0 || by_key(&e->count[k], &e->count[n - 1]) != 0) e->count[n++] = e->count[k];
    e->n_count = n;
}

static ExplainCount *find_count(const Explain *e, uint64_t hash, uint64_t group)
{
    const ExplainCount key = {.hash = hash, .group = group};
    return e->count ? bsearch(&key, e->count, e->n_count, sizeof key, by_key) : NULL;
}

const ExplainCount *explain_count_of(const Explain *e, uint64_t hash, uint64_t group)
{
    return find_count(e, hash, group);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    const double *x = *(const double *const *)a, *y = *(const double *const *)b;
    if (*x != *y) return *x < *y ? -1 : 1;
    return (x > y) - (x < y);
}

Status explain_count_adjust(double *q, const double *p, int n)
{
    double least = 1;
    const double **by = malloc(((size_t)n + 1) * sizeof *by);
    if (!by) return fail(ERR_MEMORY, "no memory for %d tests", n);
    for (int k = 0; k < n; k++) by[k] = &p[k];
    qsort((void *)by, (size_t)n, sizeof *by, by_value);
    for (int k = n - 1; k >= 0; k--) {
        least = fmin(least, *by[k] * n / (k + 1));
        q[by[k] - p] = least;
    }
    free((void *)by);
    return OK;
}

bool explain_count_tests(const Explain *e)
{
    return e->known && e->apply->target[0].type != target_type("regression");
}

int explain_count_label(const Explain *e, int member)
{
    const Target *t = &e->apply->target[0];
    const Labels *l = &e->cohort->labels;
    if (!explain_count_tests(e)) return -1;
    if (l->mask[(size_t)member * (size_t)l->n_target] == 0) return -1;
    return l->target[(size_t)member * (size_t)l->n_out + (size_t)t->at] > (real)0.5;
}

static void count_one(ExplainCount *c, int label)
{
    if (!c) return;
    c->n++;
    c->n_positive += label == 1;
    c->n_negative += label == 0;
}

static Status count_member(Explain *e, int member, uint64_t *hash)
{
    BagText text;
    const int label = explain_count_label(e, member);
    TRY(bagfile_read_text(&text, e->cohort->file, e->cohort->bag[member]));
    for (int i = 0; i < text.n; i++) hash[i] = bagtext_hash(&text, i);
    qsort(hash, (size_t)text.n, sizeof *hash, by_number);
    for (int i = 0; i < text.n; i++) {
        if (i > 0 && hash[i] == hash[i - 1]) continue;
        ExplainCount *all = find_count(e, hash[i], 0);
        if (!all) continue;
        count_one(all, label);
        count_one(find_count(e, hash[i], e->group[member]), label);
    }
    bagtext_free(&text);
    return OK;
}

Status explain_count(Explain *e)
{
    size_t n = 0;
    Status status = OK;
    for (int k = 0; k < e->n_rank; k++) n += (size_t)e->important[k].n;
    for (int q = 0; q < e->n_question * e->n_rank; q++) n += (size_t)e->top[q].n;
    uint64_t *hash = malloc(((size_t)bagfile_n_max(e->cohort->file) + 1) * sizeof *hash);
    e->count = malloc((2 * n + 1) * sizeof *e->count);
    if (!hash || !e->count) status = fail(ERR_MEMORY, "no memory for %zu sequences", n);
    if (status == OK) {
        for (int q = 0; q < e->n_question * e->n_rank; q++) list_keys(e, &e->top[q]);
        for (int k = 0; k < e->n_rank; k++) list_keys(e, &e->important[k]);
        drop_equal(e);
    }
    for (int i = 0; i < e->cohort->n && status == OK; i++)
        if (e->use[i]) status = count_member(e, i, hash);
    free(hash);
    return status;
}
