/* SPDX-License-Identifier: MIT
 *
 * Tails are logarithms throughout: with 300 bags a t of 70 has a probability near 1e-190, and one of 2 000 bags leaves
 * the range of double. Student's tail is ½ I_x(df/2, ½) at x = df / (df + t²), by the continued fraction of the
 * incomplete beta function (modified Lentz; Numerical Recipes, 6.4), which converges fast below its mean. The normal
 * tail is inverted by Newton's method on its logarithm, which is concave, so that it converges from anywhere.
 */
#include "cohort/kmerstat.h"
#include "cohort/fisher.h"

#include <math.h>
#include <stdbool.h>

#define LENTZ_STEPS  10000
#define NEWTON_STEPS 100

double kmerstat_t(double sxy, double sxx, double syy, int n)
{
    const double variance = (syy - sxy * sxy / sxx) / (n - 2);
    return sxy / sqrt(sxx * (variance > KMERSTAT_FLOOR ? variance : KMERSTAT_FLOOR));
}

/* ---- Student's tail ---- */

static double nonzero(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* The continued fraction of I_x(a, b). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / nonzero(1 - (a + b) * x / (a + 1)), h = d;
    for (int m = 1; m <= LENTZ_STEPS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / nonzero(1 + even * d);
        c = nonzero(1 + even / c);
        h *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / nonzero(1 + odd * d);
        c = nonzero(1 + odd / c);
        h *= d * c;
        if (fabs(d * c - 1) < 1e-15) break;
    }
    return h;
}

/* log Γ(a + ½) - log Γ(a); the difference of two lgamma loses digits where a is large. */
static double log_gamma_step(double a)
{
    int sign;
    if (a < 1e4) return lgamma_r(a + 0.5, &sign) - lgamma_r(a, &sign);
    return 0.5 * log(a) - 1 / (8 * a) + 1 / (192 * a * a * a);
}

/* log P(T > t), t ≥ 0. */
static double student_log_tail(double t, double df)
{
    const double a = df / 2, b = 0.5, ratio = t * t / df;
    if (ratio == 0) return log(0.5);
    const double log_x = -log1p(ratio), log_rest = -log1p(1 / ratio); /* log x, log(1 - x) */
    const double log_power = a * log_x + b * log_rest + log_gamma_step(a) - 0.5 * log(M_PI);
    const double x = 1 / (1 + ratio), rest = ratio / (1 + ratio);
    if (x < (a + 1) / (a + b + 2)) return log(0.5) + log_power - log(a) + log(beta_fraction(a, b, x));
    return log(0.5) + log1p(-exp(log_power) / b * beta_fraction(b, a, rest));
}

/* ---- the normal tail and its inverse ---- */

/* Q(z) / φ(z), Mills' ratio; z ≥ 0. */
static double mills(double z)
{
    if (z < 10) return 0.5 * erfc(z * M_SQRT1_2) * sqrt(2 * M_PI) * exp(z * z / 2);
    double fraction = z; /* z + 1/(z + 2/(z + 3/(z + …))) */
    for (int k = 60; k > 0; k--) fraction = z + k / fraction;
    return 1 / fraction;
}

/* z ≥ 0 of log P(Z > z) = log_tail ≤ log ½. */
static double normal_of_log_tail(double log_tail)
{
    double z = sqrt(fmax(0, -2 * (log_tail - log(0.5))));
    for (int k = 0; k < NEWTON_STEPS; k++) {
        const double ratio = mills(z), log_now = log(ratio) - z * z / 2 - 0.5 * log(2 * M_PI);
        const double next = fmax(0, z + ratio * (log_now - log_tail));
        const bool done = fabs(next - z) <= 1e-14 * (1 + z);
        z = next;
        if (done) break;
    }
    return z;
}

double kmerstat_z(double t, double df)
{
    return copysign(normal_of_log_tail(student_log_tail(fabs(t), df)), t);
}

double kmerstat_threshold(double n_tested)
{
    return normal_of_log_tail(log(KMERSTAT_LEVEL / 2) - log(n_tested));
}

/* ---- Fisher's exact test ---- */

static double log_choose(int n, int k)
{
    int sign;
    return lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign);
}

/* log P(held_in or more) */
static double log_upper(int held_in, int n_in, int held, int n)
{
    const int n_out = n - n_in;
    return log_choose(n_in, held_in) + log_choose(n_out, held - held_in) - log_choose(n, held) +
           log(fisher_tail(n_in, n_out, held_in, held));
}

double kmerstat_presence(int held_in, int n_in, int held, int n)
{
    const double more = (double)held_in * n - (double)held * n_in;
    if (more == 0) return 0;
    const double tail = more > 0 ? log_upper(held_in, n_in, held, n) : log_upper(held - held_in, n - n_in, held, n);
    return tail < log(0.5) ? copysign(normal_of_log_tail(tail), more) : 0;
}

static bool can_exceed(int n_in, int held, int n, double min_z)
{
    const int n_out = n - n_in, most = held < n_in ? held : n_in, least = held > n_out ? held - n_out : 0;
    return kmerstat_presence(most, n_in, held, n) > min_z || kmerstat_presence(least, n_in, held, n) < -min_z;
}

void kmerstat_attainable(int *least, int *most, int n_in, int n, double min_z)
{
    *least = 1;
    *most = n - 1;
    while (*least <= *most && !can_exceed(n_in, *least, n, min_z)) ++*least;
    while (*least <= *most && !can_exceed(n_in, *most, n, min_z)) --*most;
}
