/* SPDX-License-Identifier: MIT */
#include "rival/oddsprior.h"

#include <math.h>
#include <stdlib.h>

#define VALUES      ODDSPRIOR_VALUES
#define LEVELS      3 /* for each doubling */
#define ROUNDS      200
#define CHANGE      1e-7 /* of a share, below which EM ends */
#define FIRST_SHARE 1e-3 /* of each value but 0 */
#define NEUTRAL     1    /* sequences that every bag holds: what a few differ by is no depth */

static const double value[VALUES] = {-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3};

/* Sequences with the same a and s: how many, and how likely they are at each value, up to a factor. */
typedef struct {
    int s;
    size_t at; /* in count and weight */
    double n;
    double likely[VALUES];
} OddsCell;

static Status no_memory(int n)
{
    return fail(ERR_MEMORY, "no memory for the odds of sequences in %d bags", n);
}

Status oddsprior_open(OddsPrior *out, int n1, int n0)
{
    const int n = n1 + n0, most = n < ODDSPRIOR_MOST ? n : ODDSPRIOR_MOST;
    const size_t n_cell = (size_t)(most + 1) * (size_t)(most + 2) / 2;
    *out = (OddsPrior){.n1 = n1, .n0 = n0, .most = most};
    out->log_factorial = malloc(((size_t)n + 1) * sizeof *out->log_factorial);
    out->count = calloc(n_cell, sizeof *out->count);
    out->weight = calloc(n_cell, sizeof *out->weight);
    if (!out->log_factorial || !out->count || !out->weight) {
        oddsprior_close(out);
        return no_memory(n);
    }
    out->log_factorial[0] = 0;
    for (int k = 1; k <= n; k++) out->log_factorial[k] = out->log_factorial[k - 1] + log(k);
    return OK;
}

void oddsprior_close(OddsPrior *o)
{
    free(o->log_factorial), free(o->count), free(o->weight);
    *o = (OddsPrior){0};
}

static size_t cell_of(const OddsPrior *o, int a, int b)
{
    int64_t s = (int64_t)a + b, share = a;
    if (s > o->most) {
        share = (share * o->most + s / 2) / s;
        s = o->most;
    }
    return (size_t)(s * (s + 1) / 2 + share);
}

void oddsprior_add(OddsPrior *o, int a, int b)
{
    if (a + b >= ODDSPRIOR_LEAST) o->count[cell_of(o, a, b)]++;
}

double oddsprior_weight(const OddsPrior *o, int a, int b)
{
    return a + b < ODDSPRIOR_LEAST ? 0 : o->weight[cell_of(o, a, b)];
}

double oddsprior_excess(const OddsPrior *o, int a, int b, double weight)
{
    const double ratio = exp(weight);
    return (a + b) / (o->n1 * o->depth * ratio + o->n0) * (ratio - 1);
}

/* ---- learning ---- */

static int level_of(int s)
{
    return (int)lround(LEVELS * log2(s));
}

/* ln C(n1, a) C(n0, s - a) */
static double log_ways(const OddsPrior *o, int s, int a)
{
    const double *lf = o->log_factorial;
    return lf[o->n1] - lf[a] - lf[o->n1 - a] + lf[o->n0] - lf[s - a] - lf[o->n0 - (s - a)];
}

/* ln of the sum over a of C(n1, a) C(n0, s - a) e^(d a). */
static double log_total(const OddsPrior *o, int s, double d)
{
    const int low = s > o->n0 ? s - o->n0 : 0, high = s < o->n1 ? s : o->n1;
    double most = -INFINITY, sum = 0;
    for (int a = low; a <= high; a++) most = fmax(most, log_ways(o, s, a) + d * a);
    for (int a = low; a <= high; a++) sum += exp(log_ways(o, s, a) + d * a - most);
    return most + log(sum);
}

/* Adds those of s; the number of cells. */
static int cells_of(OddsCell *cell, const OddsPrior *o, int s)
{
    const size_t row = (size_t)s * (size_t)(s + 1) / 2;
    double total[VALUES];
    int n = 0;
    for (int a = 0; a <= s; a++) {
        if (!o->count[row + (size_t)a]) continue;
        if (n == 0)
            for (int d = 0; d < VALUES; d++) total[d] = log_total(o, s, value[d] + log(o->depth));
        OddsCell *c = &cell[n++];
        double most = -INFINITY;
        *c = (OddsCell){.s = s, .at = row + (size_t)a, .n = o->count[row + (size_t)a]};
        for (int d = 0; d < VALUES; d++) most = fmax(most, c->likely[d] = value[d] * a - total[d]);
        for (int d = 0; d < VALUES; d++) c->likely[d] = exp(c->likely[d] - most);
    }
    return n;
}

