/* SPDX-License-Identifier: MIT */
#include "nn/hopfield82.h"

#include <stddef.h>

/* The sign of a field; 0 keeps the old value. */
static int8_t sign(double field, int8_t old)
{
    return field > 0 ? 1 : field < 0 ? -1 : old;
}

void hopfield82_weights(double *w, const int8_t *x, int n, Index d)
{
    for (int j = 0; j < d; j++)
        for (int k = 0; k < d; k++) {
            int sum = 0;
            for (int mu = 0; mu < n; mu++) sum += x[mu * d + j] * x[mu * d + k];
            w[j * d + k] = j == k ? 0 : (double)sum / d;
        }
}

static double field(const double *w, const double *theta, const int8_t *s, int j, Index d)
{
    double sum = theta ? -theta[j] : 0;
    for (int k = 0; k < d; k++) sum += w[j * d + k] * s[k];
    return sum;
}

double hopfield82_energy(const double *w, const double *theta, const int8_t *s, Index d)
{
    double e = 0;
    for (int j = 0; j < d; j++) {
        e -= field(w, NULL, s, j, d) * s[j] / 2;
        if (theta) e += theta[j] * s[j];
    }
    return e;
}

int hopfield82_sweep(int8_t *s, const double *w, const double *theta, const int32_t *order, int n_order, Index d)
{
    int changed = 0;
    for (int t = 0; t < n_order; t++) {
        const int j = order[t];
        const int8_t now = sign(field(w, theta, s, j, d), s[j]);
        changed += now != s[j];
        s[j] = now;
    }
    return changed;
}

void hopfield82_step(int8_t *next, const double *w, const double *theta, const int8_t *s, Index d)
{
    for (int j = 0; j < d; j++) next[j] = sign(field(w, theta, s, j, d), s[j]);
}
