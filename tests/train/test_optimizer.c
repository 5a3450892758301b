/* SPDX-License-Identifier: MIT */
#include "train/optimizer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define SUITE train_optimizer
static const double tolerance = sizeof(real) == 8 ? 1e-15 : 1e-6;

/* One tensor of n elements. */
static ParamList tensor(int n)
{
    ParamList list = {0};
    param_add(&list, "w", PARAM_CONSTANT, 0, PARAM_SHAPE(n));
    return list;
}

/* p = 1, g = 0.5, two steps with lr 0.1, β (0.9, 0.999), ε 1e-4, worked out by hand:
 *   t 1: m 0.05, v 2.5e-4; m̂ 0.5, √v̂ 0.5: p = 1 - 0.1 · 0.5/0.5001
 *   t 2, g = -0.25: m 0.02, v 3.1225e-4; m̂ 0.02/0.19, v̂ 3.1225e-4/1.999e-3 */
Test(SUITE, adam_by_hand)
{
    const OptimizerOptions o = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4};
    ParamList list = tensor(1);
    real p = 1, m = 0, v = 0, g = (real)0.5;
    OptimizerState s = {&m, &v, 0};
    optimizer_step(optimizer_type("adam"), &p, &s, &o, &g, &list);
    const double first = 1 - 0.1 * 0.5 / 0.5001;
    cr_assert_float_eq(p, first, tolerance);
    g = (real)-0.25;
    optimizer_step(optimizer_type("adam"), &p, &s, &o, &g, &list);
    const double second = first - 0.1 * (0.02 / 0.19) / (sqrt(3.1225e-4 / 1.999e-3) + 1e-4);
    cr_assert_float_eq(p, second, tolerance);
    cr_assert_eq(s.step, 2);
    param_free(&list);
}

/* Three steps of PyTorch 1.13 in double, lr 0.1 halved after each where `halved`; its weight_decay of Adam and SGD is our
 * l2. p and the gradients are those of `golden_start` and `golden_gradient`. */
#define N 5
static const double golden_start[N] = {1, -0.5, 0.25, 2, -3};
static const double golden_gradient[3][N] = {
    {0.5, -1, 0.125, 0, 2}, {-0.25, 0.75, 0.5, 1, -1.5}, {1, 0.25, -0.375, -2, 0.5}};
static const struct {
    const char *type;
    OptimizerOptions o;
    bool halved;
    double end[N];
} golden[] = {
    {"adam",
     {.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-4, .l2 = 0.25},
     false,
     {0.75673826719242743, -0.38224103439356938, 0.036328716110431605, 1.8079363788854816, -3.026490940756382}},
    {"adamw",
     {.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.3},
     false,
     {0.72958496142988161, -0.37105807869996976, 0.034738288010526391, 1.7874280154897741, -2.8515616979382101}},
    {"adamw",
     {.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.3, .clip_norm = 1.25},
     true,
     {0.82593676860161414, -0.38161878281317513, 0.090812928868902631, 1.8662230141709935, -2.9440047435706864}},
    {"sgd",
     {.l2 = 0.25},
     false,
     {0.80370312499999996, -0.46649218749999999, 0.20858203124999999, 1.9562187500000001, -2.8744531250000001}},
    {"sgd",
     {.l2 = 0.25, .momentum = 0.9},
     false,
     {0.678828125, -0.33542968750000002, 0.12673828125, 1.7379687499999998, -2.8800781249999998}},
    {"sgd",
     {.l2 = 0.25, .momentum = 0.9, .nesterov = true},
     false,
     {0.52356223437500005, -0.32907772656249995, 0.10227962109374998, 1.7327456562500001, -2.7612858593749996}},
    {"sgd",
     {.momentum = 0.9, .clip_norm = 1.25},
     true,
     {0.95276428756134468, -0.44679365778222824, 0.22145582707743516, 1.9821437314069743, -3.1197948718941917}},
};

Test(SUITE, steps_are_those_of_pytorch)
{
    ParamList list = tensor(N);
    for (size_t k = 0; k < sizeof golden / sizeof *golden; k++) {
        OptimizerOptions o = golden[k].o;
        real p[N], m[N] = {0}, v[N] = {0}, g[N];
        OptimizerState s = {m, v, 0};
        for (int i = 0; i < N; i++) p[i] = (real)golden_start[i];
        for (int t = 0; t < 3; t++) {
            for (int i = 0; i < N; i++) g[i] = (real)golden_gradient[t][i];
            o.lr = 0.1 * (golden[k].halved ? pow(0.5, t) : 1);
            if (o.clip_norm > 0) optimizer_clip(g, &list, o.clip_norm);
            optimizer_step(optimizer_type(golden[k].type), p, &s, &o, g, &list);
        }
        for (int i = 0; i < N; i++)
            cr_expect_float_eq(p[i], golden[k].end[i], 2 * tolerance, "%s, row %zu, p[%d]: %.17g", golden[k].type, k,
                               i, (double)p[i]);
    }
    param_free(&list);
}

