/* SPDX-License-Identifier: MIT */
#include "rival/enrichscan.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 64 /* cells */

/* Loops over cells alone, and of integers: the same bits on every level. */
#if defined __x86_64__ && defined __GLIBC__
#define VECTOR __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR
#endif

Status enrichscan_new(EnrichScan *s, int n_bag, int n_problem)
{
    *s = (EnrichScan){.n = n_bag, .n_word = (n_bag + 63) / 64, .n_problem = n_problem};
    for (int v = 0; v < KMERPROFILE_VIEWS; v++) s->scale[v] = NAN;
    const size_t words = (size_t)s->n_word + 1;
    s->problem = calloc((size_t)n_problem + 1, sizeof *s->problem);
    if (!s->problem) return fail(ERR_MEMORY, "no memory for %d tests of k-mers", n_problem);
    for (int p = 0; p < n_problem; p++) {
        EnrichProblem *own = &s->problem[p];
        own->member[0] = calloc(words, sizeof(uint64_t));
        own->member[1] = calloc(words, sizeof(uint64_t));
        own->bits = calloc(words * ENRICHSCAN_KEPT, sizeof(uint64_t));
        if (!own->member[0] || !own->member[1] || !own->bits)
            return fail(ERR_MEMORY, "no memory for %d tests of k-mers", n_problem);
    }
    return OK;
}

void enrichscan_free(EnrichScan *s)
{
    for (int p = 0; s->problem && p < s->n_problem; p++) {
        free(s->problem[p].member[0]);
        free(s->problem[p].member[1]);
        free(s->problem[p].bits);
    }
    free(s->problem);
    *s = (EnrichScan){0};
}

void enrichscan_add(EnrichScan *s, int problem, int bag, bool positive)
{
    EnrichProblem *p = &s->problem[problem];
    p->member[positive][bag / 64] |= (uint64_t)1 << (bag % 64);
    p->n_member[positive]++;
}

/* ---- the marks of a panel ---- */

typedef struct {
    EnrichScan *scan;
    const KmerPanel *panel;
    uint64_t *bits; /* [2, n_cell of a panel, n_word] */
    double *level;  /* [n_cell of a panel] of the second mark; 0: it has none */
    double *factor; /* [n] scale / total */
} Panel;

static uint64_t *bits_of(const Panel *p, int mark, int cell)
{
    return p->bits + ((size_t)mark * KMERBLOCKS_PANEL + (size_t)cell) * (size_t)p->scan->n_word;
}

/* Of r = count · scale / total, over all bags in their order. */
typedef struct {
    double sum[CHUNK], square[CHUNK];
} RateSums;

VECTOR static void sum_rates(RateSums *restrict out, const Panel *p, int first, int n)
{
    for (int c = 0; c < n; c++) out->sum[c] = out->square[c] = 0;
    for (int i = 0; i < p->scan->n; i++) {
        const uint32_t *count = p->panel->count + i * p->panel->stride + first;
        const double factor = p->factor[i];
        for (int c = 0; c < n; c++) {
            const double r = count[c] * factor;
            out->sum[c] += r;
            out->square[c] += r * r;
        }
    }
}

static double level_of(double sum, double square, int n)
{
    const double mean = sum / n, level = mean + ENRICHSCAN_DEVIATIONS * sqrt(fmax(square / n - mean * mean, 0));
    return level > 1 ? level : 0;
}

static void mark_cell(const Panel *p, int cell)
{
    const EnrichScan *s = p->scan;
    const uint32_t *count = p->panel->count + cell;
    uint64_t *occurs = bits_of(p, 0, cell), *often = bits_of(p, 1, cell);
    const double level = p->level[cell];
    memset(occurs, 0, (size_t)s->n_word * sizeof *occurs);
    memset(often, 0, (size_t)s->n_word * sizeof *often);
    for (int i = 0; i < s->n; i++) {
        const uint32_t c = count[i * p->panel->stride];
        occurs[i / 64] |= (uint64_t)(c > 0) << (i % 64);
        often[i / 64] |= (uint64_t)(c * p->factor[i] > level) << (i % 64);
    }
}

static void mark_cells(void *context, int chunk, int thread)
{
    const Panel *p = context;
    const int first = chunk * CHUNK, n = p->panel->n_cell - first < CHUNK ? p->panel->n_cell - first : CHUNK;
    RateSums sums;
    (void)thread;
    sum_rates(&sums, p, first, n);
    for (int c = 0; c < n; c++) {
        p->level[first + c] = level_of(sums.sum[c], sums.square[c], p->scan->n);
        mark_cell(p, first + c);
    }
}

/* ---- tests ---- */

static inline __attribute__((always_inline)) int common(const uint64_t *a, const uint64_t *b, int n_word)
{
    int n = 0;
    for (int w = 0; w < n_word; w++) n += __builtin_popcountll(a[w] & b[w]);
    return n;
}

