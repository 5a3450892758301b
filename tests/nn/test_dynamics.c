/* SPDX-License-Identifier: MIT
 *
 * test_dynamics.c: trajectories, energies, Jacobians and bounds against recorded ones; then what the theorems promise, on
 * random patterns.
 */
#include "core/rng.h"
#include "nn/dynamics.h"
#include "support/golden.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-10 /* absolute */

enum { MOST = 64, MOST_N = 4096 };

static double worst(const double *a, const double *b, size_t n)
{
    double apart = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs(a[i] - b[i]);
        apart = d <= apart ? apart : d; /* NaN stays */
    }
    return apart;
}

static double distance(const double *a, const double *b, int d)
{
    double square = 0;
    for (int f = 0; f < d; f++) square += (a[f] - b[f]) * (a[f] - b[f]);
    return sqrt(square);
}

/* ---- recorded ---- */

typedef struct {
    Golden *g;
    const char *name;
    Patterns s;
    int n_query, n_time;
    double largest, worst;
} Case;

static void close_to(Case *c, const char *what, double apart)
{
    cr_expect(apart <= TOLERANCE, "%s: %s is off by %g", c->name, what, apart);
    c->worst = fmax(c->worst, apart);
}

static void trajectory(Case *c)
{
    GoldenArray xi = golden_member(c->g, c->name, "xi"), p = golden_member(c->g, c->name, "p"),
                e = golden_member(c->g, c->name, "energy");
    double next[MOST], mine[MOST], at[MOST], scratch[2 * MOST];
    const int d = c->s.d, n = c->s.n;
    for (int q = 0; q < c->n_query; q++) {
        memcpy(at, xi.v + q * d, (size_t)d * sizeof *at);
        for (int t = 0; t < c->n_time; t++) {
            const int row = t * c->n_query + q;
            close_to(c, "state", worst(at, xi.v + row * d, (size_t)d));
            close_to(c, "energy", fabs(dynamics_energy(&c->s, at, c->largest) - e.v[row]));
            dynamics_update(next, mine, &c->s, at);
            close_to(c, "association", worst(mine, p.v + row * n, (size_t)n));
            memcpy(at, next, (size_t)d * sizeof *at);
        }
        memcpy(at, xi.v + q * d, (size_t)d * sizeof *at);
        cr_expect_eq(dynamics_retrieve(at, &c->s, 0x1p-1000, c->n_time - 1, scratch) <= c->n_time - 1, 1);
        close_to(c, "retrieved", worst(at, xi.v + ((c->n_time - 1) * c->n_query + q) * d, (size_t)d));
    }
    golden_free(&xi), golden_free(&p), golden_free(&e);
}

static void fixed_points(Case *c)
{
    GoldenArray xi = golden_member(c->g, c->name, "xi"), j = golden_member(c->g, c->name, "jacobian_final");
    GoldenArray norm = golden_member(c->g, c->name, "jacobian_norm_final"),
                k0 = golden_member(c->g, c->name, "k90_initial");
    GoldenArray k1 = golden_member(c->g, c->name, "k90_final"), class = golden_member(c->g, c->name, "class_final");
    double next[MOST], p[MOST], scratch[MOST], mine[MOST * MOST];
    const int d = c->s.d, n = c->s.n;
    for (int q = 0; q < c->n_query; q++) {
        dynamics_softmax(p, &c->s, xi.v + q * d);
        cr_expect_eq(dynamics_k(p, n, 0.9, scratch), k0.v[q], "%s: k at the start", c->name);
        dynamics_update(next, p, &c->s, xi.v + ((c->n_time - 1) * c->n_query + q) * d);
        const int k = dynamics_k(p, n, 0.9, scratch);
        cr_expect_eq(k, k1.v[q], "%s: k at the end", c->name);
        cr_expect_eq(dynamics_class(k, n), class.v[q], "%s: class", c->name);
        dynamics_jacobian(mine, &c->s, p, next);
        close_to(c, "Jacobian", worst(mine, j.v + q * d * d, (size_t)(d * d)));
        const double size = dynamics_spectral_norm(mine, d);
        close_to(c, "norm of the Jacobian", fabs(size - norm.v[q]));
        double m = 0;
        for (int i = 0; i < n; i++) m = fmax(m, p[i] * (1 - p[i]));
        cr_expect_leq(size, 2 * c->s.beta * n * c->largest * c->largest * m + 1e-12, "%s: bound of the norm",
                      c->name);
        cr_expect_leq(size, c->s.beta * pow(dynamics_largest_spread(&c->s, scratch), 2) + 1e-12);
    }
    golden_free(&xi), golden_free(&j), golden_free(&norm), golden_free(&k0), golden_free(&k1), golden_free(&class);
}

