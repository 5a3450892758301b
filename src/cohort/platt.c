/* SPDX-License-Identifier: MIT */
#include "cohort/platt.h"

#include <math.h>

#define STEPS 100 /* far past convergence */

/* Outputs and labels, which lie in arrays of their own or in pairs: the distance between two of them in bytes. */
typedef struct {
    const void *output, *label;
    size_t output_step, label_step;
    int n;              /* rows, of which some may not count */
    bool finite;        /* outputs that are no finite numbers do not count; else they make the loss NaN */
    int count[2];       /* bags by label */
    int n_known;        /* their sum */
    double target[2];   /* by label */
    double mean, width; /* of the outputs, by which they are standardised */
} PlattBags;

/* Mean over the bags of  ln(1 + exp s) - t s,  and its derivatives by a and b, which are those of standardised outputs. */
typedef struct {
    double loss, by_a, by_b, by_aa, by_ab, by_bb;
} Logistic;

typedef struct {
    double a, b, loss;
} PlattLine;

static double output_of(const PlattBags *p, int i)
{
    return *(const double *)(const void *)((const char *)p->output + (size_t)i * p->output_step);
}

static int label_of(const PlattBags *p, int i)
{
    return *(const int *)(const void *)((const char *)p->label + (size_t)i * p->label_step);
}

static bool counts(const PlattBags *p, int i)
{
    return label_of(p, i) >= 0 && (!p->finite || isfinite(output_of(p, i)));
}

static void set_targets(PlattBags *p)
{
    for (int i = 0; i < p->n; i++)
        if (counts(p, i)) p->count[label_of(p, i)]++;
    p->n_known = p->count[0] + p->count[1];
    p->target[0] = 1. / (p->count[0] + 2), p->target[1] = (p->count[1] + 1.) / (p->count[1] + 2);
}

static void set_scale(PlattBags *p)
{
    double sum = 0, square = 0;
    for (int i = 0; i < p->n; i++)
        if (counts(p, i)) sum += output_of(p, i);
    p->mean = sum / p->n_known;
    for (int i = 0; i < p->n; i++)
        if (counts(p, i)) square += pow(output_of(p, i) - p->mean, 2);
    p->width = sqrt(square / p->n_known) + 1e-12;
}

static PlattBags bags_apart(const double *output, const int *label, int n)
{
    return (PlattBags){.output = output,
                       .label = label,
                       .output_step = sizeof *output,
                       .label_step = sizeof *label,
                       .n = n,
                       .finite = true};
}

static PlattBags bags_paired(const MetricRank *bag, int n)
{
    return (PlattBags){
        .output = &bag->value, .label = &bag->label, .output_step = sizeof *bag, .label_step = sizeof *bag, .n = n};
}

static Logistic logistic(const PlattBags *p, double a, double b)
{
    Logistic l = {0};
    for (int i = 0; i < p->n; i++) {
        if (!counts(p, i)) continue;
        const double y = (output_of(p, i) - p->mean) / p->width, target = p->target[label_of(p, i)], s = a * y + b;
        const double e = exp(-fabs(s)), said = s >= 0 ? 1 / (1 + e) : e / (1 + e), d = said - target,
                     curve = said * (1 - said);
        l.loss += (s > 0 ? s : 0) + log1p(e) - target * s;
        l.by_a += d * y, l.by_b += d;
        l.by_aa += curve * y * y, l.by_ab += curve * y, l.by_bb += curve;
    }
    l.loss /= p->n_known;
    return l;
}

/* Newton with halved steps; the loss is convex. */
static PlattLine newton(const PlattBags *p)
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
    return (PlattLine){a, b, here.loss};
}

static double entropy(double share)
{
    return -share * log(share) - (1 - share) * log(1 - share);
}

static double mean_target(const PlattBags *p)
{
    double sum = 0;
    for (int i = 0; i < p->n; i++)
        if (counts(p, i)) sum += p->target[label_of(p, i)];
    return sum / p->n_known;
}

/* ---- two classes ---- */

#define LEAST                                                                                                        \
    1e-3 /* a of standardised outputs: keeps their order in numbers of single precision, and says nothing else */

