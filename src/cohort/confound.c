/* SPDX-License-Identifier: MIT */
#include "cohort/confound.h"
#include "cohort/roc.h"
#include "cohort/task.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 10 /* of the cross-validation that gives a class its share of positives */

/* ---- units ---- */

/* The number of the class of each member, or -1; a number's cell becomes the value. */
static void read_labels(int *class, double *number, const Cohort *c, const Target *t, int index)
{
    const Labels *l = &c->labels;
    for (int i = 0; i < c->n; i++) {
        const bool known = l->mask[(size_t)i * (size_t)l->n_target + (size_t)index] != 0;
        const real *target = l->target + (size_t)i * (size_t)l->n_out + (size_t)t->at;
        class[i] = known && task_n_class(t) ? task_label_class(t, target) : -1;
        number[i] = known && !task_n_class(t) ? (double)target[0] : NAN;
    }
}

static bool labelled(const int *class, const double *number, int i)
{
    return class[i] >= 0 || !isnan(number[i]);
}

/* Do all bags of each group have the same label? Otherwise bags are the units. */
static Status agree(bool *out, const int *class, const double *number, const int *group, int n)
{
    int *first = malloc(((size_t)n + 1) * sizeof *first);
    if (!first) return fail(ERR_MEMORY, "no memory for %d groups", n);
    for (int i = 0; i < n; i++) first[i] = -1;
    *out = true;
    for (int i = 0; i < n; i++) {
        if (!labelled(class, number, i)) continue;
        int *f = &first[group[i]];
        if (*f < 0) *f = i;
        if (class[i] != class[*f] || (class[i] < 0 && number[i] != number[*f])) *out = false;
    }
    free(first);
    return OK;
}

static Status number_units(ConfoundUnits *u, const int *class, const double *number, const int *group, int n_row,
                           int n)
{
    int *of_group = malloc(((size_t)n_row + 1) * sizeof *of_group);
    if (!of_group) return fail(ERR_MEMORY, "no memory for %d groups", n_row);
    for (int g = 0; g < n_row; g++) of_group[g] = -1;
    for (int i = 0; i < n; i++) {
        u->unit[i] = -1;
        if (!labelled(class, number, i)) continue;
        int *known = group && i < n_row ? &of_group[group[i]] : NULL;
        if (known && *known >= 0) {
            u->unit[i] = *known;
            continue;
        }
        u->unit[i] = u->n;
        if (known) *known = u->n;
        u->member[u->n] = i;
        u->class[u->n++] = class[i];
    }
    free(of_group);
    return OK;
}

/* Mean 0, sum of squares 1; of equal values 0. */
static void standardise(double *y, int n)
{
    double mean = 0, square = 0;
    int known = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(y[i])) mean += y[i], known++;
    mean = known ? mean / known : 0;
    for (int i = 0; i < n; i++) {
        y[i] = isnan(y[i]) ? 0 : y[i] - mean;
        square += y[i] * y[i];
    }
    for (int i = 0; i < n; i++) y[i] = square > 1e-18 ? y[i] / sqrt(square) : 0;
}

static Status make_scores(ConfoundUnits *u, const double *number)
{
    const size_t n = (size_t)u->n;
    u->n_side = u->n_class > 2 ? u->n_class : 1;
    u->y = malloc((n * (size_t)u->n_side + 1) * sizeof *u->y);
    double *value = malloc((n + 1) * sizeof *value);
    int known;
    Status status = u->y && value ? OK : fail(ERR_MEMORY, "no memory for the labels of %d bags", u->n);
    for (size_t i = 0; i < n && status == OK; i++) value[i] = number[u->member[i]];
    if (status == OK && u->n_class == 0) status = roc_ranks(u->y, &known, value, u->n);
    for (int s = 0; s < u->n_side && status == OK; s++) {
        double *y = u->y + (size_t)s * n;
        for (size_t i = 0; i < n && u->n_class; i++) y[i] = u->class[i] == (u->n_class > 2 ? s : 1);
        standardise(y, u->n);
    }
    free(value);
    return status;
}

Status confound_units(ConfoundUnits *out, const Cohort *c, const Target *t, int index, const int *group)
{
    const size_t n = (size_t)c->n + 1;
    Status status;
    *out = (ConfoundUnits){.n_class = task_n_class(t)};
    out->member = malloc(n * sizeof *out->member);
    out->unit = malloc(n * sizeof *out->unit);
    out->class = malloc(n * sizeof *out->class);
    out->count = malloc(n * sizeof *out->count);
    int *class = malloc(n * sizeof *class);
    double *number = malloc(n * sizeof *number);
    if (!out->member || !out->unit || !out->class || !out->count || !class || !number)
        TRY_DONE(fail(ERR_MEMORY, "no memory for the labels of %d bags", c->n));
    read_labels(class, number, c, t, index);
    if (group) TRY_DONE(agree(&out->joined, class, number, group, c->n_row));
    TRY_DONE(number_units(out, class, number, out->joined ? group : NULL, c->n_row, c->n));
    TRY_DONE(make_scores(out, number));
done:
    free(class);
    free(number);
    if (status != OK) confound_units_free(out);
    return status;
}