static void separations(Case *c)
{
    GoldenArray want = golden_member(c->g, c->name, "separation");
    double scratch[MOST];
    int stored = 0;
    for (int i = 0; i < c->s.n; i++) {
        const double mine = dynamics_separation(&c->s, i);
        close_to(c, "separation", fabs(mine - want.v[i]));
        stored += mine >= dynamics_stored_threshold(&c->s, c->largest);
    }
    close_to(c, "m_max", fabs(dynamics_largest_spread(&c->s, scratch) - golden_attr_number(c->g, c->name, "m_max")));
    close_to(
        c, "threshold",
        fabs(dynamics_stored_threshold(&c->s, c->largest) - golden_attr_number(c->g, c->name, "stored_threshold")));
    cr_expect_eq(stored, golden_attr_number(c->g, c->name, "n_stored_by_lemmaA5"), "%s: %d stored", c->name, stored);
    golden_free(&want);
}

/* Query q belongs to pattern q, whose fixed point is q's last state. */
static void retrieval_error(Case *c)
{
    GoldenArray xi, error, bound;
    char path[128];
    double next[MOST], p[MOST];
    const int d = c->s.d;
    snprintf(path, sizeof path, "%s/thm5_bound", c->name);
    if (!golden_has(c->g, path)) return;
    xi = golden_member(c->g, c->name, "xi"), error = golden_member(c->g, c->name, "thm5_error_after_one_update");
    bound = golden_member(c->g, c->name, "thm5_bound");
    for (int q = 0; q < c->n_query; q++) {
        const double *x = c->s.x + q * d, *start = xi.v + q * d;
        const double *fixed = xi.v + ((c->n_time - 1) * c->n_query + q) * d;
        const double r = fmax(distance(start, x, d), distance(fixed, x, d));
        dynamics_update(next, p, &c->s, start);
        const double mine = dynamics_retrieval_bound(&c->s, c->largest, dynamics_separation(&c->s, q), r);
        close_to(c, "error after one update", fabs(distance(next, x, d) - error.v[q]));
        close_to(c, "bound of it", fabs(mine - bound.v[q]));
        if (strcmp(c->name, "single_pattern") != 0) cr_expect_leq(error.v[q], mine, "%s: the bound holds", c->name);
    }
    golden_free(&xi), golden_free(&error), golden_free(&bound);
}

static void check(Golden *g, const char *name)
{
    GoldenArray x = golden_member(g, name, "X"), xi = golden_member(g, name, "xi");
    Case c = {.g = g, .name = name, .n_time = (int)xi.shape[0], .n_query = (int)xi.shape[1]};
    c.s = (Patterns){x.v, (int)x.shape[0], (int)x.shape[1], golden_attr_number(g, name, "beta")};
    cr_assert(c.s.n <= MOST && c.s.d <= MOST);
    c.largest = dynamics_largest_norm(&c.s);
    close_to(&c, "M", fabs(c.largest - golden_attr_number(g, name, "M")));
    trajectory(&c);
    fixed_points(&c);
    separations(&c);
    retrieval_error(&c);
    printf("# %s: worst %.2g\n", name, c.worst);
    golden_free(&x), golden_free(&xi);
}

