/* SPDX-License-Identifier: MIT
 *
 * Keys are sorted by hash, which spreads them evenly: what has been split into buckets by its highest bits is small enough
 * for the processor's cache. A pass takes a range of hashes that fits the budget. Keys of other lengths, and patterns open
 * at another place, are never equal; they have passes of their own.
 *
 * Members are cut into a fixed number of chunks. Each chunk's records of a bucket have their own range, so that threads do
 * not meet, and the members of a sequence are in order without being compared.
 */
#include "cohort/clonecount.h"
#include "cohort/clonesort.h"
#include "cohort/clonestore.h"
#include "core/parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNKS      16
#define BUCKET_KEYS 512 /* on average, where there are enough keys */
#define SLICES      64  /* of the buckets of a pass, each a block of the list */
#define SLICE_MOST  64  /* buckets */
#define PASSES_MOST 4096

const CloneBudget clonecount_budget = {.bags = 512 << 20, .records = 512 << 20, .list = 512 << 20};

/* One kind of keys. */
typedef struct {
    const CloneSetup *in;
    const CloneStore *store;
    CloneList *list;
    int n_word, open;                      /* words of a key; place of the residue that matches any, -1: none */
    int n_pass, n_bucket;                  /* buckets of a pass */
    uint32_t *count;                       /* [CHUNKS, n_pass n_bucket] */
    size_t *cursor;                        /* [CHUNKS, n_bucket] where the next record of this pass goes */
    uint64_t *record;                      /* of this pass: key, member */
    size_t start[SLICES * SLICE_MOST + 1]; /* [n_bucket + 1] records of the buckets */
    int pass;                              /* -1: counting */
    CloneBlock block[SLICES];
    Status status[CHUNKS > SLICES ? CHUNKS : SLICES]; /* of chunks or slices */
} Counting;

/* ---- keys of a bag ---- */

static size_t bucket_of(const Counting *c, uint64_t hash)
{
    return (size_t)((hash >> 32) * (uint64_t)(c->n_pass * c->n_bucket) >> 32);
}

static void put(Counting *c, int chunk, const uint64_t *key, int member)
{
    const size_t bucket = bucket_of(c, clonekey_hash(key, c->n_word)), n_bucket = (size_t)c->n_bucket;
    if (c->pass < 0) {
        c->count[(size_t)chunk * (size_t)c->n_pass * n_bucket + bucket]++;
        return;
    }
    const size_t from = (size_t)c->pass * n_bucket;
    if (bucket < from || bucket >= from + n_bucket) return;
    uint64_t *to = c->record + c->cursor[(size_t)chunk * n_bucket + bucket - from]++ * (size_t)(c->n_word + 1);
    clonekey_copy(to, key, c->n_word);
    to[c->n_word] = (uint64_t)member;
}

static void put_all(Counting *c, int chunk, const uint64_t *key, const CloneSection *s, int member)
{
    uint64_t pattern[CLONEKEY_LONGEST / CLONEKEY_PER_WORD];
    for (int i = 0; i < s->n; i++, key += s->n_word) {
        if (c->open < 0) {
            put(c, chunk, key, member);
        } else if (clonekey_at(key, c->open)) {
            clonekey_copy(pattern, key, s->n_word);
            clonekey_open(pattern, c->open);
            put(c, chunk, pattern, member);
        }
    }
}

static const CloneSection *find_section(const CloneStored *m, int n_word)
{
    for (int k = 0; k < m->n_section; k++)
        if (m->section[k].n_word == n_word) return &m->section[k];
    return NULL;
}

static void do_chunk(void *context, int chunk, int thread)
{
    Counting *c = context;
    const int n = c->store->n;
    uint64_t *scratch = NULL;
    size_t room = 0;
    (void)thread;
    c->status[chunk] = OK;
    for (int i = (int)((int64_t)n * chunk / CHUNKS); i < (int64_t)n * (chunk + 1) / CHUNKS; i++) {
        const CloneSection *s = find_section(&c->store->member[i], c->n_word);
        const uint64_t *key;
        if (!s) continue;
        c->status[chunk] = clonestore_keys(&key, &scratch, &room, c->store, i, s);
        if (c->status[chunk] != OK) break;
        put_all(c, chunk, key, s, i);
    }
    free(scratch);
}

/* Sentences are kept per thread, so this thread has none of what failed in another. */
static Status first_failure(const Status *status, int n)
{
    for (int k = 0; k < n; k++)
        if (status[k] != OK)
            return fail(status[k], "%s",
                        status[k] == ERR_MEMORY ? "no memory for counting sequences"
                                                : "cannot read sequences back from a temporary file in $TMPDIR");
    return OK;
}

static Status go_through_bags(Counting *c)
{
    TRY(stop_check(c->in->stop, " while counting shared sequences"));
    parallel_for(CHUNKS, do_chunk, c);
    return first_failure(c->status, CHUNKS);
}

/* ---- a pass ---- */