void confound_units_free(ConfoundUnits *u)
{
    free(u->member);
    free(u->unit);
    free(u->class);
    free(u->count);
    free(u->y);
    *u = (ConfoundUnits){0};
}

static void join_classes(double *value, const ConfoundUnits *u, const Trait *trait, int n_member)
{
    for (int m = 0; m < n_member; m++) {
        const int i = u->unit[m];
        if (i >= 0 && trait->value[m] != value[i]) value[i] = NAN;
    }
}

static void join_numbers(double *value, const ConfoundUnits *u, const Trait *trait, int n_member)
{
    memset(u->count, 0, (size_t)u->n * sizeof *u->count);
    for (int i = 0; i < u->n; i++) value[i] = 0;
    for (int m = 0; m < n_member; m++) {
        const int i = u->unit[m];
        if (i < 0 || isnan(trait->value[m])) continue;
        value[i] += trait->value[m];
        u->count[i]++;
    }
    for (int i = 0; i < u->n; i++) value[i] = u->count[i] ? value[i] / u->count[i] : NAN;
}

void confound_values(double *value, const ConfoundUnits *u, const Trait *trait, int n_member)
{
    for (int i = 0; i < u->n; i++) value[i] = trait->value[u->member[i]];
    if (u->joined && trait->n_class) join_classes(value, u, trait, n_member);
    if (u->joined && !trait->n_class) join_numbers(value, u, trait, n_member);
}

/* ---- the statistic ---- */

/* A trait as it is compared with permuted labels. */
typedef struct {
    int n_class;   /* 0: `rank`; else classes, missing values among them */
    double *rank;  /* [n] mean 0, sum of squares 1 */
    int *class;    /* [n] */
    double *count; /* [n_class] */
} Compared;

static double wilson_hilferty(double squared, int n, int d)
{
    const double x = fmax((n - 1) * squared / d, 0);
    return sqrt(4.5 * d) * (cbrt(x) - 1 + 2.0 / (9 * d));
}

/* y [n]: scores of one side, in the order of `order`. `sum` [n_class] is scratch. */
static double statistic(const Compared *x, const double *y, const int *order, int n, double *sum)
{
    double squared = 0;
    if (x->n_class == 0) {
        for (int i = 0; i < n; i++) squared += x->rank[i] * y[order[i]];
        return wilson_hilferty(squared * squared, n, 1);
    }
    memset(sum, 0, (size_t)x->n_class * sizeof *sum);
    for (int i = 0; i < n; i++) sum[x->class[i]] += y[order[i]];
    for (int k = 0; k < x->n_class; k++) squared += x->count[k] > 0 ? sum[k] * sum[k] / x->count[k] : 0;
    return wilson_hilferty(squared, n, x->n_class - 1);
}

/* Classes are numbered anew: those that units have, then the missing ones. */
static Status compare_classes(Compared *x, const double *value, int n, int n_class)
{
    int *number = malloc(((size_t)n_class + 1) * sizeof *number);
    x->class = malloc(((size_t)n + 1) * sizeof *x->class);
    x->count = calloc((size_t)n_class + 2, sizeof *x->count);
    if (!number || !x->class || !x->count) {
        free(number);
        return fail(ERR_MEMORY, "no memory for %d classes", n_class);
    }
    for (int k = 0; k <= n_class; k++) number[k] = -1;
    for (int i = 0; i < n; i++) {
        const int k = isnan(value[i]) ? n_class : (int)value[i];
        if (number[k] < 0) number[k] = x->n_class++;
        x->class[i] = number[k];
        x->count[number[k]]++;
    }
    free(number);
    return OK;
}

/* One value throughout, or in all but missing ones: *constant. */
static Status compare(Compared *x, bool *constant, const double *value, int n, int n_class)
{
    int known;
    *x = (Compared){0};
    if (n_class) {
        TRY(compare_classes(x, value, n, n_class));
        *constant = x->n_class < 2;
        return OK;
    }
    x->rank = malloc(((size_t)n + 1) * sizeof *x->rank);
    if (!x->rank) return fail(ERR_MEMORY, "no memory for the ranks of %d bags", n);
    TRY(roc_ranks(x->rank, &known, value, n));
    standardise(x->rank, n);
    *constant = true;
    for (int i = 0; i < n; i++) *constant = *constant && x->rank[i] == 0;
    return OK;
}

