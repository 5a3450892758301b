/* SPDX-License-Identifier: MIT
 *
 * CellSums over bags go in the order of the bags, for each cell alone: neither threads nor blocks are seen in their bits.
 */
#include "rival/kmerscale.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCALE      1e5
#define CHUNK_BAGS BAGPRODUCT_LANES
#define CHUNK      250 /* cells */

/* Loops over cells alone: the same bits on every level. */
#if defined __x86_64__ && defined __GLIBC__
#define VECTOR __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR
#endif

/* ---- memory ---- */

static Status new_lists(KmerLists *l, size_t n_bag)
{
    const size_t panel = KMERBLOCKS_PANEL, entries = n_bag / KMERSCALE_SPARSE * panel + 1;
    l->cell = malloc(panel * sizeof *l->cell);
    l->start = malloc((panel + 1) * sizeof *l->start);
    l->bag = malloc(entries * sizeof *l->bag);
    l->x = malloc(entries * sizeof *l->x);
    l->of_bag = malloc((n_bag + 2) * sizeof *l->of_bag);
    l->entry = malloc(entries * sizeof *l->entry);
    l->position = malloc(entries * sizeof *l->position);
    l->mean = malloc(panel * sizeof *l->mean);
    l->inv_sd = malloc(panel * sizeof *l->inv_sd);
    const bool have = l->cell && l->start && l->bag && l->x && l->of_bag && l->entry && l->position && l->mean;
    return have && l->inv_sd ? OK : ERR_MEMORY;
}

Status kmerscale_new(KmerScale *out, int n)
{
    const size_t rows = (size_t)n + 1, panel = KMERBLOCKS_PANEL;
    *out = (KmerScale){.n = n, .view = -1};
    out->table = malloc(rows * KMERSCALE_TABLE * sizeof *out->table);
    out->row = malloc(rows * sizeof *out->row);
    out->dense = malloc(panel * sizeof *out->dense);
    out->x = malloc(rows * panel * sizeof *out->x);
    out->phi = malloc((rows + BAGPRODUCT_LANES) * panel * sizeof *out->phi);
    out->mean = malloc(panel * sizeof *out->mean);
    out->inv_sd = malloc(panel * sizeof *out->inv_sd);
    out->kept = malloc(panel * sizeof *out->kept);
    const bool have =
        out->table && out->row && out->dense && out->x && out->phi && out->mean && out->inv_sd && out->kept;
    if (new_lists(&out->lists, (size_t)n) == OK && have) return OK;
    kmerscale_free(out);
    return fail(ERR_MEMORY, "no memory for k-mers of %d bags", n);
}

void kmerscale_free(KmerScale *s)
{
    KmerLists *l = &s->lists;
    void *const owned[] = {s->table, s->row, s->dense, s->x,     s->phi,      s->mean, s->inv_sd, s->kept,  l->cell,
                           l->start, l->bag, l->x,     l->entry, l->position, l->mean, l->inv_sd, l->of_bag};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
    *s = (KmerScale){0};
}

static int chunks(int n, int size)
{
    return (n + size - 1) / size;
}

static int end_of(int chunk, int size, int n)
{
    return (chunk + 1) * size < n ? (chunk + 1) * size : n;
}

/* ---- x ---- */

double kmerscale_x(double count, double total)
{
    return total > 0 ? log1p(SCALE * count / total) : 0;
}

static void fill_table(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    (void)thread;
    for (int i = chunk * CHUNK_BAGS; i < end_of(chunk, CHUNK_BAGS, s->n); i++)
        for (int k = 0; k < KMERSCALE_TABLE; k++)
            s->table[(Index)i * KMERSCALE_TABLE + k] = kmerscale_x(k, s->panel->total[i]);
}

static double x_of(const KmerScale *s, int i, uint32_t count)
{
    return count < KMERSCALE_TABLE ? s->table[(Index)i * KMERSCALE_TABLE + count]
                                   : kmerscale_x(count, s->panel->total[i]);
}

VECTOR static void count_bags_of(int *restrict in_bags, const KmerPanel *panel, int first, int n)
{
    for (int c = 0; c < n; c++) in_bags[c] = 0;
    for (int i = 0; i < panel->n; i++) {
        const uint32_t *count = panel->count + i * panel->stride + first;
        for (int c = 0; c < n; c++) in_bags[c] += count[c] != 0;
    }
}

static void count_bags(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    const int first = chunk * CHUNK;
    (void)thread;
    count_bags_of(s->in_bags + first, s->panel, first, end_of(chunk, CHUNK, s->panel->n_cell) - first);
}