Test(nn_dynamics, trajectories)
{
    Golden g;
    int checked = 0;
    if (!golden_open(&g, "hopfield_dynamics.h5")) cr_skip_test("hopfield_dynamics.h5 is not here");
    GoldenNames names = golden_list(&g, "/");
    for (int i = 0; i < names.n; i++) {
        if (strcmp(names.name[i], "operating_class") == 0 || strcmp(names.name[i], "storage_capacity") == 0) continue;
        check(&g, names.name[i]);
        checked++;
    }
    cr_expect_eq(checked, g.shared ? 6 : names.n - 2);
    golden_names_free(&names);
    golden_close(&g);
}

Test(nn_dynamics, operating_classes)
{
    Golden g;
    double scratch[MOST];
    if (!golden_open(&g, "hopfield_dynamics.h5")) cr_skip_test("hopfield_dynamics.h5 is not here");
    GoldenArray p = golden_member(&g, "operating_class", "p"), k = golden_member(&g, "operating_class", "k90");
    GoldenArray class = golden_member(&g, "operating_class", "class");
    const int n = (int)p.shape[1];
    for (int i = 0; i < p.shape[0]; i++) {
        const int mine = dynamics_k(p.v + i * n, n, 0.9, scratch);
        cr_expect_eq(mine, k.v[i], "row %d: k is %d, not %g", i, mine, k.v[i]);
        cr_expect_eq(dynamics_class(mine, n), class.v[i], "row %d: class", i);
    }
    cr_expect_eq(dynamics_class(256, 512), DYNAMICS_II);
    cr_expect_eq(dynamics_class(256.5, 512), DYNAMICS_I);
    cr_expect_eq(dynamics_class(64, 512), DYNAMICS_III);
    cr_expect_eq(dynamics_class(16, 512), DYNAMICS_IV);
    golden_free(&p), golden_free(&k), golden_free(&class);
    golden_close(&g);
}

Test(nn_dynamics, capacity)
{
    Golden g;
    if (!golden_open(&g, "hopfield_dynamics.h5")) cr_skip_test("hopfield_dynamics.h5 is not here");
    GoldenArray t = golden_member(&g, "storage_capacity", "table"); /* beta,K,d,p,a,b,c,c_required,N_lower_bound */
    GoldenArray x = golden_member(&g, "storage_capacity", "lambertw_x"),
                y = golden_member(&g, "storage_capacity", "lambertw_y");
    for (int i = 0; i < t.shape[0]; i++) {
        const double *row = t.v + i * t.shape[1];
        const Capacity c = dynamics_capacity(row[0], row[1], (int)row[2], row[3]);
        const double mine[] = {c.a, c.b, c.c, c.required, c.n};
        for (int j = 0; j < 5; j++) cr_expect_float_eq(mine[j], row[4 + j], 1e-10, "row %d, %d", i, j);
    }
    for (size_t i = 0; i < x.n; i++) cr_expect_float_eq(dynamics_lambert(x.v[i]), y.v[i], 1e-13, "W(%g)", x.v[i]);
    golden_free(&t), golden_free(&x), golden_free(&y);
    golden_close(&g);
}

/* ---- promised ---- */

Test(nn_dynamics, lambert_inverts)
{
    for (double x = -0.36; x < 1e6; x = x < 1 ? x + 0.01 : x * 1.5) {
        const double w = dynamics_lambert(x);
        cr_expect_float_eq(w * exp(w), x, 1e-13 * fmax(1, fabs(x)), "W(%g)", x);
    }
    cr_expect_float_eq(dynamics_lambert(-exp(-1)), -1, 1e-6);
    cr_expect(isnan(dynamics_lambert(-0.4)) && dynamics_lambert(0) == 0);
}

