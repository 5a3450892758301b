/* SPDX-License-Identifier: MIT
 *
 * Zeros are most of the numbers where there are many features, so only the others are walked, and what a feature has in
 * instances and bags where it does not show follows from counts.
 */
#include "data/vectorcheck.h"
#include "core/number.h"
#include "data/baghash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHANCE                                                                                                       \
    0.05 /* separating features that random numbers may be expected to have, before it is no longer chance */

const char *const odd_name[] = {"label", "bag_number", "instance_label", "separates"};

enum { MAX, MIN, MEAN, N_STATISTIC };

/* Range of some numbers; empty: low > high. */
typedef struct {
    float low, high;
} Range;

typedef struct {
    int64_t n; /* instances where it is not 0 */
    int64_t is_label, is_key, is_place,
        is_number;       /* of these, where it equals the label, the key, the place from 0, from 1 */
    float value[2];      /* different values met, up to two … */
    int distinct;        /* … of how many; 3: more */
    int64_t in_class[2]; /* instances where it is not 0 */
    int bags[2];         /* bags with such an instance */
    Range instance[2], statistic[N_STATISTIC][2]; /* over these instances, these bags */
    /* in the bag that is walked now */
    int now;
    float max, min;
    double sum;
} Feature;

typedef struct {
    uint64_t hash;
    int bag;
} Hashed;

typedef struct {
    VectorSpool *spool;
    const char *const *label;
    const char *name[2]; /* the two labels, where there are two */
    int *class;          /* [n_bag] 0, 1; -1: neither */
    int64_t n_class[2];  /* instances */
    int bags[2];
    int64_t not_zero[4]; /* instances whose label, key, place from 0, place from 1 is not 0 */
    Feature *feature;    /* [n_feat] NULL: too many */
    int *touched, n_touched;
    Hashed *instance; /* [n] */
    Hashed *bag;      /* [n_bag] */
    VectorFindings *out;
} Check;

/* ---- labels ---- */

static void find_labels(Check *c)
{
    for (int b = 0; b < c->spool->keys.n; b++) {
        const char *label = c->label[b];
        c->class[b] = -1;
        c->out->n_unlabelled += !label;
        if (!label) continue;
        for (int k = 0; k < 2 && c->class[b] < 0; k++) {
            if (!c->name[k]) {
                c->name[k] = label;
                c->out->n_label++;
            }
            if (strcmp(c->name[k], label) == 0) c->class[b] = k;
        }
        if (c->class[b] < 0) c->out->n_label = 3; /* or more */
    }
    for (int b = 0; b < c->spool->keys.n; b++) {
        if (c->out->n_label != 2) c->class[b] = -1;
        if (c->class[b] >= 0) c->bags[c->class[b]]++;
    }
}

/* ---- walking ---- */

static void widen(Range *range, float value)
{
    if (value < range->low) range->low = value;
    if (value > range->high) range->high = value;
}

/* What a feature would be in the bag's instances if it gave something away. */
typedef struct {
    float label, key, place, number; /* NaN: is no number */
    int class;
} Expected;

static float as_number(const char *text)
{
    double value;
    return text && number_read(&value, text) ? (float)value : NAN;
}

static Expected expect(Check *c, int bag)
{
    const Expected e = {.label = as_number(c->label[bag]),
                        .key = as_number(c->spool->keys.text[bag]),
                        .place = (float)bag,
                        .number = (float)bag + 1,
                        .class = c->class[bag]};
    const int64_t n = c->spool->first[bag + 1] - c->spool->first[bag];
    c->not_zero[0] += e.label != 0 ? n : 0;
    c->not_zero[1] += e.key != 0 ? n : 0;
    c->not_zero[2] += e.place != 0 ? n : 0;
    c->not_zero[3] += n;
    if (e.class >= 0) c->n_class[e.class] += n;
    return e;
}

