/* SPDX-License-Identifier: MIT
 *
 * A sequence that m bags hold costs m² / 2 additions a set, which is little for most. Those that many bags hold are
 * collected as bits, bags × sequences, in order of n: all sequences of one n have the same weight, so that two bags need
 * the number of bits which both rows have, 64 a step.
 *
 * The order of additions to a cell follows from the list alone: batches end at fixed sequences, and one thread fills a gram.
 */
#include "rival/clonegram.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

#define MANY 8     /* sequences that more than 1 / MANY of the bags hold are collected */
#define MOST 65536 /* collected at a time, and up to a batch more */
#define TILE 16    /* bags whose rows stay in the cache */

#if defined __x86_64__ && defined __GLIBC__
#define POPCOUNT __attribute__((target_clones("popcnt", "default")))
#else
#define POPCOUNT
#endif

/* Sequences that the same number of bags of a set hold. */
typedef struct {
    int first, end; /* words of a row */
    double square;  /* of the weight */
} Level;

typedef struct {
    BagKernelSet *set;
    int n_set, n;
    double **square; /* [n_set][bags of the set + 1] weight² by how many hold the sequence */
    uint64_t **mask; /* [n_set][n_word] members of the set */
    const CloneReader *r;
    uint64_t *bits; /* [n_many, n_word] bags that hold a sequence, bit i of a row: member i */
    int n_many, n_word;
    Status *status; /* [n_set] */
} Gram;

int clonegram_count(const bool *member, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) count += member[i];
    return count;
}

/* ---- sequences that few bags hold ---- */

static bool is_many(const Gram *g, int m)
{
    return m > 64 && m > g->n / MANY;
}

static void add_pairs(double *gram, int n, const int *holder, int m, double square)
{
    for (int a = 0; a < m; a++) {
        double *row = gram + (size_t)holder[a] * (size_t)n;
        for (int b = 0; b <= a; b++) row[holder[b]] += square;
    }
}

static void add_batch(void *context, int s, int thread)
{
    const Gram *g = context;
    const bool *member = g->set[s].member;
    (void)thread;
    for (int i = 0; i < g->r->n; i++) {
        const int *holder = clonelist_members(g->r, i), m = clonelist_n(g->r, i);
        int n = 0;
        if (is_many(g, m)) continue;
        for (int a = 0; a < m; a++) n += member[holder[a]];
        if (g->square[s][n] > 0) add_pairs(g->set[s].gram, g->n, holder, m, g->square[s][n]);
    }
}

/* ---- sequences that many bags hold ---- */

static void collect(Gram *g)
{
    for (int i = 0; i < g->r->n; i++) {
        const int *holder = clonelist_members(g->r, i), m = clonelist_n(g->r, i);
        if (!is_many(g, m)) continue;
        uint64_t *row = g->bits + (size_t)g->n_many++ * (size_t)g->n_word;
        memset(row, 0, (size_t)g->n_word * sizeof *row);
        for (int a = 0; a < m; a++) row[holder[a] / 64] |= (uint64_t)1 << holder[a] % 64;
    }
}

POPCOUNT static void count_holders(int *out, const uint64_t *bits, const uint64_t *mask, int n, int n_word)
{
    for (int i = 0; i < n; i++) {
        int count = 0;
        for (int k = 0; k < n_word; k++)
            count += __builtin_popcountll(bits[(size_t)i * (size_t)n_word + (size_t)k] & mask[k]);
        out[i] = count;
    }
}

/* Σ over levels of weight² · bits that both rows have. */
static inline double compare_rows(const uint64_t *a, const uint64_t *b, const Level *level, int n_level)
{
    double sum = 0;
    for (int v = 0; v < n_level; v++) {
        int count = 0;
        for (int k = level[v].first; k < level[v].end; k++) count += __builtin_popcountll(a[k] & b[k]);
        sum += level[v].square * count;
    }
    return sum;
}

/* One set's bags × sequences. */
typedef struct {
    int *held;    /* [n_many] bags of the set that hold a sequence */
    int *place;   /* [n_many] its column; -1: no weight */
    Level *level; /* [n_level] */
    int n_level;
    uint64_t *row; /* [n, n_column] */
    int n_column;  /* words */
} Turned;

/* Columns of each level begin at a word. */
static Status lay_out(Turned *t, const Gram *g, int s)
{
    const int n_held = clonegram_count(g->set[s].member, g->n);
    int *count = calloc((size_t)n_held + 2, sizeof *count);
    t->level = malloc(((size_t)n_held + 2) * sizeof *t->level);
    if (!count || !t->level) {
        free(count);
        return ERR_MEMORY;
    }
    for (int i = 0; i < g->n_many; i++) count[t->held[i]]++;
    for (int v = 0; v <= n_held; v++) {
        const int n = g->square[s][v] > 0 ? count[v] : 0;
        count[v] = n ? 64 * t->n_column : -1;
        if (n) t->level[t->n_level++] = (Level){t->n_column, t->n_column + (n + 63) / 64, g->square[s][v]};
        t->n_column += (n + 63) / 64;
    }
    for (int i = 0; i < g->n_many; i++) t->place[i] = count[t->held[i]] < 0 ? -1 : count[t->held[i]]++;
    free(count);
    return OK;
}

