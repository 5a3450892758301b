/* SPDX-License-Identifier: MIT
 *
 * Bags are read a block at a time; within a block every mask goes through all bags on its own, so threads share nothing
 * and each number is summed in the order of the bags. The sums of a group are added to those of each training part that
 * holds it. Sums of all masks are held at once where they fit in SUMS_BYTES (two classes: 44 MB a training part, and
 * as much for the group), otherwise the bags are read again for the masks left; each mask is counted once.
 */
#include "cohort/kmers.h"
#include "cohort/kmerbest.h"
#include "cohort/kmercover.h"
#include "cohort/kmerstat.h"
#include "core/log.h"
#include "core/parallel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUMS_BYTES ((size_t)1 << 29)

/* The training part of one fold. */
typedef struct {
    KmerBags bags;
    bool is_open;              /* can anything be tested? */
    KmerSums sums[KMER_MASKS]; /* of this pass */
    KmerBest *best;            /* [n_mask] */
} FoldCounts;

typedef struct {
    FoldCounts *training; /* [n_training] */
    int n_training;
    KmerMask mask[KMER_MASKS];
    int n_mask;
    int first, n_pass;          /* masks of this pass */
    int now;                    /* group that is counted */
    uint32_t served;            /* trainings whose bags of it are counted, a bit each */
    uint32_t adding;            /* trainings that get the sums of the list counted now */
    KmerBags *list;             /* of the first of these */
    KmerSums group[KMER_MASKS]; /* sums of the list; 0 between lists */
    KmerScratch *scratch;       /* [threads] */
    int n_thread;
    int block, n_block; /* first bag of the block, bags */
    int64_t done;       /* pairs of bag and mask */
    Progress progress;
} Choosing;

/* ---- counting ---- */

static size_t sums_size(const KmerBags *bags, const KmerMask *mask)
{
    return (size_t)(bags->n_column * (bags->presence ? 2 : 1) + 1) * (size_t)mask->n_cell;
}

static Status new_sums(KmerSums *out, const KmerBags *bags, const KmerMask *mask)
{
    const size_t size = sums_size(bags, mask), n_cell = (size_t)mask->n_cell, columns = (size_t)bags->n_column;
    double *sum = calloc(size, sizeof *sum);
    if (!sum) return fail(ERR_MEMORY, "no memory for counting k-mers of %d classes", bags->n_column);
    *out = (KmerSums){
        .n_column = bags->n_column, .labelled = bags->labelled, .sum = sum, .square = sum + columns * n_cell};
    if (bags->presence) out->held = out->square + n_cell;
    return OK;
}

/* As many masks from c->first on as fit. */
static Status start_pass(Choosing *c)
{
    const KmerBags *bags = &c->training[0].bags; /* columns are the same in all */
    size_t used = 0, n_sums = 1;
    for (int t = 0; t < c->n_training; t++) n_sums += c->training[t].is_open;
    for (c->n_pass = 0; c->first + c->n_pass < c->n_mask; c->n_pass++) {
        const int m = c->first + c->n_pass;
        const size_t bytes = n_sums * sums_size(bags, &c->mask[m]) * sizeof(double);
        if (c->n_pass > 0 && used + bytes > SUMS_BYTES) break;
        used += bytes;
        TRY(new_sums(&c->group[m], bags, &c->mask[m]));
        for (int t = 0; t < c->n_training; t++)
            if (c->training[t].is_open) TRY(new_sums(&c->training[t].sums[m], bags, &c->mask[m]));
    }
    return OK;
}

static void free_sums(KmerSums sums[KMER_MASKS])
{
    for (int m = 0; m < KMER_MASKS; m++) {
        free(sums[m].sum);
        sums[m] = (KmerSums){0};
    }
}

static void end_pass(Choosing *c)
{
    free_sums(c->group);
    for (int t = 0; t < c->n_training; t++) free_sums(c->training[t].sums);
}

/* Those from training t on whose bags of the group are the same. */
static uint32_t sharers(const Choosing *c, int t)
{
    uint32_t found = 0;
    for (int u = t; u < c->n_training; u++)
        if (c->training[u].is_open && kmerbags_same_group(&c->training[t].bags, &c->training[u].bags, c->now))
            found |= (uint32_t)1 << u;
    return found;
}

/* The next bags to count, of one group and one or more trainings; false: none is left. */
static bool next_list(Choosing *c)
{
    for (; c->now < c->training[0].bags.n_group; c->now++, c->served = 0)
        for (int t = 0; t < c->n_training; t++) {
            KmerBags *bags = &c->training[t].bags;
            const bool is_empty = bags->start[c->now] == bags->start[c->now + 1];
            if (!c->training[t].is_open || is_empty || (c->served >> t & 1)) continue;
            c->list = bags;
            c->adding = sharers(c, t);
            c->served |= c->adding;
            return true;
        }
    return false;
}