static void add_number(Check *c, int feature, float value, const Expected *e)
{
    Feature *f = &c->feature[feature];
    if (f->now++ == 0) {
        c->touched[c->n_touched++] = feature;
        f->max = f->min = value;
        f->sum = 0;
    }
    f->n++;
    f->is_label += value == e->label;
    f->is_key += value == e->key;
    f->is_place += value == e->place;
    f->is_number += value == e->number;
    if (f->distinct < 3 && (f->distinct == 0 || value != f->value[0]) && (f->distinct < 2 || value != f->value[1])) {
        if (f->distinct < 2) f->value[f->distinct] = value;
        f->distinct++;
    }
    if (value > f->max) f->max = value;
    if (value < f->min) f->min = value;
    f->sum += (double)value;
    if (e->class < 0) return;
    f->in_class[e->class]++;
    widen(&f->instance[e->class], value);
}

/* The statistics of a bag of n instances; those where the feature does not show are 0. */
static void close_bag(Check *c, int64_t n, int class)
{
    for (int k = 0; k < c->n_touched; k++) {
        Feature *f = &c->feature[c->touched[k]];
        if (f->now < n && f->max < 0) f->max = 0;
        if (f->now < n && f->min > 0) f->min = 0;
        f->now = 0;
        if (class < 0) continue;
        f->bags[class]++;
        widen(&f->statistic[MAX][class], f->max);
        widen(&f->statistic[MIN][class], f->min);
        widen(&f->statistic[MEAN][class], (float)(f->sum / (double)n));
    }
    c->n_touched = 0;
}

static Status walk(Check *c)
{
    VectorSpool *s = c->spool;
    for (int b = 0; b < s->keys.n; b++) {
        const Expected e = expect(c, b);
        uint64_t sum = 0;
        for (int64_t i = s->first[b]; i < s->first[b + 1]; i++) {
            SparseRow row;
            TRY(vectorspool_read(&row, s, i));
            c->instance[i] = (Hashed){baghash_sparse(row.feature, row.value, row.n, s->n_feat), b};
            sum += c->instance[i].hash;
            for (int k = 0; k < row.n && c->feature; k++) add_number(c, row.feature[k], row.value[k], &e);
        }
        const int64_t n = s->first[b + 1] - s->first[b];
        c->bag[b] = (Hashed){baghash_bag(sum, n), b};
        c->out->n_single += n == 1;
        close_bag(c, n, e.class);
    }
    return OK;
}

/* ---- judging ---- */

static bool apart(Range a, Range b)
{
    return a.low <= a.high && b.low <= b.high && (a.high < b.low || b.high < a.low);
}

static bool separates(const Check *c, const Feature *f, int statistic)
{
    Range range[2] = {f->statistic[statistic][0], f->statistic[statistic][1]};
    for (int k = 0; k < 2; k++)
        if (f->bags[k] < c->bags[k]) widen(&range[k], 0);
    return c->bags[0] > 1 && c->bags[1] > 1 && apart(range[0], range[1]);
}

static bool is_constant(const Check *c, const Feature *f)
{
    return f->n == 0 || (f->distinct == 1 && f->n == c->spool->n);
}

static bool copies_label(const Check *c, const Feature *f)
{
    if (c->out->n_label == 2 && (c->bags[0] < 2 || c->bags[1] < 2)) return false; /* any feature may do that */
    if (f->is_label == f->n && f->n == c->not_zero[0]) return true;
    Range range[2] = {f->instance[0], f->instance[1]};
    for (int k = 0; k < 2; k++) {
        if (c->n_class[k] < 2) return false;
        if (f->in_class[k] < c->n_class[k]) widen(&range[k], 0);
        if (range[k].low != range[k].high) return false;
    }
    return range[0].low != range[1].low;
}

static bool is_bag_number(const Check *c, const Feature *f)
{
    return c->spool->keys.n > 2 &&
           ((f->is_key == f->n && f->n == c->not_zero[1]) || (f->is_place == f->n && f->n == c->not_zero[2]) ||
            (f->is_number == f->n && f->n == c->not_zero[3]));
}

static bool has_two_values(const Check *c, const Feature *f)
{
    return f->distinct + (f->n < c->spool->n) == 2;
}