/* 0 where no bag, or every one, is marked. */
static inline __attribute__((always_inline)) double test_mark(const EnrichProblem *p, const uint64_t *bits,
                                                              int n_word)
{
    const double n[2] = {p->n_member[0], p->n_member[1]};
    const int a = common(bits, p->member[1], n_word), b = common(bits, p->member[0], n_word);
    const double share = (a + b) / (n[0] + n[1]);
    if (share <= 0 || share >= 1 || n[0] == 0 || n[1] == 0) return 0;
    return (a / n[1] - b / n[0]) / sqrt(share * (1 - share) * (1 / n[0] + 1 / n[1]));
}

/* Does a come behind b? By |z|, then by cell and mark, so that the order does not depend on where a panel ends. */
static bool behind(const EnrichMark *a, const EnrichMark *b)
{
    if (fabs(a->z) != fabs(b->z)) return fabs(a->z) < fabs(b->z);
    return a->cell != b->cell ? a->cell > b->cell : a->level > b->level;
}

/* A heap whose top is the one to go next. */
static void sink(EnrichMark *heap, int n, int at)
{
    for (int child = 2 * at + 1; child < n; at = child, child = 2 * at + 1) {
        if (child + 1 < n && behind(&heap[child + 1], &heap[child])) child++;
        if (!behind(&heap[child], &heap[at])) return;
        const EnrichMark swap = heap[child];
        heap[child] = heap[at];
        heap[at] = swap;
    }
}

static void keep(EnrichProblem *p, EnrichMark mark, const uint64_t *bits, int n_word)
{
    const bool full = p->n_mark == ENRICHSCAN_KEPT;
    if (full && behind(&mark, &p->mark[0])) return;
    mark.slot = full ? p->mark[0].slot : p->n_mark;
    memcpy(p->bits + (size_t)mark.slot * (size_t)n_word, bits, (size_t)n_word * sizeof *bits);
    if (full) {
        p->mark[0] = mark;
        sink(p->mark, p->n_mark, 0);
        return;
    }
    p->mark[p->n_mark++] = mark;
    for (int at = p->n_mark / 2 - 1; p->n_mark == ENRICHSCAN_KEPT && at >= 0; at--) sink(p->mark, p->n_mark, at);
}

/* For the processor's own counting of bits. */
VECTOR static void test_panel(void *context, int chunk, int thread)
{
    const Panel *p = context;
    EnrichProblem *problem = &p->scan->problem[chunk];
    const int n_word = p->scan->n_word;
    (void)thread;
    for (int cell = 0; cell < p->panel->n_cell; cell++)
        for (int mark = 0; mark < (p->level[cell] > 0 ? 2 : 1); mark++) {
            const uint64_t *bits = bits_of(p, mark, cell);
            const double z = test_mark(problem, bits, n_word);
            if (z == 0) continue;
            keep(problem, (EnrichMark){.z = z, .cell = p->panel->first + cell, .level = mark ? p->level[cell] : 0},
                 bits, n_word);
        }
}

/* ---- all of it ---- */

static void set_factors(Panel *p, const KmerPanel *panel)
{
    EnrichScan *s = p->scan;
    double sum = 0;
    for (int i = 0; i < s->n; i++) sum += panel->total[i];
    s->scale[panel->view] = sum / s->n;
    for (int i = 0; i < s->n; i++) p->factor[i] = panel->total[i] > 0 ? s->scale[panel->view] / panel->total[i] : 0;
}

static Status scan_panel(void *context, const KmerPanel *panel)
{
    Panel *p = context;
    p->panel = panel;
    set_factors(p, panel);
    parallel_for((panel->n_cell + CHUNK - 1) / CHUNK, mark_cells, p);
    for (int cell = 0; cell < panel->n_cell; cell++) p->scan->n_tested += p->level[cell] > 0 ? 2 : 1;
    parallel_for(p->scan->n_problem, test_panel, p);
    return OK;
}

static int by_strength(const void *a, const void *b)
{
    return behind(a, b) ? 1 : behind(b, a) ? -1 : 0;
}

Status enrichscan_run(EnrichScan *s, KmerBlocks *blocks)
{
    const size_t words = (size_t)s->n_word;
    Panel p = {.scan = s,
               .bits = calloc(2 * KMERBLOCKS_PANEL * words + 1, sizeof *p.bits),
               .level = calloc(KMERBLOCKS_PANEL, sizeof *p.level),
               .factor = calloc((size_t)s->n + 1, sizeof *p.factor)};
    Status status = p.bits && p.level && p.factor ? OK : fail(ERR_MEMORY, "no memory for tests of k-mers");
    if (status == OK) status = kmerblocks_walk(blocks, scan_panel, &p);
    for (int k = 0; k < s->n_problem; k++)
        qsort(s->problem[k].mark, (size_t)s->problem[k].n_mark, sizeof *s->problem[k].mark, by_strength);
    free(p.bits), free(p.level), free(p.factor);
    return status;
}
