/* SPDX-License-Identifier: MIT */
#include "nn/layernorm.h"

#include <math.h>
#include <stdio.h>

#define EPS ((real)1e-5)

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

void layernorm_plan(LayerNormCache *c, int n_row_most, Arena *arena)
{
    c->mean = ARENA_TAKE(arena, real, (size_t)n_row_most);
    c->rstd = ARENA_TAKE(arena, real, (size_t)n_row_most);
}

static void moments(real *mean, real *rstd, const real *x, int n)
{
    real sum = 0, square = 0;
    for (int f = 0; f < n; f++) sum += x[f];
    *mean = sum / (real)n;
    for (int f = 0; f < n; f++) square += (x[f] - *mean) * (x[f] - *mean);
    *rstd = 1 / (real)sqrt((double)(square / (real)n + EPS));
}

void layernorm_forward(real *y, LayerNormCache *c, const LayerNorm *l, const real *theta, const real *x, int n_row)
{
    const real *w = l->affine ? theta + l->w_at : NULL, *b = l->affine ? theta + l->b_at : NULL;
    for (int i = 0; i < n_row; i++, x += l->n, y += l->n) {
        moments(&c->mean[i], &c->rstd[i], x, l->n);
        for (int f = 0; f < l->n; f++) y[f] = (x[f] - c->mean[i]) * c->rstd[i];
        for (int f = 0; w && f < l->n; f++) y[f] = y[f] * w[f] + b[f];
    }
}

/* forward was  y = xh w + b,  xh = (x - mean) rstd,  so with g = dy w
 * dx = rstd (g - mean(g) - xh mean(g xh))     dw += dy xh     db += dy */
static void row_backward(real *dx, real *dw, real *db, const real *w, const real *x, const real *dy, real mean,
                         real rstd, int n)
{
    real mean_g = 0, mean_gx = 0;
    for (int f = 0; f < n; f++) {
        const real xh = (x[f] - mean) * rstd, g = w ? dy[f] * w[f] : dy[f];
        mean_g += g;
        mean_gx += g * xh;
        if (!w) continue;
        dw[f] += dy[f] * xh;
        db[f] += dy[f];
    }
    mean_g /= (real)n;
    mean_gx /= (real)n;
    for (int f = 0; dx && f < n; f++) {
        const real xh = (x[f] - mean) * rstd, g = w ? dy[f] * w[f] : dy[f];
        dx[f] += rstd * (g - mean_g - xh * mean_gx);
    }
}

void layernorm_backward(real *dx, real *grad, const LayerNormCache *c, const LayerNorm *l, const real *theta,
                        const real *x, const real *dy, int n_row)
{
    const real *w = l->affine ? theta + l->w_at : NULL;
    real *dw = l->affine ? grad + l->w_at : NULL, *db = l->affine ? grad + l->b_at : NULL;
    for (int i = 0; i < n_row; i++) {
        const size_t at = (size_t)i * (size_t)l->n;
        row_backward(dx ? dx + at : NULL, dw, db, w, x + at, dy + at, c->mean[i], c->rstd[i], l->n);
    }
}
