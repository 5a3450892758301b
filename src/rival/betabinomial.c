/* SPDX-License-Identifier: MIT
 *
 * Newton's method in m = ln(alpha / beta) and s = ln(alpha + beta): where rates differ less than by chance s alone grows,
 * up to its bound. A step that does not climb is halved; where the surface is not bent downwards, the step follows the
 * gradient. All is made of ln Γ(x + d) - ln Γ(x) and its derivatives, computed as such because both are large and near.
 */
#include "rival/betabinomial.h"

#include <math.h>
#include <stdbool.h>

#define STEPS    200
#define HALVINGS 40
#define S_MOST   18.420680743952367 /* ln 1e8 */
#define S_LEAST  -9.0
#define M_MOST   30.0
#define FAR      10 /* from where on Stirling's series serves */

/* ln Γ(x + d) - ln Γ(x), and its first and second derivative in x. */
typedef struct {
    double value, first, second;
} Rise;

/* ---- Stirling's series ---- */

static double gamma_rest(double x)
{
    const double y = 1 / (x * x);
    return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y / 1188)))) / x;
}

static double digamma_rest(double x)
{
    const double y = 1 / (x * x);
    return -0.5 / x - y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
}

static double trigamma(double x)
{
    const double y = 1 / (x * x);
    return (1 + 0.5 / x + y * (1.0 / 6 - y * (1.0 / 30 - y * (1.0 / 42 - y / 30)))) / x;
}

static Rise rise_far(double x, double d)
{
    const double z = x + d, ratio = log1p(d / x);
    return (Rise){.value = (x - 0.5) * ratio + d * log(z) - d + gamma_rest(z) - gamma_rest(x),
                  .first = ratio + digamma_rest(z) - digamma_rest(x),
                  .second = trigamma(z) - trigamma(x)};
}

/* Γ(x + 1) = x Γ(x) leads to where the series holds. */
static Rise rise(double x, double d)
{
    Rise sum = {0};
    if (d == 0) return sum;
    for (; x < FAR; x++) {
        const double z = x + d;
        sum.value += log(x / z);
        sum.first += 1 / x - 1 / z;
        sum.second += 1 / (z * z) - 1 / (x * x);
    }
    const Rise far = rise_far(x, d);
    return (Rise){sum.value + far.value, sum.first + far.first, sum.second + far.second};
}

double betabinomial_log(const BetaBinomial *b, double k, double n)
{
    return rise(b->alpha, k).value + rise(b->beta, n - k).value - rise(b->alpha + b->beta, n).value;
}

/* ---- the most likely ---- */

typedef struct {
    const int *k;
    const double *n;
    int n_bag;
    double more, mean; /* half a sequence of a bag of mean size, where no bag has any; else 0 */
} Counts;

/* ln p of all bags with its derivatives in alpha (a) and beta (b), then in m and s. */
typedef struct {
    double value, a, b, aa, ab, bb;
    double m, s, mm, ms, ss;
} Surface;

static BetaBinomial at(double m, double s)
{
    const double sum = exp(s);
    return (BetaBinomial){.alpha = sum / (1 + exp(-m)), .beta = sum / (1 + exp(m))};
}

static void add_bag(Surface *f, const BetaBinomial *p, double k, double n)
{
    const Rise a = rise(p->alpha, k), b = rise(p->beta, n - k), both = rise(p->alpha + p->beta, n);
    f->value += a.value + b.value - both.value;
    f->a += a.first - both.first;
    f->b += b.first - both.first;
    f->aa += a.second - both.second;
    f->bb += b.second - both.second;
    f->ab -= both.second;
}

/* d alpha / dm = slope = -d beta / dm, d alpha / ds = alpha, d beta / ds = beta. */
static void change_variables(Surface *f, const BetaBinomial *p)
{
    const double slope = p->alpha * p->beta / (p->alpha + p->beta);
    const double bend = slope * (p->beta - p->alpha) / (p->alpha + p->beta);
    f->m = slope * (f->a - f->b);
    f->s = p->alpha * f->a + p->beta * f->b;
    f->mm = slope * slope * (f->aa - 2 * f->ab + f->bb) + bend * (f->a - f->b);
    f->ms = slope * (p->alpha * (f->aa - f->ab) + p->beta * (f->ab - f->bb)) + f->m;
    f->ss = p->alpha * p->alpha * f->aa + 2 * p->alpha * p->beta * f->ab + p->beta * p->beta * f->bb + f->s;
}

static Surface surface(const Counts *c, double m, double s)
{
    const BetaBinomial p = at(m, s);
    Surface f = {0};
    for (int i = 0; i < c->n_bag; i++) add_bag(&f, &p, c->k[i], c->n[i]);
    if (c->more > 0) add_bag(&f, &p, c->more, c->mean);
    change_variables(&f, &p);
    return f;
}

static double within(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

/* A step in m and s; s stays where it is if it would leave its bounds. */
static void find_step(double *dm, double *ds, const Surface *f, double s)
{
    const bool fixed = (s >= S_MOST && f->s > 0) || (s <= S_LEAST && f->s < 0);
    const double det = f->mm * f->ss - f->ms * f->ms;
    *ds = 0;
    if (fixed) {
        *dm = f->mm < 0 ? -f->m / f->mm : f->m;
    } else if (f->mm < 0 && det > 0) {
        *dm = -(f->ss * f->m - f->ms * f->s) / det;
        *ds = -(f->mm * f->s - f->ms * f->m) / det;
    } else {
        *dm = f->mm < 0 ? -f->m / f->mm : f->m;
        *ds = f->ss < 0 ? -f->s / f->ss : f->s;
    }
    *dm = within(*dm, -2, 2);
    *ds = within(*ds, -2, 2);
}

/* False: no step climbs any more. */
static bool climb(const Counts *c, Surface *f, double *m, double *s)
{
    double dm, ds;
    find_step(&dm, &ds, f, *s);
    for (int h = 0; h < HALVINGS && fabs(dm) + fabs(ds) > 1e-10; h++, dm /= 2, ds /= 2) {
        const double m1 = within(*m + dm, -M_MOST, M_MOST), s1 = within(*s + ds, S_LEAST, S_MOST);
        const Surface g = surface(c, m1, s1);
        if (!(g.value > f->value)) continue;
        *f = g;
        *m = m1;
        *s = s1;
        return true;
    }
    return false;
}

BetaBinomial betabinomial_fit(const int *k, const double *n, int n_bag)
{
    Counts c = {.k = k, .n = n, .n_bag = n_bag};
    double sum_k = 0, sum_n = 0;
    for (int i = 0; i < n_bag; i++) {
        sum_k += k[i];
        sum_n += n[i];
    }
    c.mean = n_bag ? sum_n / n_bag : 0;
    if (sum_n < 1) return (BetaBinomial){1, 1};
    if (sum_k == 0) sum_k = c.more = 0.5;
    double m = log((sum_k + 1e-9) / (sum_n - sum_k + 1e-3)), s = log(c.mean + 1);
    Surface f = surface(&c, m, s);
    for (int step = 0; step < STEPS && climb(&c, &f, &m, &s); step++) {
    }
    return at(m, s);
}
