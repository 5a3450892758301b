/* SPDX-License-Identifier: MIT
 *
 * test_layernorm.c: moments of what comes out, gradients against finite differences, rows without variance.
 */
#include "core/rng.h"
#include "nn/layernorm.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROWS = 7, MOST = 40 };

typedef struct {
    LayerNorm l;
    ParamList list;
    Arena arena;
    LayerNormCache c;
    real theta[2 * MOST], grad[2 * MOST], x[ROWS * MOST], dx[ROWS * MOST], y[ROWS * MOST], dy[ROWS * MOST];
} Rig;

static void rig_make(Rig *r, int n, bool affine)
{
    Rng rng = rng_stream(7, "layernorm", (uint64_t)n);
    memset(r, 0, sizeof *r);
    layernorm_init(&r->l, &r->list, "norm.", n, affine);
    cr_assert_eq(r->list.n, affine ? 2 : 0);
    if (affine) cr_assert_str_eq(r->list.param[1].name, "norm.bias");
    for (int pass = 0; pass < 2; pass++) {
        layernorm_plan(&r->c, ROWS, &r->arena);
        if (pass == 0) cr_assert_eq(arena_reserve(&r->arena, "a test"), OK);
    }
    for (int i = 0; i < 2 * n; i++) r->theta[i] = (real)rng_normal(&rng);
    for (int i = 0; i < ROWS * n; i++) r->x[i] = (real)(3 + 2 * rng_normal(&rng));
    for (int i = 0; i < ROWS * n; i++) r->dy[i] = (real)rng_normal(&rng);
    for (int f = 0; f < n; f++) r->x[2 * n + f] = 5; /* a row without variance */
}

static void rig_free(Rig *r)
{
    arena_free(&r->arena);
    param_free(&r->list);
}

static double loss(Rig *r)
{
    double sum = 0;
    layernorm_forward(r->y, &r->c, &r->l, r->theta, r->x, ROWS);
    for (int i = 0; i < ROWS * r->l.n; i++) sum += (double)r->dy[i] * (double)r->y[i];
    return sum;
}

static void check(Rig *r, real *at, double want, const char *what)
{
    const double step = 1e-5;
    const real old = *at;
    *at = old + (real)step;
    const double up = loss(r);
    *at = old - (real)step;
    const double down = loss(r);
    *at = old;
    const double slope = (up - down) / (2 * step);
    cr_expect(fabs(slope - want) <= 1e-7 * fmax(1, fabs(slope)), "%s: %g, not %g", what, want, slope);
}

Test(nn_layernorm, gradients)
{
    static const int widths[] = {1, 2, 5, MOST};
    if (!REAL_IS_DOUBLE) cr_skip_test("differences need double");
    for (int k = 0; k < 8; k++) {
        Rig r;
        rig_make(&r, widths[k / 2], k % 2);
        loss(&r);
        layernorm_backward(r.dx, r.grad, &r.c, &r.l, r.theta, r.x, r.dy, ROWS);
        for (size_t i = 0; i < r.list.size; i++) check(&r, &r.theta[i], (double)r.grad[i], "parameter");
        for (int i = 0; i < ROWS * r.l.n; i++)
            if (i / r.l.n != 2) check(&r, &r.x[i], (double)r.dx[i], "input");
        rig_free(&r);
    }
}

Test(nn_layernorm, moments)
{
    Rig r;
    rig_make(&r, MOST, false);
    loss(&r);
    for (int i = 0; i < ROWS; i++) {
        double mean = 0, square = 0;
        for (int f = 0; f < MOST; f++) mean += (double)r.y[i * MOST + f] / MOST;
        for (int f = 0; f < MOST; f++) square += pow((double)r.y[i * MOST + f], 2) / MOST;
        cr_expect_float_eq(mean, 0, 1e-5);
        cr_expect_float_eq(square, i != 2, 1e-4);
    }
    rig_free(&r);
}

/* Without variance the output is the bias, and the gradient is finite: 1/√eps is about 316. */
Test(nn_layernorm, no_variance)
{
    Rig r;
    rig_make(&r, 6, true);
    loss(&r);
    layernorm_backward(r.dx, r.grad, &r.c, &r.l, r.theta, r.x, r.dy, ROWS);
    for (int f = 0; f < 6; f++) {
        cr_expect_eq(r.y[12 + f], r.theta[r.l.b_at + (size_t)f]);
        cr_expect(isfinite(r.dx[12 + f]) && fabs((double)r.dx[12 + f]) < 1e4);
    }
    rig_free(&r);
}

/* Gradients are added to; dx may be left out. */
Test(nn_layernorm, adds)
{
    Rig a, b;
    rig_make(&a, 5, true), rig_make(&b, 5, true);
    loss(&a), loss(&b);
    for (int i = 0; i < ROWS * 5; i++) b.dx[i] = 1;
    for (int i = 0; i < 10; i++) b.grad[i] = 2;
    layernorm_backward(a.dx, a.grad, &a.c, &a.l, a.theta, a.x, a.dy, ROWS);
    layernorm_backward(b.dx, b.grad, &b.c, &b.l, b.theta, b.x, b.dy, ROWS);
    for (int i = 0; i < ROWS * 5; i++)
        if (i / 5 != 2) cr_expect_float_eq((double)(b.dx[i] - a.dx[i]), 1, 1e-4);
    for (int i = 0; i < 10; i++) cr_expect_float_eq((double)(b.grad[i] - a.grad[i]), 2, 1e-4);
    memset(b.grad, 0, sizeof b.grad);
    layernorm_backward(NULL, b.grad, &b.c, &b.l, b.theta, b.x, b.dy, ROWS);
    cr_expect_eq(memcmp(a.grad, b.grad, sizeof a.grad), 0);
    rig_free(&a), rig_free(&b);
}
