/* SPDX-License-Identifier: MIT */
#include "cohort/cutoff.h"
#include "core/number.h"

#include <math.h>
#include <string.h>

bool cutoff_read(CutoffRule *rule, const char *text)
{
    static const char *const words[] = {"none", "youden", "sensitivity:", "specificity:"}; /* by CutoffKind */
    *rule = (CutoffRule){CUTOFF_NONE, 0};
    for (int kind = CUTOFF_NONE; text && kind <= CUTOFF_SPECIFICITY; kind++) {
        const size_t n = strlen(words[kind]);
        if (strncmp(text, words[kind], n) != 0) continue;
        rule->kind = (CutoffKind)kind;
        if (kind < CUTOFF_SENSITIVITY) return text[n] == '\0';
        return number_read(&rule->wanted, text + n) && rule->wanted > 0 && rule->wanted <= 1;
    }
    return false;
}

/* A cutoff, and what it does with the bags. */
typedef struct {
    double at, sensitivity, specificity;
} CutoffPoint;

static bool is_better(const CutoffPoint *a, const CutoffPoint *than)
{
    const double gain = a->sensitivity + a->specificity - than->sensitivity - than->specificity;
    const double balance = fabs(than->sensitivity - than->specificity) - fabs(a->sensitivity - a->specificity);
    return gain > 1e-12 || (gain > -1e-12 && balance > 1e-12);
}

/* Points come from the highest cutoff to the lowest; is this one to be taken rather than the one held? */
static bool takes(CutoffRule rule, const CutoffPoint *point, const CutoffPoint *held)
{
    if (isnan(held->at)) return rule.kind != CUTOFF_SENSITIVITY || point->sensitivity >= rule.wanted;
    if (rule.kind == CUTOFF_YOUDEN) return is_better(point, held);
    return rule.kind == CUTOFF_SPECIFICITY && point->specificity >= rule.wanted;
}

/* Below bag i of descending ranks: bag [n] is ascending, so i counts from its end. */
static double place(const MetricRank *bag, int n, int above)
{
    const double range = bag[n - 1].value - bag[0].value, beyond = range > 0 ? range / 2 : 0.5;
    if (above == 0) return bag[n - 1].value + beyond;
    if (above == n) return bag[0].value - beyond;
    return bag[n - above].value / 2 + bag[n - above - 1].value / 2;
}

bool cutoff_choose(double *cutoff, CutoffRule rule, MetricRank *bag, int n)
{
    int count[2] = {0}, above[2] = {0};
    CutoffPoint held = {.at = (double)NAN};
    for (int i = 0; i < n; i++) {
        if (!isfinite(bag[i].value)) return false;
        count[bag[i].label]++;
    }
    if (rule.kind == CUTOFF_NONE || count[0] == 0 || count[1] == 0) return false;
    metric_sort(bag, n);
    for (int k = 0; k <= n; k++) {
        if (k > 0) above[bag[n - k].label]++;
        if (k > 0 && k < n && bag[n - k].value == bag[n - k - 1].value) continue;
        const CutoffPoint point = {place(bag, n, k), (double)above[1] / count[1], 1 - (double)above[0] / count[0]};
        if (takes(rule, &point, &held)) held = point;
    }
    *cutoff = held.at;
    return true;
}
