/* SPDX-License-Identifier: MIT */
#include "train/keep.h"

#include <math.h>
#include <string.h>

#define STEPS 100 /* of either search; each is far past convergence */

KeepRule keep_rule(Keep keep, const ModelOptions *model)
{
    if (keep == KEEP_AUC) return KEEP_BY_SCORE;
    return model->norm == NORM_BAGS ? KEEP_BY_CALIBRATED_LOSS : KEEP_BY_LOSS;
}

/* ---- outputs of the first target ---- */

static bool is_known(const MetricInput *in, int b)
{
    return in->mask[(size_t)b * (size_t)in->n_target] != 0;
}
static const real *output_of(const Target *t, const MetricInput *in, int b)
{
    return in->output + (size_t)b * (size_t)in->n_out + (size_t)t->at;
}
static const real *label_of(const Target *t, const MetricInput *in, int b)
{
    return in->target + (size_t)b * (size_t)in->n_out + (size_t)t->at;
}

/* ---- binary ---- */

/* Mean over the known bags of  ln(1 + exp s) - p s  with  s = a (y - centre) / width + b;  its derivatives by a and b. */
typedef struct {
    double loss, by_a, by_b, by_aa, by_ab, by_bb;
} Logistic;

typedef struct {
    const Target *t;
    const MetricInput *in;
    double centre, width; /* of the outputs */
    double target[2];     /* by label */
    int n;
} Platt;

static Logistic logistic(const Platt *p, double a, double b)
{
    Logistic l = {0};
    for (int i = 0; i < p->in->n_bag; i++) {
        if (!is_known(p->in, i)) continue;
        const double y = ((double)*output_of(p->t, p->in, i) - p->centre) / p->width;
        const double target = p->target[*label_of(p->t, p->in, i) > (real)0.5], s = a * y + b;
        const double e = exp(-fabs(s)), said = s >= 0 ? 1 / (1 + e) : e / (1 + e), d = said - target,
                     curve = said * (1 - said);
        l.loss += (s > 0 ? s : 0) + log1p(e) - target * s;
        l.by_a += d * y, l.by_b += d;
        l.by_aa += curve * y * y, l.by_ab += curve * y, l.by_bb += curve;
    }
    l.loss /= p->n;
    return l;
}

static double entropy(double share)
{
    return -share * log(share) - (1 - share) * log(1 - share);
}

/* Newton with halved steps; the loss is convex. With a < 0 it is the constant's, which is found with a = 0. */
static double platt(const Platt *p)
{
    double a = 0, b = 0;
    Logistic here = logistic(p, a, b);
    for (int step = 0; step < STEPS; step++) {
        const double ridge = 1e-9, aa = here.by_aa + ridge, bb = here.by_bb + ridge,
                     det = aa * bb - here.by_ab * here.by_ab;
        const double da = -(bb * here.by_a - here.by_ab * here.by_b) / det,
                     db = -(aa * here.by_b - here.by_ab * here.by_a) / det;
        double size = 1;
        Logistic next = logistic(p, a + da, b + db);
        while (!(next.loss < here.loss) && size > 1e-10) {
            size /= 2;
            next = logistic(p, a + size * da, b + size * db);
        }
        if (!(next.loss < here.loss - 1e-13)) break;
        a += size * da, b += size * db;
        here = next;
    }
    if (a >= 0) return here.loss;
    double sum = 0;
    for (int i = 0; i < p->in->n_bag; i++)
        if (is_known(p->in, i)) sum += p->target[*label_of(p->t, p->in, i) > (real)0.5];
    return entropy(sum / p->n);
}

/* Bags of either class, and the targets that follow. */
static void set_targets(Platt *p, int count[2])
{
    for (int i = 0; i < p->in->n_bag; i++)
        if (is_known(p->in, i)) count[*label_of(p->t, p->in, i) > (real)0.5]++;
    p->n = count[0] + count[1];
    p->target[0] = 1. / (count[0] + 2), p->target[1] = (count[1] + 1.) / (count[1] + 2);
}