static void sort_cells(KmerScale *s)
{
    KmerLists *l = &s->lists;
    s->n_dense = l->n = l->start[0] = 0;
    for (int c = 0; c < s->panel->n_cell; c++) {
        if (s->in_bags[c] > s->n / KMERSCALE_SPARSE) {
            s->dense[s->n_dense++] = c;
        } else if (s->in_bags[c] > 0) {
            l->cell[l->n++] = c;
            l->start[l->n] = l->start[l->n - 1] + s->in_bags[c];
        }
    }
}

static void fill_x(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    (void)thread;
    for (int i = chunk * CHUNK_BAGS; i < end_of(chunk, CHUNK_BAGS, s->n); i++) {
        const uint32_t *count = s->panel->count + i * s->panel->stride;
        double *x = s->x + (Index)i * s->n_dense;
        for (int k = 0; k < s->n_dense; k++) x[k] = x_of(s, i, count[s->dense[k]]);
    }
}

/* Lists k of some cells. */
static void fill_lists(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    KmerLists *l = &s->lists;
    const int first = chunk * CHUNK, end = end_of(chunk, CHUNK, l->n);
    int at[CHUNK];
    (void)thread;
    for (int k = first; k < end; k++) at[k - first] = l->start[k];
    for (int i = 0; i < s->n; i++) {
        const uint32_t *count = s->panel->count + i * s->panel->stride;
        for (int k = first; k < end; k++) {
            const uint32_t own = count[l->cell[k]];
            if (own == 0) continue;
            l->bag[at[k - first]] = i;
            l->x[at[k - first]++] = x_of(s, i, own);
        }
    }
}

/* The lists' entries bag by bag. */
static void turn_lists(KmerLists *l, int n_bag)
{
    memset(l->of_bag, 0, ((size_t)n_bag + 2) * sizeof *l->of_bag);
    for (int e = 0; e < l->start[l->n]; e++) l->of_bag[l->bag[e] + 2]++;
    for (int i = 0; i < n_bag; i++) l->of_bag[i + 2] += l->of_bag[i + 1];
    for (int k = 0; k < l->n; k++)
        for (int e = l->start[k]; e < l->start[k + 1]; e++) { /* of_bag[i + 1] walks from the start of i to its end */
            const int to = l->of_bag[l->bag[e] + 1]++;
            l->entry[to] = e;
            l->position[to] = k;
        }
}

void kmerscale_panel(KmerScale *s, const KmerPanel *panel)
{
    const int n_chunk = chunks(s->n, CHUNK_BAGS);
    s->panel = panel;
    if (s->view != panel->view) parallel_for(n_chunk, fill_table, s);
    s->view = panel->view;
    parallel_for(chunks(panel->n_cell, CHUNK), count_bags, s);
    sort_cells(s);
    parallel_for(n_chunk, fill_x, s);
    parallel_for(chunks(s->lists.n, CHUNK), fill_lists, s);
    turn_lists(&s->lists, s->n);
}

/* ---- φ ---- */

#define ROWS 4 /* members whose x are added at once, one after the other: a fourth of the loads and stores of sums */

static const double *row_of(const KmerScale *s, int member, int first)
{
    return s->x + (Index)s->row[member] * s->n_dense + first;
}

static inline __attribute__((always_inline)) double min(double a, double b)
{
    return a < b ? a : b;
}

static inline __attribute__((always_inline)) double max(double a, double b)
{
    return a > b ? a : b;
}

typedef struct {
    double sum[CHUNK], low[CHUNK], high[CHUNK];
} CellSums;

/* Of n dense cells from `first` on. */
VECTOR static void sum_x(CellSums *restrict out, const KmerScale *s, int first, int n)
{
    int i = 0;
    for (int c = 0; c < n; c++) out->sum[c] = 0, out->low[c] = INFINITY, out->high[c] = -INFINITY;
    for (; i + ROWS <= s->n_member; i += ROWS) {
        const double *a = row_of(s, i, first), *b = row_of(s, i + 1, first), *d = row_of(s, i + 2, first),
                     *e = row_of(s, i + 3, first);
        for (int c = 0; c < n; c++) {
            out->sum[c] = out->sum[c] + a[c] + b[c] + d[c] + e[c];
            out->low[c] = min(out->low[c], min(min(a[c], b[c]), min(d[c], e[c])));
            out->high[c] = max(out->high[c], max(max(a[c], b[c]), max(d[c], e[c])));
        }
    }
    for (; i < s->n_member; i++) {
        const double *a = row_of(s, i, first);
        for (int c = 0; c < n; c++) {
            out->sum[c] += a[c];
            out->low[c] = min(out->low[c], a[c]);
            out->high[c] = max(out->high[c], a[c]);
        }
    }
}

static inline __attribute__((always_inline)) double square_of(double x)
{
    return x * x;
}

