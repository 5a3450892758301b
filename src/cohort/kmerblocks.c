/* SPDX-License-Identifier: MIT
 *
 * A bag's view is counted in memory of the thread, which stays in the second cache (640 KB), and kept in 16 bits: a block
 * holds twice the cells, and bags are looked at half as often. The work of a bag is cut by views, so that a single bag in
 * memory keeps all threads busy. A view with three fixed places is not counted where one with four has the same windows in
 * the same block: its counts are sums of the other's, which saves 5 of 11 views of `gapped`.
 */
#include "cohort/kmerblocks.h"
#include "cohort/kmerstore.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "data/bagfile/cache.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_OF_3 (KMER_LETTERS * KMER_LETTERS * KMER_LETTERS)
#define SLOT_BYTES ((int64_t)256 << 20) /* of bags that are not held, read to be counted together */

struct KmerBlocks {
    KmerBlocksSetup in;
    const KmerProfile *profile;
    Cache *cache;
    bool borrowed; /* the cache */
    int n;
    int *member;                 /* [n] */
    int n_slot;                  /* bags read at once where not all are held */
    int from, end;               /* cells of the block */
    KmerStore store;             /* [n, end - from] */
    double *total;               /* [n_view, n] */
    int head[KMERPROFILE_VIEWS]; /* view that a view's counts are sums of; -1: none */
    uint32_t *scratch;           /* [threads, KMER_CELLS + CELLS_OF_3] counts of a view, and sums of them */
    const Bag **bag;             /* [n] of the batch at work */
    int first, n_now;            /* that batch */
    int at;                      /* first cell of the panel */
    uint32_t *panel;             /* [n, KMERBLOCKS_PANEL] */
};

Status kmerblocks_check(const BagFile *file)
{
    const BagSpec *spec = bagfile_spec(file);
    if (spec->kind != BAG_SEQUENCES)
        return fail(ERR_FORMAT, "%s: its bags are vectors; k-mers are counted in sequences", bagfile_path(file));
    if (strcmp(spec->alphabet, "ACDEFGHIKLMNPQRSTVWY") != 0)
        return fail(ERR_FORMAT, "%s: its letters are '%s'; k-mers are counted in sequences of the 20 amino acids",
                    bagfile_path(file), spec->alphabet);
    return OK;
}

/* ---- bags ---- */

static Status list_members(KmerBlocks *b)
{
    const size_t n = (size_t)b->in.cohort->n;
    b->member = calloc(n + 1, sizeof *b->member);
    b->bag = calloc(n + 1, sizeof *b->bag);
    b->total = calloc((size_t)b->profile->n_view * n + 1, sizeof *b->total);
    if (!b->member || !b->bag || !b->total) return fail(ERR_MEMORY, "no memory for %zu bags", n);
    for (int i = 0; i < b->in.cohort->n; i++)
        if (b->in.use[i]) b->member[b->n++] = i;
    return OK;
}

static void list_heads(KmerBlocks *b)
{
    const KmerView *view = b->profile->view;
    for (int v = 0; v < b->profile->n_view; v++) {
        b->head[v] = -1;
        for (int h = 0; h < b->profile->n_view && b->head[v] < 0; h++)
            if (kmerprofile_open_place(&view[h], &view[v]) > 0) b->head[v] = h;
    }
}

static Status make_room(KmerBlocks *b)
{
    b->scratch = malloc((size_t)parallel_threads() * (KMER_CELLS + CELLS_OF_3) * sizeof *b->scratch);
    b->panel = malloc(((size_t)b->n + 1) * KMERBLOCKS_PANEL * sizeof *b->panel);
    return b->scratch && b->panel ? OK : fail(ERR_MEMORY, "no memory for counting k-mers of %d bags", b->n);
}

/* Of a block that holds everything there may be more. */
static size_t block_bytes(const KmerBlocks *b)
{
    const size_t all = (size_t)b->n * (size_t)b->profile->n_cell * sizeof *b->store.count;
    const int64_t quarter = memory_available() / 4;
    if (b->in.bytes > 0) return b->in.bytes;
    return all <= KMERBLOCKS_WHOLE && (int64_t)all <= quarter ? KMERBLOCKS_WHOLE : KMERBLOCKS_BYTES;
}

