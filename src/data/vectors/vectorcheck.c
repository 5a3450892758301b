/* SPDX-License-Identifier: MIT */
#include "data/vectors/vectorcheck.h"
#include "core/number.h"
#include "data/bagfile/baghash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t hash;
    int bag;
} Hashed;

typedef struct {
    VectorSpool *spool;
    const char *const *label;
    const char *name[2]; /* the two labels, where there are two */
    LeakLabel *known;    /* [n_bag] the labels as leaks.h wants them */
    Hashed *instance;    /* [n] */
    Hashed *bag;         /* [n_bag] */
    Leaks *leaks;
    VectorFindings *out;
} Check;

/* ---- labels ---- */

static float as_number(const char *text)
{
    double value;
    return text && number_read(&value, text) ? (float)value : NAN;
}

static void find_labels(Check *c)
{
    for (int b = 0; b < c->spool->keys.n; b++) {
        const char *label = c->label[b];
        c->known[b] = (LeakLabel){as_number(label), -1};
        c->out->n_unlabelled += !label;
        if (!label) continue;
        for (int k = 0; k < 2 && c->known[b].class < 0; k++) {
            if (!c->name[k]) {
                c->name[k] = label;
                c->out->n_label++;
            }
            if (strcmp(c->name[k], label) == 0) c->known[b].class = k;
        }
        if (c->known[b].class < 0) c->out->n_label = 3; /* or more */
    }
    for (int b = 0; b < c->spool->keys.n; b++)
        if (c->out->n_label != 2) c->known[b].class = -1;
}

/* ---- walking ---- */

static Status walk(Check *c)
{
    VectorSpool *s = c->spool;
    for (int b = 0; b < s->keys.n; b++) {
        const int64_t n = s->first[b + 1] - s->first[b];
        uint64_t sum = 0;
        leaks_bag(c->leaks, b, s->keys.text[b], n);
        for (int64_t i = s->first[b]; i < s->first[b + 1]; i++) {
            SparseRow row;
            TRY(vectorspool_read(&row, s, i));
            c->instance[i] = (Hashed){baghash_sparse(row.feature, row.value, row.n, s->n_feat), b};
            sum += c->instance[i].hash;
            leaks_row(c->leaks, &row);
        }
        c->bag[b] = (Hashed){baghash_bag(sum, n), b};
    }
    return OK;
}

/* ---- equal ones ---- */

static int by_hash(const void *a, const void *b)
{
    const Hashed *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->bag > y->bag) - (x->bag < y->bag);
}

/* Do the bags of a group of equal hashes differ, and their labels? *other: one of another label, else of another bag. */
static void look_at(bool *bags, bool *labels, int *other, const Check *c, const Hashed *group, int64_t n)
{
    *bags = *labels = false;
    for (int64_t i = 1; i < n; i++) {
        const char *a = c->label[group[0].bag], *b = c->label[group[i].bag];
        const bool differ = a && b && strcmp(a, b) != 0;
        if (group[i].bag == group[0].bag) continue;
        if (!*bags || (differ && !*labels)) *other = group[i].bag;
        *bags = true;
        *labels |= differ;
    }
}

static void find_equal(int *n_group, int *n_both, int pair[2], const Check *c, Hashed *hashed, int64_t n)
{
    qsort(hashed, (size_t)n, sizeof *hashed, by_hash);
    for (int64_t i = 0, end; i < n; i = end) {
        bool bags, labels;
        int other = -1;
        for (end = i + 1; end < n && hashed[end].hash == hashed[i].hash;) end++;
        look_at(&bags, &labels, &other, c, hashed + i, end - i);
        if (pair && bags && (*n_group == 0 || (labels && *n_both == 0))) {
            pair[0] = hashed[i].bag;
            pair[1] = other;
        }
        *n_group += bags;
        *n_both += labels;
    }
}

/* ---- the whole ---- */

static Status take_memory(Check *c)
{
    const VectorSpool *s = c->spool;
    c->known = malloc(((size_t)s->keys.n + 1) * sizeof *c->known);
    c->bag = malloc(((size_t)s->keys.n + 1) * sizeof *c->bag);
    c->instance = malloc(((size_t)s->n + 1) * sizeof *c->instance);
    if (c->known && c->bag && c->instance) return OK;
    return fail(ERR_MEMORY, "%s: no memory to compare %d bags", s->path, s->keys.n);
}

static Status run(Check *c)
{
    VectorFindings *out = c->out;
    TRY(take_memory(c));
    find_labels(c);
    TRY(leaks_open(&c->leaks, c->spool->n_feat, c->spool->keys.n, c->known));
    TRY(walk(c));
    leaks_judge(&out->leaks, c->leaks);
    find_equal(&out->n_shared, &out->n_shared_both, NULL, c, c->instance, c->spool->n);
    find_equal(&out->n_equal, &out->n_equal_both, out->equal, c, c->bag, c->spool->keys.n);
    return OK;
}

Status vectorcheck_run(VectorFindings *out, VectorSpool *spool, const char *const *label)
{
    Check c = {.spool = spool, .label = label, .out = out};
    *out = (VectorFindings){0};
    const Status status = run(&c);
    leaks_close(c.leaks);
    free(c.known);
    free(c.instance);
    free(c.bag);
    return status;
}