VECTOR static void sum_squares(double *restrict square, const KmerScale *s, int first, int n)
{
    const double *mean = s->mean + first;
    int i = 0;
    for (int c = 0; c < n; c++) square[c] = 0;
    for (; i + ROWS <= s->n_member; i += ROWS) {
        const double *a = row_of(s, i, first), *b = row_of(s, i + 1, first), *d = row_of(s, i + 2, first),
                     *e = row_of(s, i + 3, first);
        for (int c = 0; c < n; c++)
            square[c] = square[c] + square_of(a[c] - mean[c]) + square_of(b[c] - mean[c]) +
                        square_of(d[c] - mean[c]) + square_of(e[c] - mean[c]);
    }
    for (; i < s->n_member; i++) {
        const double *a = row_of(s, i, first);
        for (int c = 0; c < n; c++) square[c] += square_of(a[c] - mean[c]);
    }
}

static void find_moments(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    const int first = chunk * CHUNK, n = end_of(chunk, CHUNK, s->n_dense) - first;
    double square[CHUNK];
    CellSums sums;
    (void)thread;
    sum_x(&sums, s, first, n);
    for (int c = 0; c < n; c++) s->mean[first + c] = sums.sum[c] / s->n_member;
    sum_squares(square, s, first, n);
    for (int c = 0; c < n; c++)
        s->inv_sd[first + c] = sums.high[c] > sums.low[c] ? 1 / sqrt(square[c] / s->n_member) : 0;
}

static void list_moments(KmerScale *s, int k)
{
    KmerLists *l = &s->lists;
    double sum = 0, square = 0, low = INFINITY, high = 0;
    int n = 0;
    for (int e = l->start[k]; e < l->start[k + 1]; e++) {
        if (!s->member[l->bag[e]]) continue;
        sum += l->x[e];
        low = min(low, l->x[e]);
        high = max(high, l->x[e]);
        n++;
    }
    const double mean = sum / s->n_member;
    for (int e = l->start[k]; e < l->start[k + 1]; e++)
        if (s->member[l->bag[e]]) square += (l->x[e] - mean) * (l->x[e] - mean);
    square += (s->n_member - n) * mean * mean;
    l->mean[k] = mean;
    l->inv_sd[k] = n > 0 && (n < s->n_member || high > low) ? 1 / sqrt(square / s->n_member) : 0;
}

static void find_list_moments(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    (void)thread;
    for (int k = chunk * CHUNK; k < end_of(chunk, CHUNK, s->lists.n); k++) list_moments(s, k);
}

void kmerscale_set(KmerScale *s, const bool *member)
{
    s->member = member;
    s->n_kept = s->n_member = 0;
    for (int i = 0; i < s->n; i++)
        if (member[i]) s->row[s->n_member++] = i;
    parallel_for(chunks(s->n_dense, CHUNK), find_moments, s);
    parallel_for(chunks(s->lists.n, CHUNK), find_list_moments, s);
    for (int c = 0; c < s->n_dense; c++)
        if (s->inv_sd[c] > 0) s->kept[s->n_kept++] = c;
}

/* Of the bags that lie side by side: all of a cell at once, or a line of memory would come and go for each. */
static void fill_phi(void *context, int chunk, int thread)
{
    KmerScale *s = context;
    double *phi = s->phi + bagproduct_at(chunk * CHUNK_BAGS, 0, s->n_kept);
    const double *x = s->x + (Index)chunk * CHUNK_BAGS * s->n_dense;
    const int n = end_of(chunk, CHUNK_BAGS, s->n) - chunk * CHUNK_BAGS;
    (void)thread;
    if (n < CHUNK_BAGS) memset(phi, 0, (size_t)s->n_kept * CHUNK_BAGS * sizeof *phi);
    for (int k = 0; k < s->n_kept; k++, phi += CHUNK_BAGS) {
        const int c = s->kept[k];
        for (int i = 0; i < n; i++) phi[i] = (x[(Index)i * s->n_dense + c] - s->mean[c]) * s->inv_sd[c];
    }
}

void kmerscale_phi(KmerScale *s)
{
    parallel_for(chunks(s->n, CHUNK_BAGS), fill_phi, s);
}

/* ---- sums of φ ---- */

VECTOR static void add_row(double *restrict sum, const KmerScale *s, const double *restrict x, int first, int n,
                           double weight)
{
    const double *restrict mean = s->mean + first, *restrict inv_sd = s->inv_sd + first;
    for (int c = 0; c < n; c++) sum[c] += weight * ((x[c] - mean[c]) * inv_sd[c]);
}

void kmerscale_sum(double *sum, const KmerScale *s, const double *weight, int first, int n)
{
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int i = 0; i < s->n; i++)
        if (weight[i] != 0) add_row(sum, s, s->x + (Index)i * s->n_dense + first, first, n, weight[i]);
}
