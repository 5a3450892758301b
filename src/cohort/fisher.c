/* SPDX-License-Identifier: MIT */
#include "cohort/fisher.h"

#include <math.h>
#include <stdlib.h>

static double log_choose(const double *lf, int n, int k)
{
    return lf[n] - lf[k] - lf[n - k];
}

/* The tail begins with its largest terms, or the sum is near 1; each term follows from the one before. */
double fisher_tail(int n1, int n0, int a, int m)
{
    const int high = m < n1 ? m : n1;
    double term = 1, sum = 1;
    for (int x = a; x < high; x++) {
        term *= (double)(n1 - x) * (m - x) / ((double)(x + 1) * (n0 - m + x + 1));
        sum += term;
        if (term < 1e-18 * sum) break;
    }
    return sum;
}

static double tail(const double *lf, int n1, int n0, int a, int m)
{
    const int low = m > n0 ? m - n0 : 0;
    if (a <= low) return 0;
    const double first = log_choose(lf, n1, a) + log_choose(lf, n0, m - a) - log_choose(lf, n1 + n0, m);
    const double value = -(first + log(fisher_tail(n1, n0, a, m))) / log(10);
    return value > 0 ? value : 0;
}

Status fisher_open(Fisher *out, int n1, int n0)
{
    *out = (Fisher){.n1 = n1, .n0 = n0};
    out->log_factorial = malloc(((size_t)n1 + (size_t)n0 + 1) * sizeof *out->log_factorial);
    out->kept = malloc((size_t)FISHER_KEPT * FISHER_KEPT * sizeof *out->kept);
    if (!out->log_factorial || !out->kept) {
        fisher_close(out);
        return fail(ERR_MEMORY, "no memory for Fisher's test of %d bags", n1 + n0);
    }
    out->log_factorial[0] = 0;
    for (int k = 1; k <= n1 + n0; k++) out->log_factorial[k] = out->log_factorial[k - 1] + log(k);
    for (int a = 0; a < FISHER_KEPT && a <= n1; a++)
        for (int b = 0; b < FISHER_KEPT && b <= n0; b++)
            out->kept[a * FISHER_KEPT + b] = tail(out->log_factorial, n1, n0, a, a + b);
    return OK;
}

void fisher_close(Fisher *f)
{
    free(f->log_factorial);
    free(f->kept);
    *f = (Fisher){0};
}

double fisher_enriched(const Fisher *f, int a, int b)
{
    if (a < FISHER_KEPT && b < FISHER_KEPT) return f->kept[a * FISHER_KEPT + b];
    return tail(f->log_factorial, f->n1, f->n0, a, a + b);
}

double fisher_signed(const Fisher *f, int a, int b)
{
    if ((double)a * f->n0 >= (double)b * f->n1) return fisher_enriched(f, a, b);
    return -tail(f->log_factorial, f->n0, f->n1, b, a + b);
}