static Status open_bags(KmerBlocks *b)
{
    BagFile *file = b->in.cohort->file;
    const int64_t free_bytes = memory_available() / 3, most = (int64_t)KMERBLOCKS_CACHE;
    const int64_t bag = (int64_t)bagfile_n_max(file) * (bagfile_spec(file)->max_len + 8) + 4096;
    b->n_slot = SLOT_BYTES / bag > CACHE_SLOTS ? CACHE_SLOTS : SLOT_BYTES / bag < 1 ? 1 : (int)(SLOT_BYTES / bag);
    const int64_t limit = free_bytes < most ? free_bytes : most;
    if (!b->in.held || b->in.by_counts)
        return cache_open(&b->cache, file, b->in.by_counts ? COUNTS_RAW : COUNTS_NONE, limit);
    if (!*b->in.held) TRY(cache_open(b->in.held, file, COUNTS_NONE, limit));
    b->cache = *b->in.held;
    b->borrowed = true;
    return OK;
}

Status kmerblocks_open(KmerBlocks **out, const KmerProfile *profile, const KmerBlocksSetup *setup)
{
    Status status;
    KmerBlocks *b = calloc(1, sizeof *b);
    *out = b;
    if (!b) return fail(ERR_MEMORY, "no memory for counting k-mers");
    b->in = *setup;
    b->profile = profile;
    TRY_DONE(kmerblocks_check(setup->cohort->file));
    TRY_DONE(list_members(b));
    TRY_DONE(make_room(b));
    TRY_DONE(open_bags(b));
    list_heads(b);
    b->in.bytes = block_bytes(b);
done:
    if (status != OK) {
        kmerblocks_close(b);
        *out = NULL;
    }
    return status;
}

void kmerblocks_close(KmerBlocks *b)
{
    if (!b) return;
    if (!b->borrowed) cache_close(b->cache);
    free(b->member);
    free(b->bag);
    free(b->total);
    free(b->scratch);
    free(b->panel);
    kmerstore_free(&b->store);
    free(b);
}

int kmerblocks_n(const KmerBlocks *b)
{
    return b->n;
}

const int *kmerblocks_member(const KmerBlocks *b)
{
    return b->member;
}

/* ---- a block ---- */

static int view_of(const KmerProfile *profile, int cell)
{
    int v = 0;
    while (cell >= profile->view[v].first + profile->view[v].n_cell) v++;
    return v;
}

static int view_end(const KmerProfile *profile, int v)
{
    return profile->view[v].first + profile->view[v].n_cell;
}

static int panel_end(const KmerProfile *profile, int cell)
{
    const int end = view_end(profile, view_of(profile, cell));
    return end - cell < KMERBLOCKS_PANEL ? end : cell + KMERBLOCKS_PANEL;
}

/* Whole views as far as there is place, else panels of one. */
static int block_end(const KmerBlocks *b, int from)
{
    const KmerProfile *p = b->profile;
    const size_t most = b->in.bytes / sizeof *b->store.count / (size_t)(b->n > 0 ? b->n : 1);
    int v = view_of(p, from), end = panel_end(p, from);
    if ((size_t)(view_end(p, v) - from) > most) {
        while ((size_t)(panel_end(p, end) - from) <= most) end = panel_end(p, end);
        return end;
    }
    while (v + 1 < p->n_view && (size_t)(view_end(p, v + 1) - from) <= most) v++;
    return view_end(p, v);
}

static bool is_whole(const KmerBlocks *b, int v)
{
    return b->profile->view[v].first >= b->from && view_end(b->profile, v) <= b->end;
}

/* Are the counts of view v taken from another's? */
static bool is_summed(const KmerBlocks *b, int v)
{
    return b->head[v] >= 0 && is_whole(b, v) && is_whole(b, b->head[v]);
}

