/* SPDX-License-Identifier: MIT */
#include "nn/seqinput.h"

#include <math.h>

double seqinput_half(double x)
{
    int exponent;
    (void)frexp(x, &exponent); /* |x| = 0.5 … 1 · 2^exponent: 11 significant bits */
    const double quantum = ldexp(1, exponent - 11 > -24 ? exponent - 11 : -24);
    return nearbyint(x / quantum) * quantum;
}

/* The three features of position p, as NumPy's linspace(1, 0, l) makes t. */
static void place_features(real f[SEQINPUT_PLACES], int l, int p)
{
    const double t = l == 1 ? 1 : p == l - 1 ? 0 : 1 + p * (-1.0 / (l - 1));
    const double d = seqinput_half(2 * fabs(0.5 - t));
    const bool first_half = p < (l + 1) / 2;
    f[0] = first_half ? (real)d : 0;
    f[1] = first_half ? 0 : (real)d;
    f[2] = (real)seqinput_half(1 - d);
}

static void fill(SeqInput *in)
{
    for (int l = 0; l <= in->max_len; l++) {
        in->sum[l] = in->square[l] = 0;
        for (int p = 0; p < in->max_len; p++) {
            real *f = in->feature + (l * in->max_len + p) * SEQINPUT_PLACES;
            f[0] = f[1] = f[2] = 0;
            if (p >= l) continue;
            place_features(f, l, p);
            for (int k = 0; k < SEQINPUT_PLACES; k++) {
                in->sum[l] += (double)f[k];
                in->square[l] += (double)f[k] * (double)f[k];
            }
        }
    }
}

void seqinput_plan(SeqInput *in, Arena *arena, int max_len, bool position)
{
    const Index n = max_len + 1;
    *in = (SeqInput){.max_len = max_len, .position = position};
    in->place_at = ARENA_TAKE(arena, int, n + 1);
    if (!position) return;
    in->feature = ARENA_TAKE(arena, real, n * max_len * SEQINPUT_PLACES);
    in->sum = ARENA_TAKE(arena, double, n);
    in->square = ARENA_TAKE(arena, double, n);
    if (in->feature) fill(in);
}

int seqinput_number_rows(SeqInput *in, const bool *present)
{
    int row = 0;
    for (int l = 0; l <= in->max_len; l++) {
        in->place_at[l] = row;
        if (!present || present[l]) row += seqinput_places(l);
    }
    return in->place_at[in->max_len + 1] = row;
}

Index seqinput_max_rows(Index max_len)
{
    return 1 + max_len * (max_len + 1) / 2;
}

/* Sums over the sequences of one length: their number, factors and squared factors. An instance of weight w is w of them. */
typedef struct {
    double n, c, c2;
} LengthSums;

static LengthSums sums_of(const Bag *bag, int from, int to)
{
    LengthSums s = {to - from, to - from, to - from};
    if (!bag->factor && !bag->log_weight) return s;
    s = (LengthSums){0};
    for (int i = from; i < to; i++) {
        const double c = bag->factor ? (double)bag->factor[i] : 1,
                     w = bag->log_weight ? exp((double)bag->log_weight[i]) : 1;
        s.n += w;
        s.c += w * c;
        s.c2 += w * (c * c);
    }
    return s;
}

double seqinput_inverse_std(const SeqInput *in, const Bag *bag)
{
    double sum = 0, square = 0, residues = 0;
    for (int l = 0; l <= bag->max_len; l++) {
        const LengthSums s = sums_of(bag, bag->first[l], bag->first[l + 1]);
        const double n = s.n, c = s.c, c2 = s.c2;
        sum += c * l + (in->position ? n * in->sum[l] : 0);
        square += c2 * l + (in->position ? n * in->square[l] : 0);
        residues += n * l;
    }
    const double entries = (bag->pad_len ? (double)bag->n * bag->pad_len : residues) *
                           (SEQINPUT_LETTERS + (in->position ? SEQINPUT_PLACES : 0));
    if (entries < 2) return 1;
    const double variance = (square - sum * sum / entries) / (entries - 1);
    return variance > 0 ? 1 / sqrt(variance) : 1;
}