/* Neither where an element lies in a run nor how long that is changes a bit: vector lanes and rests are alike. */
Test(SUITE, place_changes_no_bit)
{
    enum { MOST = 40 };
    for (const OptimizerType *const *type = optimizer_types; *type; type++) {
        const OptimizerOptions o = {.lr = 0.1,
                                    .beta1 = 0.8,
                                    .beta2 = 0.95,
                                    .eps = 1e-8,
                                    .weight_decay = 0.3,
                                    .l2 = 0.01,
                                    .momentum = 0.9,
                                    .nesterov = true};
        for (int n = 1; n <= MOST; n++) {
            ParamList all = tensor(n), one = tensor(1);
            real p[MOST], m[MOST], v[MOST], g[MOST], q[4];
            for (int i = 0; i < n; i++) {
                p[i] = (real)(0.1 * i - 1), m[i] = (real)sin(i), v[i] = (real)(0.01 + 0.3 * cos(i) * cos(i));
                g[i] = (real)cos(2 * i);
            }
            const int at = n * 5 % 7 % n;
            q[0] = p[at], q[1] = m[at], q[2] = v[at], q[3] = g[at];
            OptimizerState s = {m, v, 3}, s_one = {q + 1, q + 2, 3};
            optimizer_step(*type, p, &s, &o, g, &all);
            optimizer_step(*type, q, &s_one, &o, q + 3, &one);
            cr_assert(p[at] == q[0] && m[at] == q[1] && v[at] == q[2], "%s, %d of %d", (*type)->name, at, n);
            param_free(&all), param_free(&one);
        }
    }
}

/* ---- frozen tensors ---- */

/* b lies between a and c and is frozen: it stays, and a and c go where they would go without it. Their gradients are used
 * up, that of b nobody looks at. */
Test(SUITE, frozen_tensors_stay)
{
    for (const OptimizerType *const *type = optimizer_types; *type; type++) {
        const OptimizerOptions o = {
            .lr = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.3, .l2 = 0.01, .momentum = 0.5};
        ParamList with = {0}, without = {0};
        param_add(&with, "a", PARAM_CONSTANT, 0, PARAM_SHAPE(3));
        param_freeze(&with, param_add(&with, "b", PARAM_CONSTANT, 0, PARAM_SHAPE(2)));
        param_add(&with, "c", PARAM_CONSTANT, 0, PARAM_SHAPE(4));
        param_add(&without, "a", PARAM_CONSTANT, 0, PARAM_SHAPE(3));
        param_add(&without, "c", PARAM_CONSTANT, 0, PARAM_SHAPE(4));
        real p[9] = {1, 2, 3, 40, -50, 4, 5, 6, 7}, m[9] = {0}, v[9] = {0};
        real q[7] = {1, 2, 3, 4, 5, 6, 7}, m_q[7] = {0}, v_q[7] = {0};
        OptimizerState s = {m, v, 0}, s_q = {m_q, v_q, 0};
        for (int t = 0; t < 3; t++) {
            real g[9] = {1, -1, 2, 300, NAN, 3, 0, 1, -2}, g_q[7] = {1, -1, 2, 3, 0, 1, -2};
            const double l1 = optimizer_l1(g, p, &with, 0.1), l1_q = optimizer_l1(g_q, q, &without, 0.1);
            const double norm = optimizer_clip(g, &with, 2), norm_q = optimizer_clip(g_q, &without, 2);
            cr_assert(l1 == l1_q && norm == norm_q);
            optimizer_step(*type, p, &s, &o, g, &with);
            optimizer_step(*type, q, &s_q, &o, g_q, &without);
            for (int i = 0; i < 9; i++)
                cr_assert(i == 3 || i == 4 ? g[i] != 0 : g[i] == 0, "%s: %d", (*type)->name, i);
        }
        cr_assert(p[3] == 40 && p[4] == -50 && m[3] == 0 && m[4] == 0 && v[3] == 0 && v[4] == 0);
        for (int i = 0; i < 7; i++) cr_assert_eq(p[i < 3 ? i : i + 2], q[i], "%s: %d", (*type)->name, i);
        param_free(&with), param_free(&without);
    }
}

/* ---- penalties and clipping ---- */