/* Rows of x [n, d], normal, scaled to `norm` if that is positive. */
static void random_patterns(double *x, int n, int d, double norm, Rng *rng)
{
    for (int i = 0; i < n; i++) {
        double square = 0;
        for (int f = 0; f < d; f++) {
            x[i * d + f] = rng_normal(rng);
            square += x[i * d + f] * x[i * d + f];
        }
        for (int f = 0; f < d && norm > 0; f++) x[i * d + f] *= norm / sqrt(square);
    }
}

Test(nn_dynamics, energy_never_rises)
{
    static double x[MOST_N];
    double xi[MOST], next[MOST], p[MOST];
    for (uint64_t seed = 0; seed < 200; seed++) {
        Rng rng = rng_stream(seed, "energy", 0);
        const Patterns s = {x, 1 + (int)rng_below(&rng, 40), 1 + (int)rng_below(&rng, 20), exp(rng_normal(&rng))};
        random_patterns(x, s.n, s.d, 0, &rng);
        random_patterns(xi, 1, s.d, 0, &rng);
        const double largest = dynamics_largest_norm(&s);
        double e = dynamics_energy(&s, xi, largest);
        for (int t = 0; t < 30; t++) {
            dynamics_update(next, p, &s, xi);
            memcpy(xi, next, sizeof xi);
            const double now = dynamics_energy(&s, xi, largest);
            cr_expect(now <= e + 1e-10, "seed %d: energy rises from %g to %g", (int)seed, e, now);
            cr_expect(now >= -1e-10 && now <= 2 * largest * largest + 1e-10, "seed %d: energy %g", (int)seed, now);
            e = now;
        }
    }
}

/* Numerically, J is the derivative of the update. */
Test(nn_dynamics, jacobian_is_derivative)
{
    static double x[MOST_N];
    double xi[MOST], up[MOST], down[MOST], p[MOST], f[MOST], j[MOST * MOST];
    const double step = 1e-6;
    Rng rng = rng_stream(3, "jacobian", 0);
    const Patterns s = {x, 9, 5, 1.3};
    random_patterns(x, s.n, s.d, 0, &rng);
    random_patterns(xi, 1, s.d, 0, &rng);
    dynamics_update(f, p, &s, xi);
    dynamics_jacobian(j, &s, p, f);
    for (int k = 0; k < s.d; k++) {
        const double old = xi[k];
        xi[k] = old + step, dynamics_update(up, p, &s, xi);
        xi[k] = old - step, dynamics_update(down, p, &s, xi);
        xi[k] = old;
        for (int r = 0; r < s.d; r++)
            cr_expect_float_eq(j[r * s.d + k], (up[r] - down[r]) / (2 * step), 1e-8, "J[%d, %d]", r, k);
    }
    double diagonal[9] = {0};
    diagonal[0] = 3, diagonal[4] = 7, diagonal[8] = 0.5;
    cr_expect_float_eq(dynamics_spectral_norm(diagonal, 3), 7, 1e-14);
}

/* Below β m_max² = 1 the update contracts: every start ends in the same place. */
Test(nn_dynamics, one_fixed_point_when_beta_is_small)
{
    static double x[MOST_N];
    double xi[MOST], first[MOST], scratch[2 * MOST];
    for (uint64_t seed = 0; seed < 20; seed++) {
        Rng rng = rng_stream(seed, "contraction", 0);
        Patterns s = {x, 20, 6, 1};
        random_patterns(x, s.n, s.d, 0, &rng);
        s.beta = 0.8 / pow(dynamics_largest_spread(&s, scratch), 2);
        for (int start = 0; start < 5; start++) {
            random_patterns(xi, 1, s.d, 10, &rng);
            dynamics_retrieve(xi, &s, 1e-13, 1000, scratch);
            if (start == 0) memcpy(first, xi, sizeof xi);
            cr_expect(distance(xi, first, s.d) < 1e-10, "seed %d: another fixed point", (int)seed);
        }
    }
}

/* A well separated pattern is stored: f maps its sphere into itself, contracts there, and what one update brings back is
 * within the theorem's bounds. */