bool platt_fit(double *a, double *b, const double *output, const int *label, int n)
{
    PlattBags p = bags_apart(output, label, n);
    *a = 1, *b = 0;
    set_targets(&p);
    if (p.count[0] == 0 || p.count[1] == 0) return false;
    set_scale(&p);
    if (p.width < 1e-9 * (1 + fabs(p.mean))) p.width = 1; /* all outputs are equal */
    PlattLine fit = newton(&p);
    if (!(fit.a >= LEAST)) {
        const double share = mean_target(&p);
        fit.a = LEAST, fit.b = log(share / (1 - share));
    }
    *a = fit.a / p.width;
    *b = fit.b - *a * p.mean;
    return true;
}

double platt_probability(double a, double b, double output)
{
    const double s = a * output + b, e = exp(-fabs(s));
    return s >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* With a < 0 it is the constant's, which is found with a = 0. */
double platt_loss(const MetricRank *bag, int n)
{
    PlattBags p = bags_paired(bag, n);
    set_targets(&p);
    if (p.n_known == 0) return NAN;
    set_scale(&p);
    const PlattLine fit = newton(&p);
    return fit.a >= 0 ? fit.loss : entropy(mean_target(&p));
}

double platt_loss_min(const MetricRank *bag, int n)
{
    PlattBags p = bags_paired(bag, n);
    set_targets(&p);
    if (p.n_known == 0) return 0;
    return (p.count[0] * entropy(p.target[0]) + p.count[1] * entropy(p.target[1])) / p.n_known;
}

/* ---- several classes ---- */

#define SEARCH_STEPS   100 /* far past convergence */
#define LEAST_FACTOR   1e-3
#define LARGEST_FACTOR 1e3

typedef struct {
    const double *output; /* [n, n_class] */
    const int *label;     /* [n] */
    int n, n_class;
} ClassBags;

static bool class_counts(const ClassBags *p, int i)
{
    bool counts = p->label[i] >= 0;
    for (int k = 0; counts && k < p->n_class; k++)
        counts = isfinite(p->output[(size_t)i * (size_t)p->n_class + (size_t)k]);
    return counts;
}

static int bags_of_class(const ClassBags *p, int class)
{
    int n = 0;
    for (int i = 0; i < p->n; i++) n += p->label[i] == class && class_counts(p, i);
    return n;
}

/* Sum over the bags of class `class`, which are n, of  Σ_k t_k (ln Σ_j exp(a y_j) - a y_k). */
static double class_loss(const ClassBags *p, int class, int n, double a)
{
    const double own = (n + 1.) / (n + p->n_class), other = 1. / (n + p->n_class);
    double loss = 0;
    for (int i = 0; i < p->n; i++) {
        const double *y = p->output + (size_t)i * (size_t)p->n_class;
        if (p->label[i] != class || !class_counts(p, i)) continue;
        double top = -INFINITY, sum = 0, said = 0;
        for (int k = 0; k < p->n_class; k++) top = fmax(top, a * y[k]);
        for (int k = 0; k < p->n_class; k++) {
            sum += exp(a * y[k] - top);
            said += (k == class ? own : other) * (a * y[k] - top);
        }
        loss += log(sum) - said;
    }
    return loss;
}

static double softmax_loss(const ClassBags *p, double a)
{
    double loss = 0;
    for (int class = 0; class < p->n_class; class ++) loss += class_loss(p, class, bags_of_class(p, class), a);
    return loss;
}

/* Golden section: the loss is convex in a, so it has one minimum in ln a. */
bool platt_fit_classes(double *a, const double *output, const int *label, int n, int n_class)
{
    const ClassBags p = {output, label, n, n_class};
    const double ratio = (sqrt(5) - 1) / 2;
    double low = log(LEAST_FACTOR), high = log(LARGEST_FACTOR);
    int occur = 0;
    for (int class = 0; class < n_class; class ++) occur += bags_of_class(&p, class) > 0;
    *a = 1;
    if (occur < 2) return false;
    for (int step = 0; step < SEARCH_STEPS; step++) {
        const double left = high - ratio * (high - low), right = low + ratio * (high - low);
        if (softmax_loss(&p, exp(left)) < softmax_loss(&p, exp(right)))
            high = right;
        else
            low = left;
    }
    *a = exp((low + high) / 2);
    return true;
}
