/* SPDX-License-Identifier: MIT
 *
 * Sums over bags go in the order of the bags, for each cell alone: neither threads nor panels are seen in their bits.
 */
#include "rival/kmerscale.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>

#define SCALE      1e5
#define CHUNK_BAGS 8
#define CHUNK      250 /* cells */

Status kmerscale_new(KmerScale *out, int n)
{
    const size_t rows = (size_t)n + 1, panel = KMERBLOCKS_PANEL;
    *out = (KmerScale){.n = n, .view = -1};
    out->table = malloc(rows * KMERSCALE_TABLE * sizeof *out->table);
    out->x = malloc(rows * panel * sizeof *out->x);
    out->phi = malloc(rows * panel * sizeof *out->phi);
    out->mean = malloc(panel * sizeof *out->mean);
    out->inv_sd = malloc(panel * sizeof *out->inv_sd);
    out->kept = malloc(panel * sizeof *out->kept);
    if (out->table && out->x && out->phi && out->mean && out->inv_sd && out->kept) return OK;
    kmerscale_free(out);
    return fail(ERR_MEMORY, "no memory for k-mers of %d bags", n);
}

void kmerscale_free(KmerScale *s)
{
    free(s->table);
    free(s->x);
    free(s->phi);
    free(s->mean);
    free(s->inv_sd);
    free(s->kept);
    *s = (KmerScale){0};
}

double kmerscale_x(double count, double total)
{
    return total > 0 ? log1p(SCALE * count / total) : 0;
}

/* ---- x ---- */

static int chunks(int n, int size)
{
    return (n + size - 1) / size;
}

static int end_of(int chunk, int size, int n)
{
    return (chunk + 1) * size < n ? (chunk + 1) * size : n;
}

static void fill_table(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    (void)thread;
    for (int i = chunk * CHUNK_BAGS; i < end_of(chunk, CHUNK_BAGS, s->n); i++)
        for (int k = 0; k < KMERSCALE_TABLE; k++)
            s->table[i * KMERSCALE_TABLE + k] = kmerscale_x(k, s->panel->total[i]);
}

static void fill_x(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    (void)thread;
    for (int i = chunk * CHUNK_BAGS; i < end_of(chunk, CHUNK_BAGS, s->n); i++) {
        const uint32_t *count = s->panel->count + i * s->panel->stride;
        const double *table = s->table + (Index)i * KMERSCALE_TABLE;
        double *x = s->x + (Index)i * KMERBLOCKS_PANEL;
        for (int c = 0; c < s->panel->n_cell; c++)
            x[c] = count[c] < KMERSCALE_TABLE ? table[count[c]] : kmerscale_x(count[c], s->panel->total[i]);
    }
}

void kmerscale_panel(KmerScale *s, const KmerPanel *panel)
{
    const int n_chunk = chunks(s->n, CHUNK_BAGS);
    s->panel = panel;
    if (s->view != panel->view) parallel_for(n_chunk, fill_table, s);
    s->view = panel->view;
    parallel_for(n_chunk, fill_x, s);
}

/* ---- φ ---- */

/* Of the cells first … end - 1. */
static void sum_x(double *sum, double *low, double *high, const KmerScale *s, int first, int end)
{
    bool begun = false;
    for (int c = first; c < end; c++) sum[c - first] = low[c - first] = high[c - first] = 0;
    for (int i = 0; i < s->n; i++) {
        const double *x = s->x + (Index)i * KMERBLOCKS_PANEL + first;
        if (!s->member[i]) continue;
        for (int c = 0; c < end - first; c++) {
            sum[c] += x[c];
            low[c] = begun && low[c] < x[c] ? low[c] : x[c];
            high[c] = begun && high[c] > x[c] ? high[c] : x[c];
        }
        begun = true;
    }
}

static void sum_squares(double *square, const KmerScale *s, int first, int end)
{
    for (int c = first; c < end; c++) square[c - first] = 0;
    for (int i = 0; i < s->n; i++) {
        const double *x = s->x + (Index)i * KMERBLOCKS_PANEL + first;
        if (!s->member[i]) continue;
        for (int c = 0; c < end - first; c++) square[c] += (x[c] - s->mean[first + c]) * (x[c] - s->mean[first + c]);
    }
}

static void find_moments(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    const int first = chunk * CHUNK, end = end_of(chunk, CHUNK, s->panel->n_cell);
    double sum[CHUNK], low[CHUNK], high[CHUNK];
    int n = 0;
    (void)thread;
    for (int i = 0; i < s->n; i++) n += s->member[i];
    sum_x(sum, low, high, s, first, end);
    for (int c = first; c < end; c++) s->mean[c] = n > 0 ? sum[c - first] / n : 0;
    sum_squares(sum, s, first, end);
    for (int c = first; c < end; c++)
        s->inv_sd[c] = high[c - first] > low[c - first] ? 1 / sqrt(sum[c - first] / n) : 0;
}

static void fill_phi(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    (void)thread;
    for (int i = chunk * CHUNK_BAGS; i < end_of(chunk, CHUNK_BAGS, s->n); i++) {
        const double *x = s->x + (Index)i * KMERBLOCKS_PANEL;
        double *phi = s->phi + (Index)i * s->n_kept;
        for (int k = 0; k < s->n_kept; k++) phi[k] = (x[s->kept[k]] - s->mean[s->kept[k]]) * s->inv_sd[s->kept[k]];
    }
}

void kmerscale_set(KmerScale *s, const bool *member)
{
    s->member = member;
    s->n_kept = 0;
    parallel_for(chunks(s->panel->n_cell, CHUNK), find_moments, s);
    for (int c = 0; c < s->panel->n_cell; c++)
        if (s->inv_sd[c] > 0) s->kept[s->n_kept++] = c;
    parallel_for(chunks(s->n, CHUNK_BAGS), fill_phi, s);
}
