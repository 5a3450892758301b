/* SPDX-License-Identifier: MIT
 *
 * A gene is one of those whose germline end agrees with the sequence for the most residues: of V the first four; a gene that
 * agrees in the fifth residue too has four times the weight. Most junctions begin with CASS, which many genes share.
 */
#include "data/simulate/trbgenes.h"
#include "data/simulate/trb_genes.h"

#include <stdbool.h>

enum { N_V_RESIDUE = 4, N_J_RESIDUE = 6, FIFTH = 4 };

BackgroundGenes trbgenes_names(const void *source)
{
    (void)source;
    return (BackgroundGenes){.n_v = TRB_N_V, .n_j = TRB_N_J, .v = trb_v_name, .j = trb_j_name};
}

static int agree_left(const int8_t *a, const int8_t *b, int n)
{
    int t = 0;
    while (t < n && a[t] == b[t]) t++;
    return t;
}

static int agree_right(const int8_t *a, const int8_t *b, int n)
{
    int t = 0;
    while (t < n && a[n - 1 - t] == b[n - 1 - t]) t++;
    return t;
}

static int choose(const double *weight, int n, Rng *rng)
{
    double sum = 0;
    int k = 0;
    for (int i = 0; i < n; i++) sum += weight[i];
    double u = sum * rng_uniform(rng);
    while (k < n - 1 && u >= weight[k]) u -= weight[k++];
    while (weight[k] == 0) k--; /* rounding */
    return k;
}

static int draw_v(const int8_t *codes, int len, Rng *rng)
{
    double weight[TRB_N_V];
    int agreed[TRB_N_V], most = 0;
    for (int g = 0; g < TRB_N_V; g++) {
        agreed[g] = agree_left(codes, trb_v_end[g], len < N_V_RESIDUE ? len : N_V_RESIDUE);
        if (agreed[g] > most) most = agreed[g];
    }
    for (int g = 0; g < TRB_N_V; g++) {
        const bool fifth = most == N_V_RESIDUE && len > FIFTH && codes[FIFTH] == trb_v_end[g][FIFTH];
        weight[g] = agreed[g] < most ? 0 : trb_v_weight[g] * (fifth ? 4 : 1);
    }
    return choose(weight, TRB_N_V, rng);
}

static int draw_j(const int8_t *codes, int len, Rng *rng)
{
    const int n = len < N_J_RESIDUE ? len : N_J_RESIDUE;
    double weight[TRB_N_J];
    int agreed[TRB_N_J], most = 0;
    for (int g = 0; g < TRB_N_J; g++) {
        agreed[g] = agree_right(codes + len - n, trb_j_end[g] + N_J_RESIDUE - n, n);
        if (agreed[g] > most) most = agreed[g];
    }
    for (int g = 0; g < TRB_N_J; g++) weight[g] = agreed[g] < most ? 0 : trb_j_weight[g];
    return choose(weight, TRB_N_J, rng);
}

void trbgenes_draw(int16_t gene[2], const int8_t *codes, int len, Rng *rng)
{
    gene[0] = (int16_t)draw_v(codes, len, rng);
    gene[1] = (int16_t)draw_j(codes, len, rng);
}