Test(SUITE, clipping_keeps_the_direction)
{
    ParamList list = {0};
    param_add(&list, "a", PARAM_CONSTANT, 0, PARAM_SHAPE(9));
    param_add(&list, "b", PARAM_CONSTANT, 0, PARAM_SHAPE(2));
    real g[11] = {0};
    g[8] = 3, g[9] = -4; /* norm 5 over both tensors */
    cr_assert_float_eq(optimizer_clip(g, &list, 6), 5, tolerance);
    cr_assert(g[8] == 3 && g[9] == -4, "below the bound nothing changes");
    cr_assert_float_eq(optimizer_clip(g, &list, 1), 5, tolerance);
    cr_assert_float_eq(g[8], 0.6, 1e-6);
    cr_assert_float_eq(g[9], -0.8, 1e-6);
    cr_assert(g[0] == 0 && g[10] == 0);
    param_free(&list);
}

/* The coupled penalty enters the moments: with g = 0 and p = 2, l2 = 0.25 acts as g = 0.5. */
Test(SUITE, l2_is_coupled)
{
    OptimizerOptions o = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4, .l2 = 0.25};
    ParamList list = tensor(1);
    real p = 2, m = 0, v = 0, g = 0;
    OptimizerState s = {&m, &v, 0};
    optimizer_step(optimizer_type("adam"), &p, &s, &o, &g, &list);
    cr_assert_float_eq(p, 2 - 0.1 * 0.5 / 0.5001, tolerance);
    cr_assert_float_eq(m, 0.05, tolerance);
    param_free(&list);
}

/* Tensors of 2 and 4 elements: R₁ = ((1+3)/2 + (2+0+2+4)/4) / 2 = 2, gradient sign/(numel · 2), sign(0) = 0. */
Test(SUITE, l1_is_a_mean_of_means)
{
    ParamList list = {0};
    param_add(&list, "a", PARAM_CONSTANT, 0, PARAM_SHAPE(2));
    param_add(&list, "b", PARAM_CONSTANT, 0, PARAM_SHAPE(2, 2));
    const real theta[6] = {1, -3, 2, 0, -2, 4};
    const double want[6] = {0.1 / 4, -0.1 / 4, 0.1 / 8, 0, -0.1 / 8, 0.1 / 8};
    real grad[6] = {0};
    const double penalty = optimizer_l1(grad, theta, &list, 0.1);
    cr_assert_float_eq(penalty, 0.2, 1e-12);
    for (int i = 0; i < 6; i++) cr_assert_float_eq(grad[i], want[i], tolerance);
    param_free(&list);
}

/* A bowl: every kind in the table finds its bottom. */
Test(SUITE, every_kind_descends)
{
    for (const OptimizerType *const *type = optimizer_types; *type; type++) {
        const OptimizerOptions o = {.lr = 0.05, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
        ParamList list = tensor(2);
        real p[2] = {1, -2}, m[2] = {0}, v[2] = {0};
        OptimizerState s = {m, v, 0};
        for (int i = 0; i < 500; i++) {
            real g[2] = {2 * (p[0] - 3), 20 * (p[1] + 1)};
            optimizer_step(*type, p, &s, &o, g, &list);
        }
        cr_assert(fabs((double)p[0] - 3) < 0.05 && fabs((double)p[1] + 1) < 0.05, "%s ended at %g %g", (*type)->name,
                  (double)p[0], (double)p[1]);
        param_free(&list);
    }
    cr_assert_null(optimizer_type("nothing"));
}

/* A nonnegative tensor starts so, and a step that would make a number negative makes it 0; its neighbour goes on below. */
Test(SUITE, nonnegative)
{
    const OptimizerOptions o = {.lr = 1};
    ParamList list = {0};
    real p[8], m[8] = {0}, v[8] = {0}, g[8] = {1, 0, 1, 0, 1, 0, 1, 0};
    OptimizerState s = {m, v, 0};
    param_nonnegative(&list, param_add(&list, "a", PARAM_NORMAL, 0.6, PARAM_SHAPE(4)), 0.5);
    param_add(&list, "b", PARAM_NORMAL, 0.3, PARAM_SHAPE(4));
    param_start(&list, p, 3);
    const real first[8] = {p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]};
    for (int i = 0; i < 4; i++) cr_expect(p[i] > 0 && p[i] < 1);
    optimizer_step(optimizer_type("sgd"), p, &s, &o, g, &list);
    cr_expect(p[0] == 0 && p[1] == first[1] && p[2] == 0 && p[3] == first[3]);
    cr_expect(p[4] == first[4] - 1 && p[5] == first[5] && p[6] == first[6] - 1 && p[7] == first[7]);
    param_free(&list);
}
