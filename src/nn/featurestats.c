/* SPDX-License-Identifier: MIT */
#include "nn/featurestats.h"

#include <math.h>

void featurestats(real *u, const Bag *bag, int n_feat)
{
    for (int f = 0; f < n_feat; f++) {
        double sum = 0;
        float max = NAN, min = NAN;
        for (Index i = 0; i < bag->n; i++) {
            const float x = bag->x[i * n_feat + f];
            sum += (double)x;
            max = i == 0 || x > max ? x : max;
            min = i == 0 || x < min ? x : min;
        }
        u[f] = (real)(sum / bag->n);
        u[n_feat + f] = (real)max;
        u[2 * n_feat + f] = (real)min;
    }
}
