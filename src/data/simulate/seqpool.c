/* SPDX-License-Identifier: MIT */
#include "data/simulate/seqpool.h"
#include "data/bagfile/baghash.h"

#include <stdlib.h>
#include <string.h>

/* ---- which sequences are in it ---- */

static Status plan_slots(SeqPool *pool, int n)
{
    pool->n_slot = 16;
    while (pool->n_slot < 2 * (size_t)n) pool->n_slot *= 2;
    pool->slot = calloc(pool->n_slot, sizeof *pool->slot);
    return pool->slot ? OK : fail(ERR_MEMORY, "%d public sequences: out of memory", n);
}

static bool is_it(const SeqPool *pool, int i, const int8_t *codes, int len)
{
    return seqlist_len(&pool->list, i) == len && memcmp(seqlist_codes(&pool->list, i), codes, (size_t)len) == 0;
}

/* Where the sequence is, or would be. */
static int *place_of(const SeqPool *pool, const int8_t *codes, int len)
{
    size_t k = (size_t)baghash_sequence(codes, len, 0) & (pool->n_slot - 1);
    while (pool->slot[k] && !is_it(pool, pool->slot[k] - 1, codes, len)) k = (k + 1) & (pool->n_slot - 1);
    return &pool->slot[k];
}

Status seqpool_read(SeqPool *out, const char *path)
{
    TRY(seqlist_read(&out->list, path));
    TRY(plan_slots(out, out->list.n));
    for (int i = 0; i < out->list.n; i++) {
        int *place = place_of(out, seqlist_codes(&out->list, i), seqlist_len(&out->list, i));
        if (*place == 0) *place = i + 1;
    }
    return OK;
}

Status seqpool_draw(SeqPool *out, const Recipe *recipe, int n, Rng *rng, Rng *gene_rng)
{
    int8_t codes[REPERTOIRE_LEN_MOST];
    RepertoireRow row = {.codes = codes, .rng = rng, .gene_rng = gene_rng};
    TRY(plan_slots(out, n));
    for (int64_t tries = 0; out->list.n < n; tries++) {
        if (tries > 100 * (int64_t)n + 10000)
            return fail(ERR_CONFIG,
                        "simulate.pool=%d: the background has not so many different sequences; take fewer", n);
        repertoire_background(&row, recipe);
        int *place = place_of(out, codes, row.len);
        if (*place) continue;
        TRY(seqlist_add(&out->list, codes, row.len, row.gene));
        *place = out->list.n;
    }
    return OK;
}

void seqpool_free(SeqPool *pool)
{
    seqlist_free(&pool->list);
    free(pool->slot);
    free(pool->gene);
    *pool = (SeqPool){0};
}

/* ---- carriers ---- */

static int pick(Repertoire *r, int n, Rng *rng)
{
    if (r->n_picked == n) r->n_picked = 0;
    const int at = r->n_picked + (int)rng_below(rng, (uint64_t)(n - r->n_picked)), chosen = r->pick[at];
    r->pick[at] = r->pick[r->n_picked];
    r->pick[r->n_picked++] = chosen;
    return chosen;
}

static void make(Carrier *out, RepertoireRow *row, Repertoire *r, const Recipe *recipe)
{
    const SeqPool *pool = recipe->carrying;
    repertoire_background(row, recipe);
    out->n_original = row->len;
    memcpy(out->original, row->codes, (size_t)row->len);
    out->offset = 0;
    out->motif = pick(r, pool->list.n, row->rng);
    row->len = seqlist_len(&pool->list, out->motif);
    memcpy(row->codes, seqlist_codes(&pool->list, out->motif), (size_t)row->len);
    for (int g = 0; g < 2; g++) row->gene[g] = pool->gene ? pool->gene[2 * (size_t)out->motif + (size_t)g] : -1;
}

static uint64_t holds(const void *carrying, const int8_t *codes, int len)
{
    return *place_of(carrying, codes, len) != 0;
}

const CarrierType seqpool_carriers = {.make = make, .holds = holds};
