/* SPDX-License-Identifier: MIT
 *
 * A k-mer is found by a pair of its residues, and compared only where that pair stands. Candidates of one motif have
 * pairs in common: the pair that most k-mers hold is taken for all of these, then the pair that most of the others hold,
 * and so on, so that few pairs are looked for and most windows are passed over.
 */
#include "cohort/kmerfind.h"

#include <assert.h>
#include <string.h>

static int pair_of(int gap, int first, int second)
{
    return (gap - 1) * 400 + first * 20 + second;
}

/* Of two fixed residues a < b. */
static int kmer_pair(const Kmer *k, int a, int b)
{
    return pair_of(k->offset[b] - k->offset[a], k->code[a], k->code[b]);
}

/* ---- pairs ---- */

/* The pair that most k-mers without one hold, the lower number where equal; -1: all have one. */
static int commonest(const KmerFinder *f, const int *pair)
{
    uint16_t count[KMERFIND_PAIRS] = {0};
    int best = -1;
    for (int k = 0; k < f->n; k++)
        for (int b = 1; pair[k] < 0 && b < f->kmer[k].n_fixed; b++)
            for (int a = 0; a < b; a++) count[kmer_pair(&f->kmer[k], a, b)]++;
    for (int p = 0; p < KMERFIND_PAIRS; p++)
        if (count[p] > (best < 0 ? 0 : count[best])) best = p;
    return best;
}

static void assign(KmerFinder *f, int *pair, int to)
{
    for (int k = 0; k < f->n; k++)
        for (int b = 1; b < f->kmer[k].n_fixed; b++)
            for (int a = 0; a < b; a++) {
                if (pair[k] >= 0 || kmer_pair(&f->kmer[k], a, b) != to) continue;
                pair[k] = to;
                f->anchor[k] = f->kmer[k].offset[a];
            }
}

/* Of a fixed residue that is not of the pair, where there is one; from the anchor on. */
static void list_third(KmerFinder *f, int at, int pair)
{
    const int k = f->order[at], gap = pair / 400 + 1;
    const Kmer *kmer = &f->kmer[k];
    for (int r = 0; r < kmer->n_fixed; r++) {
        const int offset = kmer->offset[r] - f->anchor[k];
        if (r > 0 && (offset == 0 || offset == gap)) continue;
        f->third[at] = (int8_t)offset;
        f->code[at] = kmer->code[r];
    }
}

void kmerfind_init(KmerFinder *finder, const Kmer *kmer, int n)
{
    int pair[KMERFIND_MAX], at = 0;
    assert(n <= KMERFIND_MAX);
    memset(finder, 0, sizeof *finder);
    finder->n = n;
    if (n) memcpy(finder->kmer, kmer, (size_t)n * sizeof *kmer);
    for (int k = 0; k < n; k++) pair[k] = -1;
    for (int to; (to = commonest(finder, pair)) >= 0;) assign(finder, pair, to);
    for (int k = 0; k < n; k++) finder->any[pair[k]] = 1;
    for (int p = 0; p < KMERFIND_PAIRS; p++) {
        for (int k = 0; finder->any[p] && k < n; k++) {
            if (pair[k] != p) continue;
            finder->order[at] = (uint16_t)k;
            list_third(finder, at++, p);
        }
        finder->start[p + 1] = (uint16_t)at;
        const int gap = p / 400 + 1;
        if (finder->any[p] && (finder->n_gap == 0 || finder->gap[finder->n_gap - 1] != gap))
            finder->gap[finder->n_gap++] = gap;
    }
}

/* ---- finding ---- */

/* The k-mers of this pair, which stands at p of a sequence of length l. Most of them fail at their third residue. */
static void compare(const KmerFinder *f, int pair, const uint8_t *codes, int p, int l, int i, KmerHit *found,
                    void *context)
{
    for (int j = f->start[pair]; j < f->start[pair + 1]; j++) {
        const int third = p + f->third[j];
        if ((unsigned)third >= (unsigned)l || codes[third] != f->code[j]) continue;
        const Kmer *k = &f->kmer[f->order[j]];
        const int at = p - f->anchor[f->order[j]];
        bool same = at >= 0 && at + k->span <= l;
        for (int r = 0; same && r < k->n_fixed; r++) same = codes[at + k->offset[r]] == k->code[r];
        if (same) found(context, f->order[j], i);
    }
}

#define STRETCH 64 /* first residues of pairs that are looked up at once */

/* A pair that has k-mers, and the place of its first residue. */
typedef struct {
    int pair, place;
} PairHit;

/* Those from place `from` on: every pair is written, and kept if it has k-mers, since a branch would often be foretold
 * wrongly. */
static int find_pairs(PairHit *hit, const KmerFinder *f, const uint8_t *codes, int from, int l)
{
    int n = 0;
    for (int g = 0; g < f->n_gap; g++) {
        const int gap = f->gap[g], end = from + STRETCH < l - gap ? from + STRETCH : l - gap;
        for (int p = from; p < end; p++) {
            const int pair = pair_of(gap, codes[p], codes[p + gap]);
            hit[n] = (PairHit){pair, p};
            n += f->any[pair];
        }
    }
    return n;
}

void kmerfind_bag(const KmerFinder *finder, const Bag *bag, KmerHit *found, void *context)
{
    PairHit hit[STRETCH * (KMER_SPAN - 1) + 1];
    for (int l = 2; l <= bag->max_len; l++)
        for (int i = bag->first[l]; i < bag->first[l + 1]; i++) {
            const uint8_t *codes = bag_codes(bag, i, l);
            for (int from = 0; from < l - 1; from += STRETCH) {
                const int n = find_pairs(hit, finder, codes, from, l);
                for (int j = 0; j < n; j++) compare(finder, hit[j].pair, codes, hit[j].place, l, i, found, context);
            }
        }
}