static void turn(Turned *t, const Gram *g)
{
    for (int i = 0; i < g->n_many; i++) {
        const uint64_t *bits = g->bits + (size_t)i * (size_t)g->n_word;
        if (t->place[i] < 0) continue;
        uint64_t *column = t->row + t->place[i] / 64, bit = (uint64_t)1 << t->place[i] % 64;
        for (int k = 0; k < g->n_word; k++)
            for (uint64_t left = bits[k]; left; left &= left - 1)
                column[(size_t)(64 * k + __builtin_ctzll(left)) * (size_t)t->n_column] |= bit;
    }
}

POPCOUNT static void add_tile(double *gram, const Turned *t, int n, int i0, int k0)
{
    for (int i = i0; i < i0 + TILE && i < n; i++)
        for (int k = k0; k < k0 + TILE && k <= i; k++)
            gram[(size_t)i * (size_t)n + (size_t)k] +=
                compare_rows(t->row + (size_t)i * (size_t)t->n_column, t->row + (size_t)k * (size_t)t->n_column,
                             t->level, t->n_level);
}

static Status add_collected(const Gram *g, Turned *t, int s)
{
    t->held = malloc((size_t)g->n_many * sizeof *t->held);
    t->place = malloc((size_t)g->n_many * sizeof *t->place);
    if (!t->held || !t->place) return ERR_MEMORY;
    count_holders(t->held, g->bits, g->mask[s], g->n_many, g->n_word);
    if (lay_out(t, g, s) != OK) return ERR_MEMORY;
    t->row = calloc((size_t)g->n * (size_t)t->n_column + 1, sizeof *t->row);
    if (!t->row) return ERR_MEMORY;
    turn(t, g);
    for (int i = 0; i < g->n; i += TILE)
        for (int k = 0; k <= i; k += TILE) add_tile(g->set[s].gram, t, g->n, i, k);
    return OK;
}

static void add_set(void *context, int s, int thread)
{
    const Gram *g = context;
    Turned t = {0};
    (void)thread;
    g->status[s] = add_collected(g, &t, s);
    free(t.held);
    free(t.place);
    free(t.level);
    free(t.row);
}

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for inner products by shared sequences");
}

static Status add_all_collected(Gram *g)
{
    if (g->n_many == 0) return OK;
    parallel_for(g->n_set, add_set, g);
    for (int s = 0; s < g->n_set; s++)
        if (g->status[s] != OK) return no_memory();
    g->n_many = 0;
    return OK;
}

/* ---- all of it ---- */

static Status prepare_set(Gram *g, int s)
{
    const bool *member = g->set[s].member;
    const int n = clonegram_count(member, g->n);
    g->square[s] = calloc((size_t)g->n + 2, sizeof **g->square);
    g->mask[s] = calloc((size_t)g->n_word + 1, sizeof **g->mask);
    if (!g->square[s] || !g->mask[s]) return no_memory();
    for (int k = 2; k <= n; k++) g->square[s][k] = clonegram_weight(n, k) * clonegram_weight(n, k);
    for (int i = 0; i < g->n; i++)
        if (member[i]) g->mask[s][i / 64] |= (uint64_t)1 << i % 64;
    return OK;
}

static Status prepare(Gram *g)
{
    g->square = calloc((size_t)g->n_set + 1, sizeof *g->square);
    g->mask = calloc((size_t)g->n_set + 1, sizeof *g->mask);
    g->status = calloc((size_t)g->n_set + 1, sizeof *g->status);
    g->bits = malloc((size_t)(MOST + CLONELIST_BATCH) * (size_t)g->n_word * sizeof *g->bits);
    if (!g->square || !g->mask || !g->status || !g->bits) return no_memory();
    for (int s = 0; s < g->n_set; s++) TRY(prepare_set(g, s));
    return OK;
}

static void gram_free(Gram *g)
{
    for (int s = 0; s < g->n_set; s++) {
        if (g->square) free(g->square[s]);
        if (g->mask) free(g->mask[s]);
    }
    free(g->square);
    free(g->mask);
    free(g->status);
    free(g->bits);
}

static void mirror(double *gram, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) gram[(size_t)k * (size_t)n + (size_t)i] = gram[(size_t)i * (size_t)n + (size_t)k];
}

Status clonegram_fill(BagKernelSet *set, int n_set, const CloneList *list, int n, const StopFlag *stop)
{
    Gram g = {.set = set, .n_set = n_set, .n = n, .n_word = n / 64 + 1};
    CloneReader *r = NULL;
    Status status;
    TRY_DONE(prepare(&g));
    TRY_DONE(clonelist_open(&r, list));
    g.r = r;
    for (;;) {
        TRY_DONE(stop_check(stop, " while comparing bags"));
        TRY_DONE(clonelist_next(r));
        if (r->n == 0) break;
        parallel_for(n_set, add_batch, &g);
        collect(&g);
        if (g.n_many >= MOST) TRY_DONE(add_all_collected(&g));
    }
    TRY_DONE(add_all_collected(&g));
    for (int s = 0; s < n_set; s++) mirror(set[s].gram, n);
done:
    clonelist_close(r);
    gram_free(&g);
    return status;
}