static void first_list(Choosing *c)
{
    c->now = 0;
    c->served = 0;
}

static int list_length(const Choosing *c)
{
    return c->list->start[c->now + 1] - c->list->start[c->now];
}

static void count_mask(void *context, int chunk, int thread)
{
    Choosing *c = context;
    int number[KMER_FAMILY];
    KmerFamily family = {.n = kmermask_family(number, c->mask, c->first + chunk, c->first, c->first + c->n_pass)};
    if (family.n == 0) return; /* another mask's chunk counts it */
    for (int k = 0; k < family.n; k++) {
        family.mask[k] = &c->mask[number[k]];
        family.sums[k] = &c->group[number[k]];
    }
    kmercount_add(&family, c->list->block, c->list->weight + c->block, c->n_block, &c->scratch[thread]);
}

/* Labels of the group are less its own mean: Σ (y - mean y) v takes what they lack from Σ v. */
static void add_sums(KmerSums *out, const KmerSums *in, size_t n_cell, double shift)
{
    const size_t n = (size_t)in->n_column * n_cell;
    for (size_t k = 0; k < n; k++) out->sum[k] += in->sum[k];
    for (size_t k = 0; k < n_cell; k++) out->square[k] += in->square[k];
    for (size_t k = 0; in->held && k < n; k++) out->held[k] += in->held[k];
    for (size_t k = 0; in->labelled && k < n_cell; k++) out->sum[n_cell + k] += shift * in->sum[k];
}

static void add_group(void *context, int chunk, int thread)
{
    Choosing *c = context;
    const int m = c->first + chunk;
    (void)thread;
    for (int t = 0; t < c->n_training; t++)
        if (c->adding >> t & 1)
            add_sums(&c->training[t].sums[m], &c->group[m], (size_t)c->mask[m].n_cell,
                     c->training[t].bags.shift[c->now]);
    memset(c->group[m].sum, 0, sums_size(c->list, &c->mask[m]) * sizeof(double));
}

static Status count_list(Choosing *c)
{
    const int end = c->list->start[c->now + 1];
    for (c->block = c->list->start[c->now]; c->block < end; c->block += c->n_block) {
        TRY(kmerbags_read(c->list, c->block, end, &c->n_block));
        parallel_for(c->n_pass, count_mask, c);
        c->done += (int64_t)c->n_block * c->n_pass;
        progress_update(&c->progress, c->done / c->n_mask, NULL);
    }
    parallel_for(c->n_pass, add_group, c);
    return OK;
}

static void begin_count(Choosing *c)
{
    int64_t total = 0;
    for (first_list(c); next_list(c);) total += list_length(c);
    progress_start(&c->progress, "counting k-mers", "bags", total);
}

static Status count(Choosing *c)
{
    for (first_list(c); next_list(c);) TRY(count_list(c));
    return OK;
}

/* ---- testing ---- */

/* One mask of one training. */
static void test_chunk(void *context, int chunk, int thread)
{
    Choosing *c = context;
    const int m = c->first + chunk % c->n_pass;
    FoldCounts *training = &c->training[chunk / c->n_pass];
    (void)thread;
    if (training->is_open) kmerbest_test(&training->best[m], &training->bags, &training->sums[m], &c->mask[m], m);
}

/* ---- choosing ---- */

static void set_threshold(KmerChoice *out, const Choosing *c, const FoldCounts *training)
{
    const KmerBags *bags = &training->bags;
    double largest = 0, presence = 0;
    for (int m = 0; m < c->n_mask; m++) {
        out->n_tested += training->best[m].n_tested;
        if (training->best[m].largest > largest) largest = training->best[m].largest;
        presence = fmax(presence, training->best[m].largest_presence);
    }
    if (out->n_tested == 0) return;
    out->largest_z = fmax(kmerstat_z(sqrt(largest), bags->n - 2), sqrt(presence));
    out->min_z = bags->in->min_z > 0 ? bags->in->min_z
                                     : kmerstat_threshold((double)out->n_tested / (bags->presence ? KMERS_MAX : 1));
}

/* Occurrences of a frequent k-mer in all bags, at least. */
static double frequent_total(const KmerBags *bags)
{
    double sequences = 0;
    for (int b = 0; b < bags->n; b++) sequences += bags->size[b];
    return KMERS_FREQUENT * sequences;
}

/* The best of all masks whose z exceeds the threshold, but for frequent ones; returns their number. */
static int gather(KmerCandidate *all, KmerChoice *out, const Choosing *c, const FoldCounts *training)
{
    const double frequent = frequent_total(&training->bags);
    int n = 0, above = 0;
    for (int m = 0; m < c->n_mask; m++) {
        memcpy(all + n, training->best[m].candidate, (size_t)training->best[m].n * sizeof *all);
        n += training->best[m].n;
    }
    qsort(all, (size_t)n, sizeof *all, kmerbest_order);
    for (int k = 0; k < n && above < KMERCOVER_CANDIDATES; k++) {
        const double z = kmerbags_z(&training->bags, all[k].t);
        if (!(fabs(z) > out->min_z)) break;
        if (all[k].total <= frequent)
            all[above++] = all[k];
        else if (isnan(out->aside_z)) {
            out->aside = kmermask_kmer(&c->mask[all[k].mask], all[k].cell);
            out->aside_z = z;
        }
    }
    return above;
}

