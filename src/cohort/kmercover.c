/* SPDX-License-Identifier: MIT
 *
 * One more pass over the bags lists the occurrences of the candidates; all else is done on these lists. Training parts
 * whose candidates are much the same are searched together. A list has an entry for each occurrence, so a sequence that
 * holds a k-mer twice counts twice, and is struck as one. Bags are searched and counted in parallel; then k-mers are
 * tested in parallel.
 */
#include "cohort/kmercover.h"
#include "cohort/kmerfind.h"
#include "cohort/kmerstat.h"
#include "core/log.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HITS 20e6 /* expected occurrences of all candidates, 8 bytes each */

typedef struct {
    int kmer, sequence;
} Hit;

/* Those in one bag; sequences ascend. */
typedef struct {
    Hit *hit;
    size_t n, capacity;
    bool lost; /* no memory */
} Hits;

/* Occurrences of k-mers in the bags of some training parts. */
typedef struct {
    KmerBags bags;           /* each bag once; no more than kmerbags_read needs */
    int *slot;               /* [bags of the file] place of a bag in `bags`, -1: it is in none */
    Kmer kmer[KMERFIND_MAX]; /* [n_kmer] */
    int number[KMERFIND_MAX];
    int n_kmer;
    double total; /* expected occurrences, about */
    KmerFinder finder;
    Hits *hits;         /* [bags.n] */
    int block, n_block; /* first bag of the block, bags */
} CoverSearch;

typedef struct {
    KmerBags *bags;
    const CoverSearch *search;
    KmerCandidate *candidate; /* [n] */
    int *kmer_of;             /* [n] their k-mers: a k-mer may be a candidate for several classes */
    KmerFound *found;         /* [n] what is known from the first count */
    int n;
    Kmer kmer[KMERCOVER_CANDIDATES]; /* [n_kmer] */
    int n_kmer;
    int own[KMERFIND_MAX]; /* [search->n_kmer] place among these; -1: of other training parts alone */
    uint64_t **struck;     /* [n_bag] a bit each sequence */
    uint64_t *bits;        /* all of them */
    int *count;            /* [n_bag, n_kmer] occurrences outside struck sequences */
    double *value;         /* [n_kmer, n_bag] v - v0 of these */
    int chosen;            /* k-mer whose sequences are struck next; -1: none */
} Cover;

int kmercover_order(const KmerCandidate *a, const KmerCandidate *b)
{
    const double x = fabs(a->t), y = fabs(b->t);
    if (x != y) return x > y ? -1 : 1;
    if (a->number != b->number) return a->number < b->number ? -1 : 1;
    return (a->test > b->test) - (a->test < b->test);
}

static void *allocate(size_t count, size_t size, bool *lost)
{
    void *piece = calloc(count ? count : 1, size);
    if (!piece) *lost = true;
    return piece;
}
#define ALLOCATE(count, place) ((place) = allocate((size_t)(count), sizeof *(place), &lost))

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the cover by k-mers");
}

/* ---- the pass over the bags ---- */

static int affordable(const KmerCandidate *candidate, int n)
{
    double total = 0;
    for (int k = 0; k < n; k++) {
        total += candidate[k].total;
        if (k > 0 && total > MAX_HITS) return k;
    }
    return n;
}

static int place_of(const CoverSearch *s, int number)
{
    int u = 0;
    while (u < s->n_kmer && s->number[u] != number) u++;
    return u;
}

/* Adds the k-mers of a training part, unless that would be too many: then they are left as they were. */
static bool add_kmers(CoverSearch *s, const KmerCover *cover, const KmerMask *mask)
{
    const int before = s->n_kmer, n = affordable(cover->candidate, cover->n);
    const double total = s->total;
    for (int k = 0; k < n; k++) {
        const KmerCandidate *candidate = &cover->candidate[k];
        const int u = place_of(s, candidate->number);
        if (u < s->n_kmer) continue;
        s->total += candidate->total;
        if (before > 0 && (u == KMERFIND_MAX || s->total > MAX_HITS)) {
            s->n_kmer = before;
            s->total = total;
            return false;
        }
        s->number[u] = candidate->number;
        s->kmer[s->n_kmer++] = kmermask_kmer(&mask[candidate->mask], candidate->cell);
    }
    return true;
}

