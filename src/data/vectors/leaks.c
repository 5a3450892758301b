/* SPDX-License-Identifier: MIT
 *
 * Zeros are most of the numbers where there are many features, so only the others are walked, and what a feature has in
 * instances and bags where it does not show follows from counts.
 */
#include "data/vectors/leaks.h"
#include "core/number.h"
#include "data/vectors/leakorder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANCE 0.05 /* instance labels that random numbers may be expected to have, before it is no longer chance */

const char *const odd_name[] = {"label",     "bag_number",      "row_number",     "instance_label",
                                "separates", "constant_in_bag", "instance_number"};
const char *const odd_words[] = {"repeats the label of the bag",
                                 "is the number of the bag",
                                 "is a row number",
                                 "has two values that tell the label of every bag, as instance labels do",
                                 "tells the labels apart",
                                 "has one value in all instances of each bag",
                                 "numbers the instances of each bag"};

enum { MAX, MIN, MEAN, N_STATISTIC };

/* Range of some numbers; empty: low > high. */
typedef struct {
    float low, high;
} Range;

typedef struct {
    int64_t n;                           /* instances where it is not 0 */
    int64_t is_label, not_label;         /* of these, where it equals the label, where it equals none that is known */
    int64_t is_key, is_place, is_number; /* where it equals the key, the place from 0, from 1 */
    float value[2];                      /* different values met, up to two … */
    int distinct;                        /* … of how many; 3: more */
    int64_t in_class[2];                 /* instances where it is not 0 */
    int bags[2];                         /* bags with such an instance */
    Range instance[2], statistic[N_STATISTIC][2]; /* over these instances, these bags */
    LeakOrder order;
    /* in the bag that is walked now */
    int64_t now;
    float max, min;
    double sum;
} Feature;

/* What a feature would be in the bag's instances if it gave something away. */
typedef struct {
    float label, key, place, number; /* NaN: is no number */
    int class;
} Expected;

struct Leaks {
    int n_feat, n_bag;
    const LeakLabel *label;
    int64_t n;           /* instances */
    int n_single;        /* bags of one */
    int64_t n_class[2];  /* instances */
    int bags[2];         /* of a class */
    int64_t not_zero[4]; /* instances whose label, key, place from 0, place from 1 is not 0 */
    double chance;
    Feature *feature; /* [n_feat] NULL: too many */
    int *touched, n_touched;
    Expected now;            /* of the bag that is walked now, … */
    int64_t n_now, n_walked; /* … its instances, and those walked; 0: none is */
    LeakBags all;
};

/* ---- opening ---- */

static int by_number(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Logarithm of how many ways there are to deal the labels out to the bags. number: scratch [n_bag]. */
static double log_ways(float *number, const Leaks *l)
{
    if (l->bags[0] + l->bags[1] > 0)
        return lgamma(l->bags[0] + l->bags[1] + 1.0) - lgamma(l->bags[0] + 1.0) - lgamma(l->bags[1] + 1.0);
    int n = 0;
    for (int b = 0; b < l->n_bag; b++)
        if (!isnan(l->label[b].number)) number[n++] = l->label[b].number;
    qsort(number, (size_t)n, sizeof *number, by_number);
    double ways = lgamma(n + 1.0);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && number[end] <= number[i];) end++;
        ways -= lgamma(end - i + 1.0);
    }
    return ways;
}

static Status reserve_memory(Leaks *l)
{
    const size_t n_feat = (size_t)l->n_feat;
    float *number = malloc(((size_t)l->n_bag + 1) * sizeof *number);
    if (number) l->chance = 2 * N_STATISTIC * (double)l->n_feat * exp(-log_ways(number, l));
    bool lost = !number;
    free(number);
    if (l->n_feat <= LEAKS_WIDE) {
        l->feature = calloc(n_feat + 1, sizeof *l->feature);
        l->touched = malloc((n_feat + 1) * sizeof *l->touched);
        lost |= !l->feature || !l->touched;
    }
    for (size_t f = 0; !lost && l->feature && f < n_feat; f++)
        for (int k = 0; k < 2; k++) {
            l->feature[f].instance[k] = (Range){INFINITY, -INFINITY};
            for (int t = 0; t < N_STATISTIC; t++) l->feature[f].statistic[t][k] = (Range){INFINITY, -INFINITY};
        }
    return lost ? fail(ERR_MEMORY, "no memory to look for leaks among %d features", l->n_feat) : OK;
}