/* The candidates of one training; out->reason is set where there are none. */
static Status list_candidates(KmerCover *cover, KmerChoice *out, const Choosing *c, FoldCounts *training)
{
    *cover = (KmerCover){.out = out, .bags = &training->bags};
    if (!training->is_open) return OK;
    set_threshold(out, c, training);
    if (out->n_tested == 0) {
        out->reason = "no training bag holds a k-mer";
        return OK;
    }
    cover->candidate = calloc((size_t)c->n_mask * KMERBEST_KEPT, sizeof *cover->candidate);
    if (!cover->candidate) return fail(ERR_MEMORY, "no memory for the list of k-mers");
    cover->n = gather(cover->candidate, out, c, training);
    return OK;
}

static Status choose(KmerChoice *out, Choosing *c)
{
    KmerCover cover[KMERS_TOGETHER] = {0};
    Status status = OK;
    for (int t = 0; status == OK && t < c->n_training; t++)
        status = list_candidates(&cover[t], &out[t], c, &c->training[t]);
    if (status == OK) status = kmercover_choose(cover, c->n_training, c->mask);
    for (int t = 0; t < c->n_training; t++) {
        free(cover[t].candidate);
        if (out[t].n == 0 && !out[t].reason)
            out[t].reason = isnan(out[t].aside_z) ? "no k-mer exceeds the threshold" : "none but such";
    }
    return status;
}

/* ---- all of it ---- */

static Status reserve(Choosing *c)
{
    c->n_thread = parallel_threads();
    c->scratch = calloc((size_t)c->n_thread, sizeof *c->scratch);
    if (!c->scratch) return fail(ERR_MEMORY, "no memory for counting k-mers");
    for (int t = 0; t < c->n_thread; t++)
        TRY(kmercount_scratch(&c->scratch[t], c->training[0].bags.in->spec->max_len));
    return OK;
}

static Status open_training(KmerChoice *out, Choosing *c, FoldCounts *training, const KmerSetup *in)
{
    TRY(kmerbags_list(&training->bags, in, &out->reason));
    training->is_open = !out->reason;
    training->best = calloc((size_t)c->n_mask, sizeof *training->best);
    return training->best ? OK : fail(ERR_MEMORY, "no memory for counting k-mers");
}

static Status run(KmerChoice *out, Choosing *c, const KmerSetup *in)
{
    bool any = false;
    for (int t = 0; t < c->n_training; t++) {
        TRY(open_training(&out[t], c, &c->training[t], &in[t]));
        any = any || c->training[t].is_open;
    }
    if (!any) return OK;
    TRY(reserve(c));
    begin_count(c);
    for (c->first = 0; c->first < c->n_mask; c->first += c->n_pass) {
        TRY(start_pass(c));
        TRY(count(c));
        parallel_for(c->n_pass * c->n_training, test_chunk, c);
        end_pass(c);
    }
    progress_end(&c->progress, NULL);
    return choose(out, c);
}

static const char *hopeless(const KmerSetup *in, int n_mask)
{
    if (in->top == 0) return "the number of k-mers to choose is 0";
    return n_mask == 0 ? "the kernels are shorter than any k-mer" : NULL;
}

static void choosing_free(Choosing *c)
{
    if (!c) return;
    end_pass(c);
    for (int t = 0; c->scratch && t < c->n_thread; t++) kmercount_scratch_free(&c->scratch[t]);
    free(c->scratch);
    for (int t = 0; t < c->n_training; t++) {
        free(c->training[t].best);
        kmerbags_free(&c->training[t].bags);
    }
    free(c->training);
    free(c);
}

Status kmers_choose(KmerChoice *out, const KmerSetup *in, int n)
{
    Status status = OK;
    assert(n > 0 && n <= KMERS_TOGETHER);
    Choosing *c = calloc(1, sizeof *c);
    if (c) c->training = calloc((size_t)n, sizeof *c->training);
    if (!c || !c->training) {
        free(c);
        return fail(ERR_MEMORY, "no memory for counting k-mers");
    }
    c->n_training = n;
    c->n_mask = kmermask_list(c->mask, (KmerMasks)in->masks, in->max_span);
    const char *reason = hopeless(in, c->n_mask);
    for (int t = 0; t < n; t++)
        out[t] = (KmerChoice){.min_z = NAN, .largest_z = NAN, .aside_z = NAN, .reason = reason};
    if (!reason) status = run(out, c, in);
    choosing_free(c);
    return status;
}