static void add_bags(CoverSearch *s, const KmerBags *bags)
{
    for (int b = 0; b < bags->n; b++) {
        int *slot = &s->slot[bags->number[b]];
        if (*slot >= 0) continue;
        *slot = s->bags.n++;
        s->bags.number[*slot] = bags->number[b];
        s->bags.size[*slot] = bags->size[b];
    }
}

/* How many of the training parts, the first and those behind it that can be searched with it. */
static Status open_search(CoverSearch **out, int *n_together, const KmerCover *cover, int n_cover,
                          const KmerMask *mask)
{
    const KmerSetup *in = cover->bags->in;
    bool lost = false;
    int n_slot = 0;
    *n_together = 0;
    CoverSearch *s = *out = calloc(1, sizeof *s);
    if (!s) return no_memory();
    for (int i = 0; i < in->n; i++)
        if (in->bag[i] >= n_slot) n_slot = in->bag[i] + 1;
    s->bags.in = in;
    ALLOCATE(n_slot, s->slot);
    ALLOCATE(in->n, s->bags.number);
    ALLOCATE(in->n, s->bags.size);
    ALLOCATE(in->n, s->hits);
    if (lost) return no_memory();
    for (int b = 0; b < n_slot; b++) s->slot[b] = -1;
    for (; *n_together < n_cover && add_kmers(s, &cover[*n_together], mask); ++*n_together)
        if (cover[*n_together].n) add_bags(s, cover[*n_together].bags);
    return OK;
}

static void close_search(CoverSearch *s)
{
    if (!s) return;
    for (int b = 0; s->hits && b < s->bags.n; b++) free(s->hits[b].hit);
    free(s->hits);
    free(s->slot);
    kmerbags_free(&s->bags);
    free(s);
}

static void add_hit(void *context, int k, int i)
{
    Hits *h = context;
    if (h->lost) return;
    if (h->n == h->capacity) {
        const size_t capacity = h->capacity ? h->capacity + h->capacity / 2 : 64;
        Hit *longer = realloc(h->hit, capacity * sizeof *longer);
        h->lost = !longer;
        if (!longer) return;
        h->hit = longer;
        h->capacity = capacity;
    }
    h->hit[h->n++] = (Hit){k, i};
}

static void find_bag(void *context, int b, int thread)
{
    CoverSearch *s = context;
    (void)thread;
    kmerfind_bag(&s->finder, s->bags.block[b], add_hit, &s->hits[s->block + b]);
}

static Status find(CoverSearch *s)
{
    Progress progress;
    kmerfind_init(&s->finder, s->kmer, s->n_kmer);
    progress_start(&progress, "finding k-mers", "bags", s->bags.n);
    for (s->block = 0; s->block < s->bags.n; s->block += s->n_block) {
        TRY(kmerbags_read(&s->bags, s->block, s->bags.n, &s->n_block));
        parallel_for(s->n_block, find_bag, s);
        for (int b = 0; b < s->n_block; b++)
            if (s->hits[s->block + b].lost) return no_memory();
        progress_update(&progress, s->block + s->n_block, NULL);
    }
    return OK;
}

/* ---- putting a cover together ---- */

static void list_candidates(Cover *c, const KmerCandidate *candidate)
{
    for (int u = 0; u < c->search->n_kmer; u++) c->own[u] = -1;
    for (int k = 0; k < c->n; k++) {
        const int at = place_of(c->search, candidate[k].number);
        c->candidate[k] = candidate[k];
        if (c->own[at] < 0) {
            c->own[at] = c->n_kmer;
            c->kmer[c->n_kmer++] = c->search->kmer[at];
        }
        c->kmer_of[k] = c->own[at];
    }
}