static void add_odd(VectorFindings *out, int feature, Odd odd)
{
    out->n_separating += odd == ODD_SEPARATES;
    out->n_leak += odd != ODD_SEPARATES;
    if (out->n_odd < VECTORCHECK_MOST) out->feature[out->n_odd++] = (OddFeature){feature, odd};
}

static void judge(const Check *c, bool leaks)
{
    for (int k = 0; k < c->spool->n_feat; k++) {
        const Feature *f = &c->feature[k];
        const bool constant = is_constant(c, f);
        if (leaks) c->out->n_constant += constant;
        if (constant) continue;
        const bool max = separates(c, f, MAX), min = separates(c, f, MIN), mean = separates(c, f, MEAN);
        const Odd odd = copies_label(c, f)                                                ? ODD_LABEL
                        : is_bag_number(c, f)                                             ? ODD_BAG
                        : has_two_values(c, f) && (max || min) && c->out->chance < CHANCE ? ODD_INSTANCE_LABEL
                                                                                          : ODD_SEPARATES;
        if (leaks ? odd != ODD_SEPARATES : odd == ODD_SEPARATES && (max || min || mean)) add_odd(c->out, k, odd);
    }
}

/* Random numbers tell n bags with m of one label apart with probability 2 / C(n, m), for each statistic. */
static double chance_of(const Check *c)
{
    const double n = c->bags[0] + c->bags[1];
    const double ways = lgamma(n + 1) - lgamma(c->bags[0] + 1.0) - lgamma(c->bags[1] + 1.0);
    return 2 * N_STATISTIC * (double)c->spool->n_feat * exp(-ways);
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
    const size_t n_feat = (size_t)s->n_feat;
    c->class = malloc(((size_t)s->keys.n + 1) * sizeof *c->class);
    c->bag = malloc(((size_t)s->keys.n + 1) * sizeof *c->bag);
    c->instance = malloc(((size_t)s->n + 1) * sizeof *c->instance);
    bool lost = !c->class || !c->bag || !c->instance;
    if (s->n_feat <= VECTORCHECK_WIDE) {
        c->feature = calloc(n_feat + 1, sizeof *c->feature);
        c->touched = malloc((n_feat + 1) * sizeof *c->touched);
        lost |= !c->feature || !c->touched;
    }
    for (size_t f = 0; !lost && c->feature && f < n_feat; f++)
        for (int k = 0; k < 2; k++) {
            c->feature[f].instance[k] = (Range){INFINITY, -INFINITY};
            for (int t = 0; t < N_STATISTIC; t++) c->feature[f].statistic[t][k] = (Range){INFINITY, -INFINITY};
        }
    return lost ? fail(ERR_MEMORY, "%s: no memory to look for leaks among %d features", s->path, s->n_feat) : OK;
}

static Status run(Check *c)
{
    VectorFindings *out = c->out;
    TRY(take_memory(c));
    find_labels(c);
    out->chance = chance_of(c);
    TRY(walk(c));
    for (int leaks = 1; leaks >= 0 && c->feature; leaks--) judge(c, leaks);
    find_equal(&out->n_shared, &out->n_shared_both, NULL, c, c->instance, c->spool->n);
    find_equal(&out->n_equal, &out->n_equal_both, out->equal, c, c->bag, c->spool->keys.n);
    return OK;
}

Status vectorcheck_run(VectorFindings *out, VectorSpool *spool, const char *const *label)
{
    Check c = {.spool = spool, .label = label, .out = out};
    *out = (VectorFindings){0};
    const Status status = run(&c);
    free(c.class);
    free(c.feature);
    free(c.touched);
    free(c.instance);
    free(c.bag);
    return status;
}

const char *vectorcheck_name(char text[VECTORCHECK_NAME], const VectorSpool *spool, int feature)
{
    if (spool->feature.n > feature)
        snprintf(text, VECTORCHECK_NAME, "'%.50s'", spool->feature.text[feature]);
    else
        snprintf(text, VECTORCHECK_NAME, "%d", feature + 1);
    return text;
}