/* The next share of each value; the largest change. */
static double step(double share[VALUES], const OddsCell *cell, int n_cell, double n)
{
    double next[VALUES] = {0}, change = 0;
    for (int k = 0; k < n_cell; k++) {
        double sum = 0;
        for (int d = 0; d < VALUES; d++) sum += share[d] * cell[k].likely[d];
        for (int d = 0; d < VALUES; d++) next[d] += cell[k].n / n * share[d] * cell[k].likely[d] / sum;
    }
    for (int d = 0; d < VALUES; d++) {
        change = fmax(change, fabs(next[d] - share[d]));
        share[d] = next[d];
    }
    return change;
}

static void learn_level(OddsPrior *o, const OddsCell *cell, int n_cell)
{
    double share[VALUES], n = 0;
    for (int d = 0; d < VALUES; d++) share[d] = value[d] == 0 ? 1 - (VALUES - 1) * FIRST_SHARE : FIRST_SHARE;
    for (int k = 0; k < n_cell; k++) n += cell[k].n;
    for (int round = 0; round < ROUNDS && step(share, cell, n_cell, n) > CHANGE; round++) {
    }
    for (int k = 0; k < n_cell; k++) {
        double sum = 0, mean = 0;
        for (int d = 0; d < VALUES; d++) {
            sum += share[d] * cell[k].likely[d];
            mean += share[d] * cell[k].likely[d] * value[d];
        }
        o->weight[cell[k].at] = mean / sum;
    }
}

/* ---- what depth explains ---- */

/* Adds how many sequences of these cells a bag of the other class holds, and one of the class that is as deep. */
static void add_held(double held[2], const OddsPrior *o, const OddsCell *cell, int n_cell)
{
    for (int k = 0; k < n_cell; k++) {
        const double odds = exp(o->weight[cell[k].at]), other = cell[k].s / (o->n1 * o->depth * odds + o->n0);
        held[0] += cell[k].n * other;
        held[1] += cell[k].n * other * odds;
    }
}

static void take_off(OddsPrior *o, const OddsCell *cell, int n_cell, double shift)
{
    for (int k = 0; k < n_cell; k++) {
        double *weight = &o->weight[cell[k].at];
        *weight -= shift;
        if (fabs(*weight) < ODDSPRIOR_SMALLER) *weight = 0;
    }
}

static double shift_of(const OddsPrior *o, const double held[2])
{
    const double shift = log(held[1] / held[0]), most = fabs(log(o->depth));
    return fmin(fmax(shift, -most), most);
}

/* Each level has a shift of its own, that of all levels where it has few sequences. */
static void centre(OddsPrior *o, const OddsCell *cell, int n_cell)
{
    double all[2] = {NEUTRAL, NEUTRAL};
    add_held(all, o, cell, n_cell);
    for (int first = 0, end; first < n_cell; first = end) {
        double held[2] = {NEUTRAL, NEUTRAL * (all[1] / all[0])};
        for (end = first; end < n_cell && level_of(cell[end].s) == level_of(cell[first].s);) end++;
        add_held(held, o, cell + first, end - first);
        take_off(o, cell + first, end - first, shift_of(o, held));
    }
}

Status oddsprior_learn(OddsPrior *o, double depth)
{
    o->depth = depth;
    int n = 0, n_cell = 0;
    for (int s = ODDSPRIOR_LEAST; s <= o->most; s++)
        for (int a = 0; a <= s; a++) n += o->count[(size_t)s * (size_t)(s + 1) / 2 + (size_t)a] > 0;
    OddsCell *cell = malloc(((size_t)n + 1) * sizeof *cell);
    if (!cell) return no_memory(o->n1 + o->n0);
    for (int s = ODDSPRIOR_LEAST; s <= o->most;) {
        const int level = level_of(s), first = n_cell;
        for (; s <= o->most && level_of(s) == level; s++) n_cell += cells_of(cell + n_cell, o, s);
        learn_level(o, cell + first, n_cell - first);
    }
    centre(o, cell, n_cell);
    free(cell);
    return OK;
}