/* Cells first … of the profile. */
static void keep(KmerBlocks *b, int i, int v, int first, const uint32_t *count, int n)
{
    b->total[(size_t)v * (size_t)b->n + (size_t)i] = kmerprofile_total(&b->profile->view[v], b->bag[i - b->first]);
    kmerstore_put(&b->store, i, v, first - b->from, count, n);
}

static void count_view(KmerBlocks *b, int i, int v, uint32_t *scratch)
{
    const KmerView *view = b->profile->view;
    const int first = b->from > view[v].first ? b->from : view[v].first, last = view_end(b->profile, v);
    const int end = b->end < last ? b->end : last;
    uint32_t *sum = scratch + KMER_CELLS;
    if (first >= end || is_summed(b, v)) return;
    kmerprofile_count(scratch, first - view[v].first, end - first, &view[v], b->bag[i - b->first]);
    keep(b, i, v, first, scratch, end - first);
    for (int u = 0; u < b->profile->n_view; u++) {
        if (b->head[u] != v || !is_summed(b, u)) continue;
        kmerprofile_sum(sum, scratch, kmerprofile_open_place(&view[v], &view[u]));
        keep(b, i, u, view[u].first, sum, view[u].n_cell);
    }
}

static void count_chunk(void *context, int chunk, int thread)
{
    KmerBlocks *b = context;
    const int n_view = b->profile->n_view;
    count_view(b, b->first + chunk / n_view, chunk % n_view, b->scratch + (Index)thread * (KMER_CELLS + CELLS_OF_3));
}

/* Bags from `first` on that can be had at once; of those that are held so many that a signal does not wait long. */
static Status read_batch(KmerBlocks *b, int first)
{
    const int most = cache_is_whole(b->cache) ? CACHE_SLOTS : b->n_slot;
    b->first = first;
    b->n_now = b->n - first < most ? b->n - first : most;
    TRY(stop_check(b->in.stop, " while counting k-mers"));
    for (int k = 0; k < b->n_now; k++)
        TRY(cache_bag(b->cache, &b->bag[k], b->in.cohort->bag[b->member[first + k]], k % CACHE_SLOTS));
    return OK;
}

static Status count_all(KmerBlocks *b)
{
    TRY(kmerstore_size(&b->store, b->n, b->profile->n_view, b->end - b->from));
    for (int first = 0; first < b->n; first += b->n_now) {
        TRY(read_batch(b, first));
        parallel_for(b->n_now * b->profile->n_view, count_chunk, b);
    }
    return kmerstore_check(&b->store);
}

static Status fill(KmerBlocks *b, int from, int end)
{
    if (from == b->from && end == b->end) return OK;
    b->from = from;
    b->end = end;
    const Status status = count_all(b);
    if (status != OK) b->from = b->end = 0; /* nothing is held */
    return status;
}

/* ---- panels ---- */

static void fill_row(void *context, int chunk, int thread)
{
    const KmerBlocks *b = context;
    const int n = panel_end(b->profile, b->at) - b->at;
    (void)thread;
    kmerstore_get(b->panel + (Index)chunk * KMERBLOCKS_PANEL, &b->store, chunk, view_of(b->profile, b->at),
                  b->at - b->from, n);
}

static KmerPanel panel_at(KmerBlocks *b, int first)
{
    const int view = view_of(b->profile, first);
    b->at = first;
    parallel_for(b->n, fill_row, b);
    return (KmerPanel){.n = b->n,
                       .view = view,
                       .first = first,
                       .n_cell = panel_end(b->profile, first) - first,
                       .count = b->panel,
                       .stride = KMERBLOCKS_PANEL,
                       .total = b->total + (size_t)view * (size_t)b->n};
}

Status kmerblocks_walk(KmerBlocks *b, Status (*body)(void *context, const KmerPanel *panel), void *context)
{
    for (int from = 0; from < b->profile->n_cell; from = b->end) {
        TRY(fill(b, from, block_end(b, from)));
        for (int first = from; first < b->end; first = panel_end(b->profile, first)) {
            const KmerPanel panel = panel_at(b, first);
            TRY(stop_check(b->in.stop, " while comparing bags by k-mers"));
            TRY(body(context, &panel));
        }
    }
    return OK;
}