static void compared_free(Compared *x)
{
    free(x->rank);
    free(x->class);
    free(x->count);
}

/* ---- how well it tells ---- */

/* Units of each part and class, all and those of label 1; the last class is all classes together. */
typedef struct {
    int n_class;
    double *all, *positive; /* [PARTS + 1, n_class + 1], the last part all parts together */
} Shares;

static size_t place(const Shares *s, int part, int class)
{
    return (size_t)part * ((size_t)s->n_class + 1) + (size_t) class;
}

static void count_unit(Shares *s, int part, int class, int label)
{
    const size_t at[4] = {place(s, part, class), place(s, part, s->n_class), place(s, PARTS, class),
                          place(s, PARTS, s->n_class)};
    for (int k = 0; k < 4; k++) {
        s->all[at[k]]++;
        s->positive[at[k]] += label;
    }
}

/* The share of label 1 among a class's units outside a part, drawn towards the share of all units there. */
static double share_outside(const Shares *s, int part, int class)
{
    const size_t own = place(s, PARTS, class), mine = place(s, part, class), total = place(s, PARTS, s->n_class),
                 out = place(s, part, s->n_class);
    const double all = s->all[total] - s->all[out];
    if (all < 1) return 0.5;
    const double mean = (s->positive[total] - s->positive[out]) / all;
    return (s->positive[own] - s->positive[mine] + mean) / (s->all[own] - s->all[mine] + 1);
}

/* out [n]: what a column of several classes predicts for each unit when its part is left out; parts are stratified. */
static Status encode(double *out, const Compared *x, const int *label, int n)
{
    int seen[2] = {0};
    const size_t room = (size_t)(PARTS + 1) * ((size_t)x->n_class + 1);
    int *part = malloc(((size_t)n + 1) * sizeof *part);
    Shares s = {x->n_class, calloc(room, sizeof(double)), calloc(room, sizeof(double))};
    Status status = OK;
    if (!part || !s.all || !s.positive) TRY_DONE(fail(ERR_MEMORY, "no memory for %d classes", x->n_class));
    for (int i = 0; i < n; i++) {
        part[i] = seen[label[i]]++ % PARTS;
        count_unit(&s, part[i], x->class[i], label[i]);
    }
    for (int i = 0; i < n; i++) out[i] = share_outside(&s, part[i], x->class[i]);
done:
    free(part);
    free(s.all);
    free(s.positive);
    return status;
}

/* value [n], which several classes overwrite; label, of one class against the others. */
static Status tell_apart(ConfoundRow *row, double *value, const Compared *x, const int *label, int n)
{
    if (x->n_class > 2) TRY(encode(value, x, label, n));
    TRY(roc_area(&row->strength, row->interval, value, label, n));
    row->lower = row->strength < 0.5 && x->n_class <= 2;
    if (!row->lower) return OK;
    const double low = row->interval[0];
    row->strength = 1 - row->strength;
    row->interval[0] = 1 - row->interval[1];
    row->interval[1] = 1 - low;
    return OK;
}

static Status area(ConfoundRow *row, double *value, const Compared *x, const ConfoundUnits *u, int side)
{
    int *label = malloc(((size_t)u->n + 1) * sizeof *label);
    if (!label) return fail(ERR_MEMORY, "no memory for the labels of %d bags", u->n);
    row->class = u->n_class > 2 ? side : 1;
    for (int i = 0; i < u->n; i++) label[i] = u->class[i] == row->class;
    const Status status = tell_apart(row, value, x, label, u->n);
    free(label);
    return status;
}

/* |rank correlation|, by Fisher's transformation; of classes the root of their share of the variance. */
static void correlation(ConfoundRow *row, const Compared *x, const ConfoundUnits *u, double z)
{
    double r = 0;
    for (int i = 0; i < u->n && x->n_class == 0; i++) r += x->rank[i] * u->y[i];
    const int d = x->n_class ? x->n_class - 1 : 1;
    if (x->n_class) r = sqrt(d * pow(z / sqrt(4.5 * d) + 1 - 2.0 / (9 * d), 3) / (u->n - 1));
    row->lower = r < 0;
    row->strength = fabs(r);
    const double width = u->n > 3 ? 1.959963984540054 / sqrt(u->n - 3) : INFINITY;
    const double centre = atanh(fmin(row->strength, 1 - 1e-12));
    row->interval[0] = tanh(fmax(centre - width, 0));
    row->interval[1] = tanh(centre + width);
}

/* ---- all traits ---- */