static double binary_floor(const Target *t, const MetricInput *in)
{
    Platt p = {.t = t, .in = in};
    int count[2] = {0};
    set_targets(&p, count);
    return p.n ? (count[0] * entropy(p.target[0]) + count[1] * entropy(p.target[1])) / p.n : 0;
}

static double binary_value(const Target *t, const MetricInput *in)
{
    Platt p = {.t = t, .in = in};
    int count[2] = {0};
    double sum = 0, square = 0;
    set_targets(&p, count);
    for (int i = 0; i < in->n_bag; i++) {
        if (!is_known(in, i)) continue;
        sum += (double)*output_of(t, in, i);
    }
    if (p.n == 0) return NAN;
    p.centre = sum / p.n;
    for (int i = 0; i < in->n_bag; i++)
        if (is_known(in, i)) square += pow((double)*output_of(t, in, i) - p.centre, 2);
    p.width = sqrt(square / p.n) + 1e-12;
    return platt(&p);
}

/* ---- multiclass ---- */

static double softmax_loss(const Target *t, const MetricInput *in, double a)
{
    double loss = 0;
    int n = 0;
    for (int i = 0; i < in->n_bag; i++) {
        if (!is_known(in, i)) continue;
        const real *y = output_of(t, in, i), *label = label_of(t, in, i);
        double top = -INFINITY, sum = 0, said = 0;
        for (int k = 0; k < t->n_out; k++) top = fmax(top, a * (double)y[k]);
        for (int k = 0; k < t->n_out; k++) {
            sum += exp(a * (double)y[k] - top);
            if (label[k] > (real)0.5) said = a * (double)y[k] - top;
        }
        loss += log(sum) - said;
        n++;
    }
    return n ? loss / n + 1e-3 * a : NAN; /* of two states that tell all apart, the one with the larger margin */
}

/* Golden section: the loss is convex in a. */
static double multiclass_value(const Target *t, const MetricInput *in)
{
    const double ratio = (sqrt(5) - 1) / 2;
    double low = 0, high = 100;
    for (int step = 0; step < STEPS; step++) {
        const double left = high - ratio * (high - low), right = low + ratio * (high - low);
        if (softmax_loss(t, in, left) < softmax_loss(t, in, right))
            high = right;
        else
            low = left;
    }
    return softmax_loss(t, in, (low + high) / 2);
}

/* ---- regression ---- */

static double regression_value(const Target *t, const MetricInput *in)
{
    double n = 0, y = 0, x = 0, yy = 0, xy = 0, xx = 0;
    for (int i = 0; i < in->n_bag; i++)
        if (is_known(in, i)) n++, y += (double)*output_of(t, in, i), x += (double)*label_of(t, in, i);
    if (n == 0) return NAN;
    y /= n, x /= n;
    for (int i = 0; i < in->n_bag; i++) {
        if (!is_known(in, i)) continue;
        const double dy = (double)*output_of(t, in, i) - y, dx = (double)*label_of(t, in, i) - x;
        yy += dy * dy, xy += dx * dy, xx += dx * dx;
    }
    return (xx - (xy > 0 && yy > 0 ? xy * xy / yy : 0)) / n;
}

/* ---- all kinds ---- */

double keep_value(KeepRule rule, const Target *t, const MetricInput *in, const double *score)
{
    static const struct {
        const char *kind;
        double (*value)(const Target *t, const MetricInput *in);
    } calibrated[] = {{"binary", binary_value}, {"multiclass", multiclass_value}, {"regression", regression_value}};
    if (in->n_bag == 0) return NAN;
    if (rule == KEEP_BY_LOSS) return score[0];
    if (rule == KEEP_BY_SCORE) return isnan(score[1]) ? score[0] : 1 - score[1] + 1e-6 * fmin(score[0], 1e3);
    for (size_t k = 0; k < sizeof calibrated / sizeof *calibrated; k++)
        if (strcmp(calibrated[k].kind, t->type->name) == 0) return calibrated[k].value(t, in);
    return score[0];
}

double keep_floor(KeepRule rule, const Target *t, const MetricInput *in)
{
    return rule == KEEP_BY_CALIBRATED_LOSS && t->type == &target_binary ? binary_floor(t, in) : 0;
}
