/* SPDX-License-Identifier: MIT
 *
 * By ranks: with R_i the rank of positive i among all and P_i that among positives, R_i - P_i counts the negatives below it
 * (Sun and Xu 2014), which is all that DeLong's variance needs.
 */
#include "cohort/roc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Z95 1.959963984540054

typedef struct {
    double value;
    int at;
} Ranked;

static int by_value(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

Status roc_ranks(double *rank, int *n_known, const double *value, int n)
{
    Ranked *r = malloc(((size_t)n + 1) * sizeof *r);
    int known = 0;
    if (!r) return fail(ERR_MEMORY, "no memory for the ranks of %d bags", n);
    for (int i = 0; i < n; i++) {
        rank[i] = NAN;
        if (!isnan(value[i])) r[known++] = (Ranked){value[i], i};
    }
    qsort(r, (size_t)known, sizeof *r, by_value);
    for (int i = 0, end; i < known; i = end) {
        for (end = i; end < known && r[end].value == r[i].value; end++) {
        }
        for (int k = i; k < end; k++) rank[r[k].at] = 0.5 * (i + 1 + end);
    }
    free(r);
    *n_known = known;
    return OK;
}

/* ---- intervals ---- */

/* Hanley and McNeil's variance of an area, with (m + n) / 2 in place of m and n. */
static double variance_at(double area, double m, double n)
{
    const double half = (m + n) / 2 - 1;
    return area * (1 - area) * (1 + half * ((1 - area) / (2 - area) + area / (1 + area))) / (m * n);
}

/* The area between `from`, the estimate, and `to` that lies Z95 of its own standard deviations from the estimate. */
static double newcombe(double area, double to, double m, double n)
{
    double inside = area, outside = to;
    for (int k = 0; k < 60; k++) {
        const double middle = (inside + outside) / 2;
        if (fabs(middle - area) > Z95 * sqrt(variance_at(middle, m, n)))
            outside = middle;
        else
            inside = middle;
    }
    return (inside + outside) / 2;
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static void set_interval(double interval[2], double area, double variance, double m, double n)
{
    if (variance > 0 && area > 0 && area < 1) {
        const double logit = log(area / (1 - area)), width = Z95 * sqrt(variance) / (area * (1 - area));
        interval[0] = logistic(logit - width);
        interval[1] = logistic(logit + width);
        return;
    }
    interval[0] = newcombe(area, 0, m, n);
    interval[1] = newcombe(area, 1, m, n);
}

/* ---- the area ---- */

typedef struct {
    double *all, *own, *part; /* [n] ranks among all; values of one class; their ranks */
} RocScratch;

/* Adds up the shares of the other class that lie below each value of class `label`: their mean and variance (divisor m - 1). */
static Status shares_below(double *mean, double *variance, RocScratch *s, const double *value, const int *label,
                           int n, int which)
{
    int known, m = 0, n_all = 0;
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) {
        s->own[i] = label[i] == which ? value[i] : NAN;
        n_all += !isnan(value[i]);
    }
    TRY(roc_ranks(s->part, &m, s->own, n));
    TRY(roc_ranks(s->all, &known, value, n));
    for (int i = 0; i < n; i++)
        if (!isnan(s->own[i])) sum += (s->all[i] - s->part[i]) / (n_all - m);
    *mean = sum / m;
    for (int i = 0; i < n; i++)
        if (!isnan(s->own[i])) square += pow((s->all[i] - s->part[i]) / (n_all - m) - *mean, 2);
    *variance = m > 1 ? square / (m - 1) : 0;
    return OK;
}

static void count_classes(int count[2], const double *value, const int *label, int n)
{
    count[0] = count[1] = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(value[i])) count[label[i] != 0]++;
}

Status roc_area(double *area, double interval[2], const double *value, const int *label, int n)
{
    const size_t room = (size_t)n + 1;
    double below, of[2];
    int count[2];
    Status status = OK;
    *area = interval[0] = interval[1] = NAN;
    count_classes(count, value, label, n);
    if (count[0] == 0 || count[1] == 0) return OK;
    RocScratch s = {malloc(room * sizeof(double)), malloc(room * sizeof(double)), malloc(room * sizeof(double))};
    if (!s.all || !s.own || !s.part) TRY_DONE(fail(ERR_MEMORY, "no memory for the ranks of %d bags", n));
    TRY_DONE(shares_below(&below, &of[0], &s, value, label, n, 0));
    TRY_DONE(shares_below(area, &of[1], &s, value, label, n, 1));
    set_interval(interval, *area, of[1] / count[1] + of[0] / count[0], count[1], count[0]);
done:
    free(s.all);
    free(s.own);
    free(s.part);
    return status;
}
