/* SPDX-License-Identifier: MIT */
#include "nn/recall.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static double score(const RecallMemory *m, int i, const double *xi, const bool *known)
{
    const double *x = m->x + i * m->d;
    double sum = 0;
    for (Index j = 0; j < m->d; j++)
        if (!known || known[j]) sum += x[j] * (m->dot ? xi[j] : xi[j] - x[j] / 2);
    return sum;
}

/* p ← exp(β (s - max s)); returns max s. */
static double exponentials(double *p, const RecallMemory *m, const double *xi, const bool *known)
{
    double max = -INFINITY;
    for (int i = 0; i < m->n; i++) {
        p[i] = score(m, i, xi, known);
        max = fmax(max, p[i]);
    }
    for (int i = 0; i < m->n; i++) p[i] = exp(m->beta * (p[i] - max));
    return max;
}

static double sum_of(const double *p, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += p[i];
    return sum;
}

void recall_associate(double *p, const RecallMemory *m, const double *xi, const bool *known)
{
    exponentials(p, m, xi, known);
    const double sum = sum_of(p, m->n);
    for (int i = 0; i < m->n; i++) p[i] /= sum;
}

double recall_read(double *xi, const RecallMemory *m, const double *p, const bool *kept, double *next)
{
    double most = 0;
    memset(next, 0, (size_t)m->d * sizeof *next);
    for (int i = 0; i < m->n; i++) {
        if (p[i] == 0) continue;
        for (Index j = 0; j < m->d; j++) next[j] += p[i] * m->x[i * m->d + j];
    }
    for (Index j = 0; j < m->d; j++) {
        if (kept && kept[j]) continue;
        most = isnan(xi[j]) ? INFINITY : fmax(most, fabs(next[j] - xi[j]));
        xi[j] = next[j];
    }
    return most;
}

double recall_energy(const RecallMemory *m, const double *xi, double *scratch)
{
    double square = 0;
    const double max = exponentials(scratch, m, xi, NULL);
    for (Index j = 0; j < m->d; j++) square += xi[j] * xi[j];
    return square / 2 - max - log(sum_of(scratch, m->n)) / m->beta;
}