/* Cursors of all chunks; returns the records of the pass. */
static size_t lay_out(Counting *c)
{
    size_t n = 0;
    for (int b = 0; b < c->n_bucket; b++) {
        c->start[b] = n;
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            c->cursor[(size_t)chunk * (size_t)c->n_bucket + (size_t)b] = n;
            n += c->count[((size_t)chunk * (size_t)c->n_pass + (size_t)c->pass) * (size_t)c->n_bucket + (size_t)b];
        }
    }
    return c->start[c->n_bucket] = n;
}

static void do_slice(void *context, int slice, int thread)
{
    Counting *c = context;
    const int each = c->n_bucket / SLICES;
    (void)thread;
    c->block[slice] = (CloneBlock){.n_word = c->n_word};
    c->status[slice] = clonesort_buckets(&c->block[slice], c->record, c->start + slice * each, each);
}

static Status add_blocks(Counting *c)
{
    Status status = first_failure(c->status, SLICES);
    for (int k = 0; k < SLICES; k++) {
        if (status == OK && c->block[k].n > 0)
            status = clonelist_add(c->list, c->block[k]);
        else
            free(c->block[k].unit);
    }
    return status;
}

static Status do_pass(Counting *c)
{
    const size_t n = lay_out(c), bytes = (size_t)(c->n_word + 1) * sizeof *c->record;
    if (n < 2) return OK;
    c->record = malloc(n * bytes);
    if (!c->record) return fail(ERR_MEMORY, "no memory for %zu sequences to be sorted", n);
    Status status = go_through_bags(c);
    if (status == OK) {
        parallel_for(SLICES, do_slice, c);
        status = add_blocks(c);
    }
    free(c->record);
    return status;
}

/* ---- all passes ---- */

/* Passes that fit the budget, with a twentieth to spare as hashes are not quite even. */
static void plan(Counting *c, int64_t n)
{
    const double fits = 0.95 * (double)c->in->budget.records / ((c->n_word + 1) * 8.0);
    const double passes = (double)n / (fits < 1 ? 1 : fits);
    c->n_pass = passes > PASSES_MOST ? PASSES_MOST : (int)passes + 1;
    int64_t each = n / c->n_pass / BUCKET_KEYS / SLICES;
    if (each > SLICE_MOST) each = SLICE_MOST;
    c->n_bucket = SLICES * (each < 1 ? 1 : (int)each);
}

static Status count_keys(Counting *c, int64_t n)
{
    Status status = OK;
    if (n < 2) return OK;
    plan(c, n);
    c->count = calloc((size_t)CHUNKS * (size_t)c->n_pass * (size_t)c->n_bucket, sizeof *c->count);
    c->cursor = calloc((size_t)CHUNKS * (size_t)c->n_bucket, sizeof *c->cursor);
    if (!c->count || !c->cursor) TRY_DONE(fail(ERR_MEMORY, "no memory for counting sequences"));
    c->pass = -1;
    TRY_DONE(go_through_bags(c));
    for (c->pass = 0; c->pass < c->n_pass; c->pass++) TRY_DONE(do_pass(c));
done:
    free(c->count);
    free(c->cursor);
    return status;
}

/* Keys of so many words whose sequence goes beyond place `open`. */
static int64_t count_longer(const CloneStore *store, int n_word, int open)
{
    int64_t n = 0;
    for (int len = 1; len <= store->max_len; len++)
        if (clonekey_words(len) + store->genes == n_word && len > open) n += store->n_of_len[len];
    return n;
}

static Status count_all(Counting *c)
{
    const bool patterns = c->in->patterns;
    int longest = c->store->max_len;
    if (patterns && longest > CLONEKEY_LONGEST) longest = CLONEKEY_LONGEST;
    assert(!patterns || !c->store->genes);
    for (c->n_word = 1 + c->store->genes; c->n_word <= clonekey_words(longest) + c->store->genes; c->n_word++) {
        const int end = patterns ? c->n_word * CLONEKEY_PER_WORD : 0;
        for (c->open = patterns ? 0 : -1; c->open < end; c->open++)
            TRY(count_keys(c, count_longer(c->store, c->n_word, c->open)));
    }
    return OK;
}

Status clonecount_list(CloneList *out, int *n_distinct, const CloneSetup *in)
{
    CloneStore store;
    *out = (CloneList){.budget = in->budget.list};
    TRY(clonestore_fill(&store, in->cohort, in->use, in->genes, in->budget.bags, in->stop));
    for (int i = 0; i < store.n; i++) n_distinct[i] = store.member[i].n;
    Counting *c = calloc(1, sizeof *c);
    Status status = c ? OK : fail(ERR_MEMORY, "no memory for counting sequences");
    if (c) {
        *c = (Counting){.in = in, .store = &store, .list = out};
        status = count_all(c);
    }
    free(c);
    clonestore_free(&store);
    if (status != OK) clonelist_free(out);
    return status;
}
