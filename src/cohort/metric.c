/* SPDX-License-Identifier: MIT */
#include "cohort/metric.h"
#include "cohort/task.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ---- ROC AUC ---- */

static void sift(MetricRank *x, int from, int n)
{
    const MetricRank moved = x[from];
    int at = from;
    for (int child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && x[child + 1].value > x[child].value) child++;
        if (x[child].value <= moved.value) break;
        x[at] = x[child];
    }
    x[at] = moved;
}

/* Heap sort: in place, where qsort would allocate. */
void metric_sort(MetricRank *x, int n)
{
    for (int i = n / 2 - 1; i >= 0; i--) sift(x, i, n);
    for (int end = n - 1; end > 0; end--) {
        const MetricRank top = x[0];
        x[0] = x[end];
        x[end] = top;
        sift(x, 0, end);
    }
}

/* P(positive above negative) + ½ P(equal) over sorted ranks; count [n]: how often each counts, NULL: once. In
 * whole numbers, of which doubles are no more exact: a pair counts when its latter comes, 2 or, if they are equal,
 * 1. */
static double area(const MetricRank *rank, const int *count, int n)
{
    int64_t sum[2] = {0}, before[2] = {0}, twice = 0; /* by label: passed so far, and up to those equal to this one */
    for (int i = 0; i < n; i++) {
        const int64_t c = count ? count[i] : 1;
        if (i == 0 || rank[i].value != rank[i - 1].value) before[0] = sum[0], before[1] = sum[1];
        if (rank[i].label) {
            twice += c * (sum[0] + before[0]);
            sum[1] += c;
        } else {
            twice += c * (sum[1] - before[1]);
            sum[0] += c;
        }
    }
    return sum[1] > 0 && sum[0] > 0 ? (double)twice / 2 / ((double)sum[1] * (double)sum[0]) : NAN;
}

double metric_auc(MetricRank *rank, int n)
{
    for (int i = 0; i < n; i++)
        if (isnan(rank[i].value)) return NAN;
    metric_sort(rank, n);
    return area(rank, NULL, n);
}

double metric_ap(MetricRank *rank, int n)
{
    int count[2] = {0}, above[2] = {0}, before = 0;
    double area = 0;
    for (int i = 0; i < n; i++) {
        if (isnan(rank[i].value)) return NAN;
        count[rank[i].label]++;
    }
    if (count[0] == 0 || count[1] == 0) return NAN;
    metric_sort(rank, n);
    for (int i = n - 1; i >= 0; i--) {
        above[rank[i].label]++;
        if (i > 0 && rank[i].value == rank[i - 1].value) continue;
        area += (double)(above[1] - before) * above[1] / (above[0] + above[1]);
        before = above[1];
    }
    return area / count[1]; /* divided once, so that a perfect ranking has just 1 */
}

/* A sample is how often each bag is in it, so that the bags need be sorted only once. */
void metric_auc_interval(double interval[2], MetricRank *rank, int n, Rng *rng, int *count, MetricRank *areas)
{
    int found = 0;
    interval[0] = interval[1] = NAN;
    if (isnan(metric_auc(rank, n))) return;
    for (int k = 0; k < METRIC_RESAMPLES; k++) {
        memset(count, 0, (size_t)n * sizeof *count);
        for (int i = 0; i < n; i++) count[rng_below(rng, (uint64_t)n)]++;
        const double of_sample = area(rank, count, n);
        if (!isnan(of_sample)) areas[found++] = (MetricRank){of_sample, 0};
    }
    if (found == 0) return;
    metric_sort(areas, found);
    interval[0] = areas[(int)(0.025 * (found - 1))].value;
    interval[1] = areas[(int)ceil(0.975 * (found - 1))].value;
}

/* ---- scores of a target ---- */

const MetricType *metric_of(const Target *t)
{
    return &task_of(t)->metric;
}

int metric_scores(double *out, const Target *t, int index, const MetricInput *in)
{
    int n = 0;
    for (int b = 0; b < in->n_bag; b++) n += metric_known(in, index, b);
    metric_of(t)->score(out, t, index, in);
    return n;
}

/* ---- the main score ---- */

static const char *main_name(const MetricType *m)
{
    return m->name[1];
}

const char *metric_main_of(const char *kind)
{
    for (const TaskType *const *type = task_types; *type && kind; type++)
        if (strcmp((*type)->target->name, kind) == 0) return main_name(&(*type)->metric);
    return NULL;
}

static int present(const MetricType *m, const json_t *scores)
{
    int n = 0;
    while (n < m->n && json_object_get(scores, m->name[n])) n++;
    return n;
}

/* The kind whose scores they are is that with most of them; an older version may have written fewer. */
const char *metric_main(const json_t *scores)
{
    const MetricType *best = NULL;
    for (const TaskType *const *type = task_types; *type; type++) {
        const MetricType *m = &(*type)->metric;
        if (!json_object_get(scores, main_name(m))) continue;
        if (!best || present(m, scores) > present(best, scores)) best = m;
    }
    return best ? main_name(best) : NULL;
}

const char *metric_title(const char *score)
{
    return strcmp(score, "auc") == 0 ? "AUC" : score;
}
