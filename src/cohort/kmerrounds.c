/* SPDX-License-Identifier: MIT */
#include "cohort/kmerrounds.h"
#include "cohort/kmerfind.h"
#include "cohort/task.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 32 /* bags in memory at once */

typedef struct {
    KmerSetup setup;   /* of the next round */
    Part *part;        /* [setup.n] of it; bags that are explained have left the training part */
    KmerFinder finder; /* of the k-mers chosen in the last round */
    int member[BLOCK], n_block;
    const Bag *bag[BLOCK];
} Rounds;

static bool explains(const KmerFound *f)
{
    const int side = f->sign < 0, own = f->n_bag_with[side];
    return own > 0 && own >= KMERS_EXPLAINS * (own + f->n_bag_with[!side]);
}

/* The k-mers of a choice that do. */
static int list_explaining(Kmer kmer[KMERS_MAX], const KmerChoice *choice)
{
    int n = 0;
    for (int k = 0; k < choice->n; k++)
        if (explains(&choice->found[k])) kmer[n++] = choice->found[k].kmer;
    return n;
}

static bool has(const KmerChoice *choice, const Kmer *kmer)
{
    for (int k = 0; k < choice->n; k++)
        if (memcmp(&choice->found[k].kmer, kmer, sizeof *kmer) == 0) return true;
    return false;
}

/* Adds those that are not there: what explains no bag may be found again. */
static void append(KmerChoice *out, const KmerChoice *more, int top)
{
    for (int k = 0; k < more->n && out->n < top; k++)
        if (!has(out, &more->found[k].kmer)) out->found[out->n++] = more->found[k];
}

static void note(void *context, int k, int i)
{
    (void)k;
    (void)i;
    *(bool *)context = true;
}

static void look(void *context, int b, int thread)
{
    Rounds *r = context;
    bool holds = false;
    (void)thread;
    kmerfind_bag(&r->finder, r->bag[b], note, &holds);
    if (holds) r->part[r->member[b]] = PART_NONE;
}

static Status look_at_block(Rounds *r)
{
    for (int b = 0; b < r->n_block; b++) TRY(cache_bag(r->setup.cache, &r->bag[b], r->setup.bag[r->member[b]], b));
    parallel_for(r->n_block, look, r);
    r->n_block = 0;
    return OK;
}

/* Takes the bags that hold one of n k-mers out of the training part. */
static Status explain(Rounds *r, const Kmer *kmer, int n)
{
    kmerfind_init(&r->finder, kmer, n);
    for (int i = 0; i < r->setup.n; i++) {
        if (r->part[i] != PART_TRAIN) continue;
        r->member[r->n_block++] = i;
        if (r->n_block == BLOCK) TRY(look_at_block(r));
    }
    return look_at_block(r);
}

/* Only bags of one side may be few now: a t test of rare k-mers is no longer exact, Fisher's is. */
static Status go_on(KmerChoice *out, Rounds *r, KmerChoice *last)
{
    Kmer kmer[KMERS_MAX];
    *last = *out;
    for (int round = 1; round < r->setup.rounds && out->n < r->setup.top; round++) {
        const int n = list_explaining(kmer, last);
        if (n == 0) break;
        TRY(explain(r, kmer, n));
        TRY(kmers_choose(last, &r->setup, 1));
        append(out, last, r->setup.top);
    }
    return OK;
}

static Status choose_more(KmerChoice *out, const KmerSetup *in)
{
    Status status;
    Rounds *r = calloc(1, sizeof *r);
    Part *part = malloc(((size_t)in->n + 1) * sizeof *part);
    KmerChoice *last = malloc(sizeof *last);
    if (!r || !part || !last) TRY_DONE(fail(ERR_MEMORY, "no memory for another round of k-mers"));
    memcpy(part, in->part, (size_t)in->n * sizeof *part);
    r->part = part;
    r->setup = *in;
    r->setup.part = part;
    r->setup.statistic = KMER_PRESENCE;
    TRY_DONE(go_on(out, r, last));
done:
    free(last), free(part), free(r);
    return status;
}

Status kmerrounds_choose(KmerChoice *out, const KmerSetup *in, int n)
{
    TRY(kmers_choose(out, in, n));
    for (int t = 0; t < n; t++)
        if (in[t].rounds > 1 && task_n_class(in[t].target) > 0) TRY(choose_more(&out[t], &in[t]));
    return OK;
}