Test(nn_dynamics, well_separated_patterns_are_retrieved)
{
    static double x[MOST_N];
    double xi[MOST], fixed[MOST], away[MOST], p[MOST], next[MOST], scratch[2 * MOST];
    int tried = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        Rng rng = rng_stream(seed, "retrieval", 0);
        const Patterns s = {x, 4 + (int)rng_below(&rng, 12), 8 + (int)rng_below(&rng, 24), 1};
        random_patterns(x, s.n, s.d, 3 + 3 * rng_uniform(&rng), &rng);
        const double largest = dynamics_largest_norm(&s), sphere = dynamics_sphere(&s, largest);
        for (int i = 0; i < s.n; i++) {
            const double separation = dynamics_separation(&s, i), *x_i = x + i * s.d;
            if (separation < dynamics_stored_threshold(&s, largest)) continue;
            tried++;
            memcpy(fixed, x_i, (size_t)s.d * sizeof *fixed);
            dynamics_retrieve(fixed, &s, 1e-15, 200, scratch);
            cr_expect(distance(fixed, x_i, s.d) <= sphere, "seed %d, %d: its fixed point", (int)seed, i);
            cr_expect(distance(fixed, x_i, s.d) <=
                      exp(1) * dynamics_retrieval_bound(&s, largest, separation, 0) + 1e-13);
            random_patterns(away, 1, s.d, sphere * rng_uniform(&rng), &rng);
            for (int f = 0; f < s.d; f++) xi[f] = x_i[f] + away[f];
            const double before = distance(xi, fixed, s.d);
            const double r = fmax(distance(xi, x_i, s.d), distance(fixed, x_i, s.d));
            dynamics_update(next, p, &s, xi);
            const double after = distance(next, fixed, s.d), rounding = 1e-13;
            cr_expect(distance(next, x_i, s.d) <= sphere + rounding, "seed %d, %d: left the sphere", (int)seed, i);
            cr_expect(after <= before + rounding, "seed %d, %d: no contraction", (int)seed, i);
            cr_expect(after <= dynamics_update_bound(&s, largest, separation, r, before) + rounding);
            cr_expect(distance(next, x_i, s.d) <= dynamics_retrieval_bound(&s, largest, separation, r) + rounding);
        }
    }
    cr_assert_gt(tried, 200, "%d patterns were well separated", tried);
    printf("# %d well separated patterns\n", tried);
}

Test(nn_dynamics, margin_bounds_the_error)
{
    static double x[MOST_N];
    double xi[MOST], p[MOST], next[MOST];
    for (uint64_t seed = 0; seed < 300; seed++) {
        Rng rng = rng_stream(seed, "margin", 0);
        const Patterns s = {x, 2 + (int)rng_below(&rng, 15), 2 + (int)rng_below(&rng, 15),
                            0.2 + 4 * rng_uniform(&rng)};
        random_patterns(x, s.n, s.d, 2, &rng);
        random_patterns(xi, 1, s.d, 3, &rng);
        double first = -INFINITY, second = -INFINITY;
        int nearest = 0;
        for (int i = 0; i < s.n; i++) {
            double score = 0;
            for (int f = 0; f < s.d; f++) score += x[i * s.d + f] * xi[f];
            if (score > first)
                second = first, first = score, nearest = i;
            else
                second = fmax(second, score);
        }
        dynamics_update(next, p, &s, xi);
        cr_expect(distance(next, x + nearest * s.d, s.d) <=
                      dynamics_margin_bound(&s, dynamics_largest_norm(&s), first - second) + 1e-12,
                  "seed %d", (int)seed);
    }
}

Test(nn_dynamics, entropy)
{
    const double even[] = {0.25, 0.25, 0.25, 0.25}, one[] = {0, 1, 0};
    cr_expect_float_eq(dynamics_entropy(even, 4), log(4), 1e-15);
    cr_expect_eq(dynamics_entropy(one, 3), 0);
}
