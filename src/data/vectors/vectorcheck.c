/* SPDX-License-Identifier: MIT */
#include "data/vectors/vectorcheck.h"
#include "core/log.h"
#include "data/bagfile/baghash.h"
#include "data/vectors/leakreport.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    VectorSpool *spool;
    const char *const *label;
    const char *name[2]; /* the two labels, where there are two */
    LeakLabel *known;    /* [n_bag] the labels as leaks.h wants them */
    BagHash *instance;   /* [n] */
    BagHash *bag;        /* [n_bag] */
    Leaks *leaks;
    int64_t n; /* instances walked over */
    VectorFindings *out;
} Check;

static const char *const *feature_names(const VectorSpool *spool)
{
    return spool->feature.n > 0 ? (const char *const *)spool->feature.text : NULL;
}

/* ---- labels ---- */

static void find_labels(Check *c)
{
    for (int b = 0; b < c->spool->keys.n; b++) {
        const char *label = c->label[b];
        c->known[b] = (LeakLabel){leaks_number(label), -1};
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

static void inspect_row(void *context, int bag, const SparseRow *row, uint64_t hash)
{
    Check *c = context;
    const VectorSpool *s = c->spool;
    if (c->n == s->first[bag]) leaks_bag(c->leaks, bag, s->keys.text[bag], s->first[bag + 1] - s->first[bag]);
    c->instance[c->n++] = (BagHash){hash, bag};
    leaks_row(c->leaks, row);
}

static Status walk(Check *c)
{
    TRY(vectorspool_walk(c->spool, inspect_row, c));
    for (int b = 0; b < c->spool->keys.n; b++) c->bag[b] = (BagHash){c->spool->hash[b], b};
    return OK;
}

/* ---- equal ones ---- */

/* Do the bags of a group of equal hashes differ, and their labels? *other: one of another label, else of another bag. */
static void compare_group(bool *bags, bool *labels, int *other, const Check *c, const BagHash *group, int64_t n)
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

static void find_equal(int *n_group, int *n_both, int pair[2], const Check *c, BagHash *hashed, int64_t n)
{
    qsort(hashed, (size_t)n, sizeof *hashed, baghash_order);
    for (int64_t i = 0, end; i < n; i = end) {
        bool bags, labels;
        int other = -1;
        for (end = i + 1; end < n && hashed[end].hash == hashed[i].hash;) end++;
        compare_group(&bags, &labels, &other, c, hashed + i, end - i);
        if (pair && bags && (*n_group == 0 || (labels && *n_both == 0))) {
            pair[0] = hashed[i].bag;
            pair[1] = other;
        }
        *n_group += bags;
        *n_both += labels;
    }
}

/* ---- the whole ---- */

static Status reserve_memory(Check *c)
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
    TRY(reserve_memory(c));
    find_labels(c);
    TRY(leaks_open(&c->leaks, c->spool->n_feat, c->spool->keys.n, c->known));
    TRY(walk(c));
    leaks_classify(&out->leaks, c->leaks, feature_names(c->spool));
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

/* ---- the report ---- */

static void report_labels(const VectorFindings *v, int n_bag)
{
    if (v->n_unlabelled == n_bag && !v->labelled_elsewhere)
        log_info("the bags have no labels");
    else if (v->n_unlabelled > 0 && v->n_unlabelled < n_bag)
        log_info("%d of %d bags have no label", v->n_unlabelled, n_bag);
    if (v->n_label == 1) log_warn("all bags have the same label; nothing can be learned from one class");
}

static void report_equal(const VectorFindings *v, char *const *key)
{
    if (v->n_shared > 0)
        log_info("%d different instances occur in more than one bag, %d of them in bags of different labels",
                 v->n_shared, v->n_shared_both);
    if (v->n_equal_both > 0)
        log_warn("%d groups of equal bags, %d of them with different labels, as '%s' and '%s'", v->n_equal,
                 v->n_equal_both, key[v->equal[0]], key[v->equal[1]]);
    else if (v->n_equal > 0)
        log_warn("%d groups of equal bags, as '%s' and '%s'; parts of a split should not share them", v->n_equal,
                 key[v->equal[0]], key[v->equal[1]]);
}

Status vectorcheck_report(const VectorFindings *v, const VectorSpool *spool, const char *source, bool allow_leak)
{
    const LeakReport leaks = {
        .found = &v->leaks, .name = feature_names(spool), .n_feat = spool->n_feat, .n_bag = spool->keys.n};
    TRY(leakreport_classify(&leaks, source, allow_leak));
    report_labels(v, spool->keys.n);
    leakreport_plain(&leaks);
    report_equal(v, spool->keys.text);
    leakreport_order(&leaks);
    leakreport_separating(&leaks, v->leaks.chance < 0.05 ? "make sure that this is no leak"
                                                         : "with so few bags chance can do that");
    if (spool->n_feat > LEAKS_WIDE) log_info("more than %d features are not looked at one by one", LEAKS_WIDE);
    return OK;
}

static json_t *odd_json(const VectorFindings *v, const VectorSpool *spool)
{
    json_t *list = json_array();
    for (int i = 0; i < v->leaks.n_odd; i++) {
        const int f = v->leaks.feature[i].feature;
        json_t *odd = json_pack("{si ss}", "feature", f + 1, "is", odd_name[v->leaks.feature[i].odd]);
        if (spool->feature.n > 0) json_object_set_new(odd, "name", json_string(spool->feature.text[f]));
        json_array_append_new(list, odd);
    }
    return list;
}

json_t *vectorcheck_json(const VectorFindings *v, const VectorSpool *spool)
{
    return json_pack("{si si si si si si si si si so}", "constant_features", v->leaks.n_constant,
                     "bags_of_one_instance", v->leaks.n_single, "bags_without_label", v->n_unlabelled,
                     "shared_instances", v->n_shared, "shared_instances_of_both_labels", v->n_shared_both,
                     "equal_bags", v->n_equal, "equal_bags_of_both_labels", v->n_equal_both, "leaking_features",
                     v->leaks.n_leak, "separating_features", v->leaks.n_separating, "odd_features",
                     odd_json(v, spool));
}
