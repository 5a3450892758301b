/* SPDX-License-Identifier: MIT */
#include "train/metric.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
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
static void sort(MetricRank *x, int n)
{
    for (int i = n / 2 - 1; i >= 0; i--) sift(x, i, n);
    for (int end = n - 1; end > 0; end--) {
        const MetricRank top = x[0];
        x[0] = x[end];
        x[end] = top;
        sift(x, 0, end);
    }
}

/* P(positive above negative) + ½ P(equal) over sorted ranks; count [n]: how often each counts, NULL: once. In whole numbers,
 * of which doubles are no more exact: a pair counts when its latter comes, 2 or, if they are equal, 1. */
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
    sort(rank, n);
    return area(rank, NULL, n);
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
    sort(areas, found);
    interval[0] = areas[(int)(0.025 * (found - 1))].value;
    interval[1] = areas[(int)ceil(0.975 * (found - 1))].value;
}

/* ---- binary ---- */

typedef struct {
    double count[2][2]; /* [truth][prediction] */
} Confusion;

static double balanced_accuracy(const Confusion *c)
{
    double sum = 0, classes = 0;
    for (int truth = 0; truth < 2; truth++) {
        const double n = c->count[truth][0] + c->count[truth][1];
        if (n == 0) continue;
        sum += c->count[truth][truth] / n;
        classes++;
    }
    return classes > 0 ? sum / classes : NAN;
}

/* No positive among truth and predictions: 0, as is usual, unless there are no bags. */
static double f1(const Confusion *c, int n)
{
    const double hit = 2 * c->count[1][1], all = hit + c->count[0][1] + c->count[1][0];
    if (n == 0) return NAN;
    return all > 0 ? hit / all : 0;
}

static void binary_scores(double *out, const Target *t, int index, const MetricInput *in)
{
    Confusion c = {0};
    double loss = 0;
    int n = 0;
    for (int b = 0; b < in->n_bag; b++) {
        if (in->mask[(size_t)b * (size_t)in->n_target + (size_t)index] == 0) continue;
        const size_t at = (size_t)b * (size_t)in->n_out + (size_t)t->at;
        const real *y = in->output + at;
        const int label = in->target[at] > (real)0.5;
        double p;
        t->type->predict(&p, t, y);
        loss += t->type->loss(t, y, in->target + at);
        c.count[label][p > 0.5]++;
        in->rank[n++] = (MetricRank){(double)*y, label};
    }
    out[0] = n > 0 ? loss / n : NAN;
    out[1] = metric_auc(in->rank, n);
    out[2] = balanced_accuracy(&c);
    out[3] = n > 0 ? (c.count[0][0] + c.count[1][1]) / n : NAN;
    out[4] = f1(&c, n);
}

static const MetricType binary = {"binary", 5, {"loss", "auc", "bacc", "accuracy", "f1"}, binary_scores};

/* ---- multiclass ---- */

static int first_largest(const double *p, int n)
{
    int best = 0;
    for (int k = 1; k < n; k++)
        if (p[k] > p[best]) best = k;
    return best;
}

/* Balanced accuracy and accuracy of the class with the largest output; f1 is the mean over classes that occur. */
static void multiclass_scores(double *out, const Target *t, int index, const MetricInput *in)
{
    double truth[TARGET_CLASSES] = {0}, said[TARGET_CLASSES] = {0}, hit[TARGET_CLASSES] = {0}, loss = 0, hits = 0;
    int n = 0;
    assert(t->n_out <= TARGET_CLASSES);
    for (int b = 0; b < in->n_bag; b++) {
        if (in->mask[(size_t)b * (size_t)in->n_target + (size_t)index] == 0) continue;
        const real *y = in->output + (size_t)b * (size_t)in->n_out + (size_t)t->at;
        const real *target = in->target + (size_t)b * (size_t)in->n_out + (size_t)t->at;
        double output[TARGET_CLASSES], label[TARGET_CLASSES];
        for (int k = 0; k < t->n_out; k++) output[k] = (double)y[k], label[k] = (double)target[k];
        const int is = first_largest(label, t->n_out), guess = first_largest(output, t->n_out);
        loss += t->type->loss(t, y, target);
        truth[is]++;
        said[guess]++;
        hit[is] += is == guess;
        hits += is == guess;
        n++;
    }
    double recall = 0, f1_sum = 0, classes = 0;
    for (int k = 0; k < t->n_out; k++) {
        if (truth[k] == 0) continue;
        recall += hit[k] / truth[k];
        f1_sum += 2 * hit[k] / (truth[k] + said[k]);
        classes++;
    }
    out[0] = n > 0 ? loss / n : NAN;
    out[1] = n > 0 ? recall / classes : NAN;
    out[2] = n > 0 ? hits / n : NAN;
    out[3] = n > 0 ? f1_sum / classes : NAN;
}

static const MetricType multiclass = {"multiclass", 4, {"loss", "bacc", "accuracy", "f1"}, multiclass_scores};

/* ---- regression ---- */

/* In the column's unit. r2 = 1 - Σ(y-ŷ)²/Σ(y-ȳ)², undefined where all labels are equal. */
static void regression_scores(double *out, const Target *t, int index, const MetricInput *in)
{
    double loss = 0, sum = 0, absolute = 0, square = 0, variance = 0;
    int n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int b = 0; b < in->n_bag; b++) {
            if (in->mask[(size_t)b * (size_t)in->n_target + (size_t)index] == 0) continue;
            const size_t at = (size_t)b * (size_t)in->n_out + (size_t)t->at;
            double truth, guess;
            t->type->predict(&truth, t, in->target + at);
            t->type->predict(&guess, t, in->output + at);
            if (pass == 0) {
                loss += t->type->loss(t, in->output + at, in->target + at);
                sum += truth;
                absolute += fabs(truth - guess);
                square += (truth - guess) * (truth - guess);
                n++;
            } else
                variance += (truth - sum / n) * (truth - sum / n);
        }
    out[0] = n > 0 ? loss / n : NAN;
    out[1] = variance > 0 ? 1 - square / variance : NAN;
    out[2] = n > 0 ? absolute / n : NAN;
    out[3] = n > 0 ? square / n : NAN;
}

static const MetricType regression = {"regression", 4, {"loss", "r2", "mae", "mse"}, regression_scores};

/* ---- all kinds ---- */

const MetricType *const metric_types[] = {&binary, &multiclass, &regression, NULL};

const MetricType *metric_of(const Target *t)
{
    const MetricType *const *type = metric_types;
    while (*type && strcmp((*type)->target, t->type->name) != 0) type++;
    assert(*type);
    return *type;
}

int metric_scores(double *out, const Target *t, int index, const MetricInput *in)
{
    int n = 0;
    for (int b = 0; b < in->n_bag; b++) n += in->mask[(size_t)b * (size_t)in->n_target + (size_t)index] != 0;
    metric_of(t)->score(out, t, index, in);
    return n;
}
