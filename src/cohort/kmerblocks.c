/* SPDX-License-Identifier: MIT
 *
 * A bag is counted where its row of the block lies: increments all over a view's cells (640 KB) stay in the second cache.
 * The work of a bag is cut by views, so that a single bag in memory keeps all threads busy.
 */
#include "cohort/kmerblocks.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "data/bagfile/cache.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_BYTES ((int64_t)256 << 20) /* of bags that are not held, read to be counted together */

struct KmerBlocks {
    KmerBlocksSetup in;
    const KmerProfile *profile;
    Cache *cache;
    bool borrowed; /* the cache */
    int n;
    int *member;      /* [n] */
    int n_slot;       /* bags read at once where not all are held */
    int from, end;    /* cells of the block */
    size_t room;      /* counts that `count` has place for */
    uint32_t *count;  /* [n, end - from] */
    double *total;    /* [n_view, n] */
    const Bag **bag;  /* [n] of the batch at work */
    int first, n_now; /* that batch */
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
    if (b->in.bytes == 0) b->in.bytes = KMERBLOCKS_BYTES;
    TRY_DONE(kmerblocks_check(setup->cohort->file));
    TRY_DONE(list_members(b));
    TRY_DONE(open_bags(b));
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
    free(b->count);
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

static int panel_end(const KmerProfile *profile, int cell)
{
    const KmerView *view = &profile->view[view_of(profile, cell)];
    const int end = view->first + view->n_cell;
    return end - cell < KMERBLOCKS_PANEL ? end : cell + KMERBLOCKS_PANEL;
}

static int block_end(const KmerBlocks *b, int from)
{
    const size_t most = b->in.bytes / sizeof *b->count / (size_t)(b->n > 0 ? b->n : 1);
    int end = panel_end(b->profile, from);
    while (end < b->profile->n_cell && (size_t)(panel_end(b->profile, end) - from) <= most)
        end = panel_end(b->profile, end);
    return end;
}

static void count_view(KmerBlocks *b, int i, int v)
{
    const KmerView *view = &b->profile->view[v];
    const int from = b->from > view->first ? b->from : view->first, last = view->first + view->n_cell;
    const int end = b->end < last ? b->end : last;
    uint32_t *row = b->count + (size_t)i * (size_t)(b->end - b->from);
    if (from >= end) return;
    memset(row + (from - b->from), 0, (size_t)(end - from) * sizeof *row);
    kmerprofile_count(row + (from - b->from), from - view->first, end - from, view, b->bag[i - b->first]);
    b->total[(size_t)v * (size_t)b->n + (size_t)i] = kmerprofile_total(view, b->bag[i - b->first]);
}

static void count_chunk(void *context, int chunk, int thread)
{
    KmerBlocks *b = context;
    const int n_view = b->profile->n_view;
    (void)thread;
    count_view(b, b->first + chunk / n_view, chunk % n_view);
}

/* Bags from `first` on that can be had at once. */
static Status read_batch(KmerBlocks *b, int first)
{
    const int most = cache_is_whole(b->cache) ? b->n : b->n_slot;
    b->first = first;
    b->n_now = b->n - first < most ? b->n - first : most;
    TRY(stop_check(b->in.stop, " while counting k-mers"));
    for (int k = 0; k < b->n_now; k++)
        TRY(cache_bag(b->cache, &b->bag[k], b->in.cohort->bag[b->member[first + k]], k % CACHE_SLOTS));
    return OK;
}

static Status reserve(KmerBlocks *b, int n_cell)
{
    const size_t n = (size_t)n_cell * (size_t)b->n;
    if (n <= b->room) return OK;
    free(b->count);
    b->count = malloc((n + 1) * sizeof *b->count);
    b->room = b->count ? n : 0;
    return b->count ? OK : fail(ERR_MEMORY, "no memory for %d k-mers of %d bags", n_cell, b->n);
}

static Status fill(KmerBlocks *b, int from, int end)
{
    if (from == b->from && end == b->end) return OK;
    b->from = b->end = 0; /* until it is full */
    TRY(reserve(b, end - from));
    b->from = from;
    b->end = end;
    for (int first = 0; first < b->n; first += b->n_now) {
        const Status status = read_batch(b, first);
        if (status != OK) {
            b->from = b->end = 0;
            return status;
        }
        parallel_for(b->n_now * b->profile->n_view, count_chunk, b);
    }
    return OK;
}

/* ---- panels ---- */

static KmerPanel panel_at(const KmerBlocks *b, int first)
{
    const int view = view_of(b->profile, first);
    return (KmerPanel){.n = b->n,
                       .view = view,
                       .first = first,
                       .n_cell = panel_end(b->profile, first) - first,
                       .count = b->count + (first - b->from),
                       .stride = b->end - b->from,
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