typedef struct {
    const ConfoundUnits *u;
    int n_trait;
    Compared *x; /* [n_trait] */
    double *z;   /* [n_trait] of the labels as they are */
    double *sum; /* scratch of `statistic` */
    int *order;  /* [n] */
    ConfoundRow *row;
} ConfoundTest;

static double largest_side(const ConfoundTest *t, int k, int *side)
{
    double z = -INFINITY;
    for (int s = 0; s < t->u->n_side; s++) {
        const double of_side = statistic(&t->x[k], t->u->y + (size_t)s * (size_t)t->u->n, t->order, t->u->n, t->sum);
        if (of_side <= z) continue;
        z = of_side;
        *side = s;
    }
    return z;
}

/* Does each class of the trait have one label? */
static bool settles(const Compared *x, const ConfoundUnits *u, double *label)
{
    if (x->n_class < 2) return false;
    for (int k = 0; k < x->n_class; k++) label[k] = -1;
    for (int i = 0; i < u->n; i++) {
        double *known = &label[x->class[i]];
        if (*known >= 0 && *known != u->class[i]) return false;
        *known = u->class[i];
    }
    return true;
}

static Status measure(ConfoundTest *t, int k, double *value, const Traits *traits)
{
    int side = 0;
    ConfoundRow *row = &t->row[k];
    const Trait *trait = &traits->trait[k];
    *row = (ConfoundRow){.trait = trait, .strength = NAN, .interval = {NAN, NAN}, .p = NAN};
    confound_values(value, t->u, trait, traits->n);
    TRY(compare(&t->x[k], &row->constant, value, t->u->n, trait->n_class));
    if (row->constant) return OK;
    t->z[k] = largest_side(t, k, &side);
    row->settles = t->u->n_class && settles(&t->x[k], t->u, t->sum);
    for (int i = 0; t->x[k].n_class == 2 && i < t->u->n; i++) value[i] = t->x[k].class[i]; /* missing is a class */
    if (t->u->n_class) return area(row, value, &t->x[k], t->u, side);
    correlation(row, &t->x[k], t->u, t->z[k]);
    return OK;
}

/* A statistic that is reached but for rounding is reached. */
static void permute(ConfoundTest *t, Rng *rng)
{
    int side;
    double largest = -INFINITY;
    rng_shuffle(rng, t->order, t->u->n);
    for (int k = 0; k < t->n_trait; k++)
        if (!t->row[k].constant) largest = fmax(largest, largest_side(t, k, &side));
    for (int k = 0; k < t->n_trait; k++)
        if (!t->row[k].constant && largest >= t->z[k] - 1e-9) t->row[k].p++;
}

static Status test_open(ConfoundTest *t, ConfoundRow *row, const Traits *traits, const ConfoundUnits *u)
{
    int most = 2;
    for (int k = 0; k < traits->n_trait; k++)
        if (traits->trait[k].n_class > most) most = traits->trait[k].n_class;
    *t = (ConfoundTest){.u = u, .n_trait = traits->n_trait, .row = row};
    t->x = calloc((size_t)t->n_trait + 1, sizeof *t->x);
    t->z = calloc((size_t)t->n_trait + 1, sizeof *t->z);
    t->sum = malloc(((size_t)most + 2) * sizeof *t->sum);
    t->order = malloc(((size_t)u->n + 1) * sizeof *t->order);
    if (!t->x || !t->z || !t->sum || !t->order)
        return fail(ERR_MEMORY, "no memory to compare %d columns with the label", t->n_trait);
    for (int i = 0; i < u->n; i++) t->order[i] = i;
    return OK;
}

static void test_free(ConfoundTest *t)
{
    for (int k = 0; t->x && k < t->n_trait; k++) compared_free(&t->x[k]);
    free(t->x);
    free(t->z);
    free(t->sum);
    free(t->order);
}

Status confound_test(ConfoundRow *row, const Traits *traits, const ConfoundUnits *u, uint64_t seed, int index)
{
    ConfoundTest t;
    Rng rng = rng_stream(seed, "confound", (uint64_t)index);
    Status status;
    double *value = malloc(((size_t)u->n + 1) * sizeof *value);
    TRY_DONE(test_open(&t, row, traits, u));
    if (!value) TRY_DONE(fail(ERR_MEMORY, "no memory for %d bags", u->n));
    for (int k = 0; k < t.n_trait; k++) TRY_DONE(measure(&t, k, value, traits));
    for (int k = 0; k < t.n_trait; k++) row[k].p = row[k].constant ? NAN : 1;
    for (int b = 0; b < CONFOUND_PERMUTATIONS; b++) permute(&t, &rng);
    for (int k = 0; k < t.n_trait; k++) row[k].p /= CONFOUND_PERMUTATIONS + 1;
done:
    test_free(&t);
    free(value);
    return status;
}
