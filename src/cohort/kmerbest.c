/* SPDX-License-Identifier: MIT
 *
 * |z| grows with |t|, all tests of a training part have the same degrees of freedom, and |z| < |t|: t alone orders the k-mers,
 * and z is computed of few. Beside tests of presence, which have no t, candidates are ordered by z.
 */
#include "cohort/kmerbest.h"
#include "cohort/kmerstat.h"

#include <math.h>
#include <stdlib.h>

#define MIN_T   1.9599 /* no threshold is below that of one test */
#define MIN_Z   3.5    /* nor one of a false discovery rate, of at most KMERS_MAX of many */
#define SCORE_Z 3.0    /* exact tests are not needed below */

typedef struct {
    KmerBest *best;
    const KmerBags *bags;
    const KmerSums *sums;
    const KmerMask *mask;
    int number;
} Testing;

int kmerbest_order(const void *a, const void *b)
{
    return kmercover_order(a, b);
}

static void keep(KmerBest *best, const KmerCandidate *candidate)
{
    best->candidate[best->n++] = *candidate;
    if (best->n < KMERBEST_KEPT) return;
    qsort(best->candidate, KMERBEST_KEPT, sizeof *best->candidate, kmerbest_order);
    best->n = KMERCOVER_CANDIDATES;
    const double t = best->candidate[KMERCOVER_CANDIDATES - 1].t;
    best->bar = t * t * (1 - 1e-12); /* equal ones may have a lower number */
}

/* sum: Σ v - v0 over all bags. */
static KmerCandidate candidate(const Testing *w, int cell, int k, double sum, double t)
{
    return (KmerCandidate){.t = t,
                           .mask = w->number,
                           .cell = cell,
                           .number = w->mask->first + cell,
                           .test = k,
                           .total = kmercount_total(sum, w->sums->square[cell])};
}

/* Occurrences: t² = sxy²/sxx / s², compared without division. */
static void test_frequency(const Testing *w, int cell, int k, double sum)
{
    const KmerTest *test = &w->bags->test[k];
    const KmerSums *s = w->sums;
    KmerBest *best = w->best;
    const int n = w->bags->n;
    const double own = s->sum[(size_t)test->column * (size_t)w->mask->n_cell + (size_t)cell];
    const double sxy = own - test->share * sum, syy = s->square[cell] - sum * sum / n;
    const double explained = sxy * sxy / test->sxx, rest = (syy - explained) / (n - 2);
    const double variance = rest > KMERSTAT_FLOOR ? rest : KMERSTAT_FLOOR;
    best->n_tested++;
    if (explained > best->largest * variance) best->largest = explained / variance;
    if (explained <= best->bar * variance) return;
    const double t = kmerstat_t(sxy, test->sxx, syy, n);
    const KmerCandidate found = candidate(w, cell, k, sum, w->bags->presence ? kmerstat_z(t, n - 2) : t);
    keep(best, &found);
}

/* The exact test is made where the score z, that of a normal distribution, is not small. */
static void test_presence(const Testing *w, int cell, int k, double sum)
{
    const KmerTest *test = &w->bags->test[k];
    const double *held_at = w->sums->held + cell, n = w->bags->n;
    const size_t n_cell = (size_t)w->mask->n_cell;
    KmerBest *best = w->best;
    double held = 0;
    for (int column = 0; column < w->sums->n_column; column++) held += held_at[(size_t)column * n_cell];
    if (held < test->least || held > test->most) return;
    const double held_in = held_at[(size_t)test->column * n_cell];
    const double more = held_in - held * test->share, variance = held * (1 - held / n) * test->sxx / n;
    best->n_tested++;
    if (more * more < SCORE_Z * SCORE_Z * variance) return;
    const double z = kmerstat_presence((int)held_in, test->n_in, (int)held, w->bags->n);
    best->largest_presence = fmax(best->largest_presence, z * z);
    if (z * z <= best->bar) return;
    const KmerCandidate found = candidate(w, cell, k, sum, z);
    keep(best, &found);
}

void kmerbest_test(KmerBest *best, const KmerBags *bags, const KmerSums *sums, const KmerMask *mask, int number)
{
    const Testing w = {best, bags, sums, mask, number};
    const size_t n_cell = (size_t)mask->n_cell;
    const double least = bags->presence && !(bags->in->min_z > 0) ? MIN_Z : MIN_T;
    best->bar = least * least;
    for (size_t cell = 0; cell < n_cell; cell++) {
        double sum = 0;
        if (!(sums->square[cell] > 0)) continue;
        for (int column = 0; column < (sums->labelled ? 1 : sums->n_column); column++)
            sum += sums->sum[(size_t)column * n_cell + cell];
        for (int k = 0; k < bags->n_test; k++)
            (bags->test[k].presence ? test_presence : test_frequency)(&w, (int)cell, k, sum);
    }
}