static Status reserve(Cover *c, const KmerCandidate *candidate)
{
    const size_t n_bag = (size_t)c->bags->n;
    bool lost = false;
    size_t words = 0;
    ALLOCATE(c->n, c->candidate);
    ALLOCATE(c->n, c->kmer_of);
    ALLOCATE(c->n, c->found);
    ALLOCATE(n_bag, c->struck);
    for (size_t b = 0; b < n_bag; b++) words += (size_t)c->bags->size[b] / 64 + 1;
    ALLOCATE(words, c->bits);
    if (lost) return no_memory();
    words = 0;
    for (size_t b = 0; b < n_bag; b++) {
        c->struck[b] = c->bits + words;
        words += (size_t)c->bags->size[b] / 64 + 1;
    }
    list_candidates(c, candidate);
    ALLOCATE(n_bag * (size_t)c->n_kmer, c->count);
    ALLOCATE(n_bag * (size_t)c->n_kmer, c->value);
    return lost ? no_memory() : OK;
}

static void cover_free(Cover *c)
{
    void *const owned[] = {c->candidate, c->kmer_of, c->found, (void *)c->struck, c->bits, c->count, c->value, c};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
}

/* ---- choosing ---- */

/* Strikes the sequences of bag b that hold the k-mer chosen last, and counts anew. */
static void count_bag(void *context, int b, int thread)
{
    Cover *c = context;
    const Hits *h = &c->search->hits[c->search->slot[c->bags->number[b]]];
    uint64_t *struck = c->struck[b];
    int *count = c->count + (size_t)b * (size_t)c->n_kmer;
    (void)thread;
    for (size_t j = 0; c->chosen >= 0 && j < h->n; j++)
        if (c->own[h->hit[j].kmer] == c->chosen)
            struck[h->hit[j].sequence / 64] |= (uint64_t)1 << (h->hit[j].sequence % 64);
    memset(count, 0, (size_t)c->n_kmer * sizeof *count);
    for (size_t j = 0; j < h->n; j++) {
        const int u = c->own[h->hit[j].kmer];
        if (u >= 0) count[u] += !(struck[h->hit[j].sequence / 64] >> (h->hit[j].sequence % 64) & 1);
    }
}

static int count_of(const Cover *c, int u, int b)
{
    return c->count[(size_t)b * (size_t)c->n_kmer + (size_t)u];
}

/* What the table says of a candidate, from the count of all sequences. */
static void describe(const Cover *c, int k)
{
    const KmerBags *bags = c->bags;
    const KmerTest *test = &bags->test[c->candidate[k].test];
    KmerFound *f = &c->found[k];
    int n_side[2] = {0};
    *f = (KmerFound){.kmer = c->kmer[c->kmer_of[k]],
                     .target_class = test->target_class,
                     .z_alone = kmerbags_z(bags, c->candidate[k].t)};
    for (int b = 0; b < bags->n; b++) {
        const int side = !kmerbags_inside(bags, test, b);
        const int count = count_of(c, c->kmer_of[k], b);
        n_side[side]++;
        f->mean[side] += count * bags->weight[b].factor;
        f->n_bag_with[side] += count > 0;
    }
    for (int side = 0; side < 2; side++)
        if (n_side[side]) f->mean[side] /= n_side[side];
}

/* t of the candidates of one k-mer. */
static void test_kmer(void *context, int u, int thread)
{
    Cover *c = context;
    double *value = c->value + (size_t)u * (size_t)c->bags->n;
    (void)thread;
    for (int b = 0; b < c->bags->n; b++) value[b] = kmercount_value(count_of(c, u, b), c->bags->weight[b].factor);
    for (int k = 0; k < c->n; k++) {
        if (c->kmer_of[k] != u) continue;
        c->candidate[k].t = kmerbags_t(c->bags, &c->bags->test[c->candidate[k].test], value);
        if (c->chosen < 0) describe(c, k);
    }
}

