/* SPDX-License-Identifier: MIT */
#include "nn/layernorm.h"

#include <math.h>
#include <stdio.h>

#define EPS   ((real)1e-5)
#define LANES 8 /* partial sums: a fixed order that the compiler can vectorise */

void layernorm_init(LayerNorm *l, ParamList *list, const char *prefix, int n, bool affine)
{
    char name[88];
    *l = (LayerNorm){.n = n, .affine = affine};
    if (!affine) return;
    snprintf(name, sizeof name, "%sweight", prefix);
    l->w_at = param_add(list, name, PARAM_CONSTANT, 1, PARAM_SHAPE(n));
    snprintf(name, sizeof name, "%sbias", prefix);
    l->b_at = param_add(list, name, PARAM_CONSTANT, 0, PARAM_SHAPE(n));
}

void layernorm_plan(LayerNormCache *c, Index n_row_max, Arena *arena)
{
    c->mean = ARENA_TAKE(arena, real, n_row_max);
    c->rstd = ARENA_TAKE(arena, real, n_row_max);
}

static real total(const real *part)
{
    real sum = 0;
    for (int j = 0; j < LANES; j++) sum += part[j];
    return sum;
}

void layernorm_moments(real *mean, real *rstd, const real *x, int n)
{
    real sum[LANES] = {0}, square[LANES] = {0};
    const int whole = n / LANES * LANES;
    for (int f = 0; f < whole; f += LANES)
        for (int j = 0; j < LANES; j++) sum[j] += x[f + j];
    for (int f = whole; f < n; f++) sum[f - whole] += x[f];
    *mean = total(sum) / (real)n;
    for (int f = 0; f < whole; f += LANES)
        for (int j = 0; j < LANES; j++) square[j] += (x[f + j] - *mean) * (x[f + j] - *mean);
    for (int f = whole; f < n; f++) square[f - whole] += (x[f] - *mean) * (x[f] - *mean);
    *rstd = 1 / (real)sqrt((double)(total(square) / (real)n + EPS));
}

void layernorm_forward(real *y, LayerNormCache *c, const LayerNorm *l, const real *theta, const real *x, int n_row)
{
    const real *w = l->affine ? theta + l->w_at : NULL, *b = l->affine ? theta + l->b_at : NULL;
    for (int i = 0; i < n_row; i++, x += l->n, y += l->n) {
        layernorm_moments(&c->mean[i], &c->rstd[i], x, l->n);
        for (int f = 0; f < l->n; f++) y[f] = (x[f] - c->mean[i]) * c->rstd[i];
        for (int f = 0; w && f < l->n; f++) y[f] = y[f] * w[f] + b[f];
    }
}

/* forward was  y = xh w + b,  xh = (x - mean) rstd,  so with g = dy w
 * dx = rstd (g - mean(g) - xh mean(g xh))     dw += dy xh     db += dy */
static void row_backward(real *restrict dx, const real *w, const real *restrict x, const real *restrict dy, real mean,
                         real rstd, int n)
{
    real g_sum[LANES] = {0}, gx_sum[LANES] = {0};
    const int whole = n / LANES * LANES;
    for (int f = 0; f < whole; f += LANES)
        for (int j = 0; j < LANES; j++) {
            const real g = w ? dy[f + j] * w[f + j] : dy[f + j];
            g_sum[j] += g;
            gx_sum[j] += g * (x[f + j] - mean) * rstd;
        }
    for (int f = whole; f < n; f++) {
        const real g = w ? dy[f] * w[f] : dy[f];
        g_sum[0] += g;
        gx_sum[0] += g * (x[f] - mean) * rstd;
    }
    const real mean_g = total(g_sum) / (real)n, mean_gx = total(gx_sum) / (real)n;
    for (int f = 0; f < n; f++) {
        const real xh = (x[f] - mean) * rstd, g = w ? dy[f] * w[f] : dy[f];
        dx[f] += rstd * (g - mean_g - xh * mean_gx);
    }
}

static void affine_backward(real *restrict dw, real *restrict db, const real *restrict x, const real *restrict dy,
                            real mean, real rstd, int n)
{
    for (int f = 0; f < n; f++) {
        dw[f] += dy[f] * ((x[f] - mean) * rstd);
        db[f] += dy[f];
    }
}

void layernorm_backward(real *dx, real *grad, const LayerNormCache *c, const LayerNorm *l, const real *theta,
                        const real *x, const real *dy, int n_row)
{
    const real *w = l->affine ? theta + l->w_at : NULL;
    for (int i = 0; i < n_row; i++) {
        const Index at = i * l->n;
        if (dx) row_backward(dx + at, w, x + at, dy + at, c->mean[i], c->rstd[i], l->n);
        if (w) affine_backward(grad + l->w_at, grad + l->b_at, x + at, dy + at, c->mean[i], c->rstd[i], l->n);
    }
}