Status leaks_open(Leaks **out, int n_feat, int n_bag, const LeakLabel *label)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory to look for leaks");
    **out = (Leaks){.n_feat = n_feat, .n_bag = n_bag, .label = label, .all.n_feat = n_feat};
    for (int b = 0; b < n_bag; b++)
        if (label[b].class >= 0) (*out)->bags[label[b].class]++;
    const Status status = reserve_memory(*out);
    if (status == OK) return OK;
    leaks_close(*out);
    *out = NULL;
    return status;
}

void leaks_close(Leaks *l)
{
    if (!l) return;
    free(l->feature);
    free(l->touched);
    free(l);
}

/* ---- walking ---- */

static void widen(Range *range, float value)
{
    if (value < range->low) range->low = value;
    if (value > range->high) range->high = value;
}

static void add_number(Leaks *l, int feature, float value)
{
    Feature *f = &l->feature[feature];
    const Expected *e = &l->now;
    leakorder_number(&f->order, &l->all, value, l->n_walked - 1, f->now == 0);
    if (f->now++ == 0) {
        l->touched[l->n_touched++] = feature;
        f->max = f->min = value;
        f->sum = 0;
    }
    f->n++;
    f->is_label += value == e->label;
    f->not_label += value != e->label && !isnan(e->label);
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

/* The statistics of the bag that is walked now; of instances where a feature does not show they are 0. */
static void close_bag(Leaks *l)
{
    const int64_t n = l->n_now;
    const int class = l->now.class;
    for (int k = 0; k < l->n_touched; k++) {
        Feature *f = &l->feature[l->touched[k]];
        if (f->now < n && f->max < 0) f->max = 0;
        if (f->now < n && f->min > 0) f->min = 0;
        leakorder_bag(&f->order, n, f->now, f->min, f->max);
        f->now = 0;
        if (class < 0) continue;
        f->bags[class]++;
        widen(&f->statistic[MAX][class], f->max);
        widen(&f->statistic[MIN][class], f->min);
        widen(&f->statistic[MEAN][class], (float)(f->sum / (double)n));
    }
    l->n_touched = 0;
}

float leaks_number(const char *text)
{
    double value;
    return text && number_read(&value, text) ? (float)value : NAN;
}

void leaks_bag(Leaks *l, int bag, const char *key, int64_t n)
{
    close_bag(l);
    l->now = (Expected){.label = l->label[bag].number,
                        .key = leaks_number(key),
                        .place = (float)bag,
                        .number = (float)bag + 1,
                        .class = l->label[bag].class};
    l->n_now = n;
    l->n_walked = 0;
    l->n += n;
    l->n_single += n == 1;
    l->all.bags++;
    l->all.single = l->n_single;
    l->all.many += n > 1;
    l->not_zero[0] += l->now.label != 0 && !isnan(l->now.label) ? n : 0;
    l->not_zero[1] += l->now.key != 0 ? n : 0;
    l->not_zero[2] += l->now.place != 0 ? n : 0;
    l->not_zero[3] += n;
    if (l->now.class >= 0) l->n_class[l->now.class] += n;
}

static void count_instance(Leaks *l)
{
    l->n_walked++;
    leakorder_instance(&l->all);
}

void leaks_row(Leaks *l, const SparseRow *row)
{
    count_instance(l);
    for (int k = 0; k < row->n && l->feature; k++) add_number(l, row->feature[k], row->value[k]);
}

void leaks_dense(Leaks *l, const float *x)
{
    count_instance(l);
    for (int f = 0; f < l->n_feat && l->feature; f++)
        if (x[f] != 0) add_number(l, f, x[f]);
}

/* ---- judging ---- */

static bool apart(Range a, Range b)
{
    return a.low <= a.high && b.low <= b.high && (a.high < b.low || b.high < a.low);
}

static bool separates(const Leaks *l, const Feature *f, int statistic)
{
    Range range[2] = {f->statistic[statistic][0], f->statistic[statistic][1]};
    for (int k = 0; k < 2; k++)
        if (f->bags[k] < l->bags[k]) widen(&range[k], 0);
    return l->bags[0] > 1 && l->bags[1] > 1 && apart(range[0], range[1]);
}

static bool is_constant(const Leaks *l, const Feature *f)
{
    return f->n == 0 || (f->distinct == 1 && f->n == l->n);
}

static bool copies_label(const Leaks *l, const Feature *f)
{
    if (l->bags[0] + l->bags[1] > 0 && (l->bags[0] < 2 || l->bags[1] < 2)) return false; /* any feature may do that */
    if (f->is_label > 0 && f->is_label == l->not_zero[0] && f->not_label == 0) return true;
    Range range[2] = {f->instance[0], f->instance[1]};
    for (int k = 0; k < 2; k++) {
        if (l->n_class[k] < 2) return false;
        if (f->in_class[k] < l->n_class[k]) widen(&range[k], 0);
        if (range[k].low != range[k].high) return false;
    }
    return range[0].low != range[1].low;
}

static bool is_bag_number(const Leaks *l, const Feature *f)
{
    return l->n_bag > 2 &&
           ((f->is_key == f->n && f->n == l->not_zero[1]) || (f->is_place == f->n && f->n == l->not_zero[2]) ||
            (f->is_number == f->n && f->n == l->not_zero[3]));
}

static bool has_two_values(const Leaks *l, const Feature *f)
{
    return f->distinct + (f->n < l->n) == 2;
}

/* Values of a feature in the order of rows. */
static Odd order_of(const Leaks *l, const Feature *f, const char *name)
{
    static const Odd odd[] = {ODD_SEPARATES, ODD_ROW, ODD_INSTANCE, ODD_OF_BAG};
    const Order order = leakorder_judge(&f->order, &l->all, f->distinct > 2);
    const bool named = name && leakorder_is_name(name) && !f->order.broken;
    return order != ORDER_ROW && named ? ODD_ROW : odd[order];
}

/* *tells: a statistic tells the labels apart. ODD_SEPARATES without it: nothing is odd. */
static Odd judge(bool *tells, const Leaks *l, const Feature *f, const char *name, double chance)
{
    const bool max = separates(l, f, MAX), min = separates(l, f, MIN);
    const Odd order = order_of(l, f, name);
    *tells = max || min || separates(l, f, MEAN);
    if (copies_label(l, f)) return ODD_LABEL;
    if (is_bag_number(l, f)) return ODD_BAG;
    if (order == ODD_ROW) return ODD_ROW;
    if (has_two_values(l, f) && (max || min) && chance < CHANCE) return ODD_INSTANCE_LABEL;
    return *tells ? ODD_SEPARATES : order;
}

static void add_odd(LeakFindings *out, int feature, Odd odd)
{
    out->n_separating += odd == ODD_SEPARATES;
    out->n_leak += odd < ODD_SEPARATES;
    out->n_of_bag += odd == ODD_OF_BAG;
    out->n_instance += odd == ODD_INSTANCE;
    if (out->n_odd < LEAKS_MOST) out->feature[out->n_odd++] = (OddFeature){feature, odd};
}

/* Those before, at and behind ODD_SEPARATES, by `rank` -1, 0, 1. */
static void classify(LeakFindings *out, const Leaks *l, const char *const *name, int rank)
{
    for (int k = 0; k < l->n_feat; k++) {
        const Feature *f = &l->feature[k];
        const bool constant = is_constant(l, f);
        bool tells;
        if (rank < 0) out->n_constant += constant;
        if (constant) continue;
        const Odd odd = judge(&tells, l, f, name ? name[k] : NULL, out->chance);
        const int of = (odd > ODD_SEPARATES) - (odd < ODD_SEPARATES);
        if (of == rank && (rank != 0 || tells)) add_odd(out, k, odd);
    }
}

/* Random numbers tell n bags with m of one label apart with probability 2 / C(n, m), for each statistic, and are in the
 * order of the bags with 1 / n!. */
void leaks_classify(LeakFindings *out, Leaks *l, const char *const *name)
{
    close_bag(l);
    *out = (LeakFindings){.n_single = l->n_single,
                          .chance = l->chance,
                          .chance_number = (double)l->n_feat * exp(-lgamma(l->n_bag + 1.0))};
    for (int rank = -1; rank <= 1 && l->feature; rank++) classify(out, l, name, rank);
}

/* ---- words ---- */

const char *leaks_name(char text[LEAKS_NAME], const char *const *name, int feature)
{
    if (name)
        snprintf(text, LEAKS_NAME, "'%.50s'", name[feature]);
    else
        snprintf(text, LEAKS_NAME, "%d", feature + 1);
    return text;
}

void leaks_list(char *text, size_t room, const LeakFindings *v, Odd odd, const char *const *name)
{
    char one[LEAKS_NAME];
    size_t at = 0;
    *text = '\0';
    for (int i = 0; i < v->n_odd && at + LEAKS_NAME + 8 < room; i++)
        if (v->feature[i].odd == odd)
            at += (size_t)snprintf(text + at, room - at, "%s%s", at ? ", " : "",
                                   leaks_name(one, name, v->feature[i].feature));
}