/* The best candidate's place. */
static int best(const Cover *c)
{
    int at = 0;
    for (int k = 1; k < c->n; k++)
        if (kmercover_order(&c->candidate[k], &c->candidate[at]) < 0) at = k;
    return at;
}

static bool is_weak(const KmerFound *f)
{
    const double more = fmax(f->mean[0], f->mean[1]), fewer = fmin(f->mean[0], f->mean[1]);
    return more - fewer < KMERS_EXCESS * more;
}

/* After the first count, candidates that differ too little leave. */
static void set_aside(KmerChoice *out, Cover *c)
{
    int n = 0;
    for (int k = 0; k < c->n; k++) {
        if (!is_weak(&c->found[k])) {
            c->candidate[n] = c->candidate[k];
            c->kmer_of[n] = c->kmer_of[k];
            c->found[n++] = c->found[k];
        } else if (isnan(out->aside_z) || fabs(c->found[k].z_alone) > fabs(out->aside_z)) {
            out->aside = c->found[k].kmer;
            out->aside_z = c->found[k].z_alone;
        }
    }
    c->n = n;
}

/* Benjamini and Hochberg at KMERSTAT_LEVEL, of the k-mers chosen: as many of them as allow for themselves stay. Those that
 * were struck with them do not count, or a motif would speak for others by all k-mers that overlap it. */
static void control_rate(KmerChoice *out)
{
    int n = 0;
    for (int k = 1; k <= out->n; k++)
        if (fabs(out->found[k - 1].z) > kmerstat_threshold((double)out->n_tested / k)) n = k;
    out->n = n;
    out->min_z = kmerstat_threshold((double)out->n_tested / (n > 0 ? n : 1));
    for (int k = 0; k < n; k++) out->found[k].min_z = out->min_z;
}

static void choose(KmerChoice *out, Cover *c)
{
    c->chosen = -1;
    for (out->n = 0; out->n < c->bags->in->top; out->n++) {
        parallel_for(c->bags->n, count_bag, c);
        parallel_for(c->n_kmer, test_kmer, c);
        if (c->chosen < 0) set_aside(out, c);
        if (c->n == 0) return;
        const int k = best(c);
        const double z = kmerbags_z(c->bags, c->candidate[k].t);
        if (!(fabs(z) > out->min_z)) return;
        out->found[out->n] = c->found[k];
        out->found[out->n].z = z;
        out->found[out->n].min_z = out->min_z;
        out->found[out->n].sign = z > 0 ? 1 : -1;
        c->chosen = c->kmer_of[k];
    }
}

static Status cover_one(const KmerCover *cover, const CoverSearch *search)
{
    Status status;
    const bool rate = cover->bags->presence && !(cover->bags->in->min_z > 0) && cover->out->n_tested > 0;
    cover->out->n = 0;
    if (cover->n == 0) {
        if (rate) control_rate(cover->out);
        return OK;
    }
    Cover *c = calloc(1, sizeof *c);
    if (!c) return no_memory();
    c->bags = cover->bags;
    c->search = search;
    c->n = affordable(cover->candidate, cover->n);
    TRY_DONE(reserve(c, cover->candidate));
    choose(cover->out, c);
    if (rate) control_rate(cover->out);
done:
    cover_free(c);
    return status;
}

Status kmercover_choose(const KmerCover *cover, int n_cover, const KmerMask *mask)
{
    Status status = OK;
    for (int first = 0, n = 0; status == OK && first < n_cover; first += n) {
        CoverSearch *search;
        status = open_search(&search, &n, cover + first, n_cover - first, mask);
        if (status == OK) status = find(search);
        for (int k = 0; status == OK && k < n; k++) status = cover_one(&cover[first + k], search);
        close_search(search);
    }
    return status;
}
