/* SPDX-License-Identifier: MIT
 *
 * Time goes into three loops, all over plain arrays: cells of the windows (vectorised), counting them, and taking v of
 * all counts (vectorised). Counts are bytes, so that those of a mask (160 KB) stay near the processor; a k-mer that
 * comes round past 255 is rare enough to be followed on the side, and such a count is added in double at once. The
 * others, below 256, are summed over a run of bags in float, small numbers whose rounding does not matter. A bag with
 * few windows, or a large factor, adds the cells it holds alone, in double too.
 *
 * Nine of the masks with three fixed places need no windows of their own: their counts are sums of those of a mask with
 * four, which saves a quarter of all counting.
 *
 * What is subtracted, v0, makes 0 of all cells that a bag does not hold, and keeps the squares small.
 */
#include "cohort/kmercount.h"
#include "cohort/kmerkeys.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIECE        4096 /* residues whose cells are computed at once */
#define DENSE_SHARE  16   /* from windows ≥ cells / this on all cells are gone through */
#define DENSE_FACTOR 4    /* up to this factor */
#define CELLS_OF_3   (KMER_LETTERS * KMER_LETTERS * KMER_LETTERS)
#define FAMILY_CELLS (KMER_CELLS + (KMER_FAMILY - 1) * CELLS_OF_3)

/* ---- working memory ---- */

Status kmercount_scratch(KmerScratch *scratch, int max_len)
{
    *scratch = (KmerScratch){.n_key = max_len > PIECE ? max_len : PIECE};
    scratch->three = calloc((size_t)scratch->n_key, sizeof *scratch->three);
    scratch->four = calloc((size_t)scratch->n_key, sizeof *scratch->four);
    scratch->count = calloc(KMER_CELLS, sizeof *scratch->count);
    scratch->wraps = calloc(KMER_CELLS, sizeof *scratch->wraps);
    scratch->wrapped = calloc(KMER_CELLS, sizeof *scratch->wrapped);
    scratch->derived = calloc((KMER_FAMILY - 1) * CELLS_OF_3, sizeof *scratch->derived);
    scratch->sum = calloc(FAMILY_CELLS, sizeof *scratch->sum);
    scratch->square = calloc(FAMILY_CELLS, sizeof *scratch->square);
    scratch->product = calloc(FAMILY_CELLS, sizeof *scratch->product);
    scratch->held = calloc(FAMILY_CELLS, sizeof *scratch->held);
    if (scratch->three && scratch->four && scratch->count && scratch->wraps && scratch->wrapped && scratch->derived &&
        scratch->sum && scratch->square && scratch->product && scratch->held)
        return OK;
    kmercount_scratch_free(scratch);
    return fail(ERR_MEMORY, "no memory for counting k-mers");
}

void kmercount_scratch_free(KmerScratch *scratch)
{
    void *const owned[] = {scratch->three,   scratch->four, scratch->count,  scratch->wraps,   scratch->wrapped,
                           scratch->derived, scratch->sum,  scratch->square, scratch->product, scratch->held};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
    *scratch = (KmerScratch){0};
}

/* Loops over plain arrays, whose integers and correctly rounded roots are the same bits on every level. */
#if defined __x86_64__ && defined __GLIBC__
#define VECTOR __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR
#endif

/* ---- the cells of a bag's windows ---- */

/* n sequences of equal length l: cells of the windows of the first at place 0 … m-1, of the next at l …, and so on. */
typedef struct {
    const uint16_t *three; /* one of the two */
    const uint32_t *four;
    int n, l, m;
} KmerPiece;

static inline __attribute__((always_inline)) uint32_t cell_at(const KmerPiece *piece, int place, bool is_three)
{
    return is_three ? piece->three[place] : piece->four[place];
}

typedef void PieceBody(void *context, const KmerPiece *piece);

static void each_piece(const Bag *bag, const KmerMask *mask, KmerScratch *scratch, PieceBody *body, void *context)
{
    const bool is_three = mask->n_fixed == 3;
    for (int l = mask->span; l <= bag->max_len; l++) {
        const int step = scratch->n_key / l;
        assert(step > 0);
        for (int i = bag->first[l]; i < bag->first[l + 1]; i += step) {
            const int left = bag->first[l + 1] - i, n = left < step ? left : step, windows = n * l - mask->span + 1;
            if (is_three)
                kmerkeys_three(scratch->three, bag_codes(bag, i, l), mask->offset, windows);
            else
                kmerkeys_four(scratch->four, bag_codes(bag, i, l), mask->offset, windows);
            body(context, &(KmerPiece){is_three ? scratch->three : NULL, scratch->four, n, l, l - mask->span + 1});
        }
    }
}

/* ---- counting ---- */

static void come_round(KmerScratch *scratch, uint32_t cell)
{
    if (scratch->wraps[cell]++ == 0) scratch->wrapped[scratch->n_wrapped++] = (int)cell;
}

static inline __attribute__((always_inline)) void count_cell(KmerScratch *scratch, uint8_t *count, uint32_t cell)
{
    if (__builtin_expect(++count[cell] == 0, 0)) come_round(scratch, cell);
}

/* The compiler does not unroll this loop, whose turns are few: a third of the time. */
static inline __attribute__((always_inline)) void count_windows(KmerScratch *scratch, const KmerPiece *piece,
                                                                bool is_three)
{
    uint8_t *const count = scratch->count;
    for (int i = 0; i < piece->n; i++) {
        const int end = i * piece->l + piece->m;
        int at = i * piece->l;
        for (; at + 4 <= end; at += 4) {
            count_cell(scratch, count, cell_at(piece, at, is_three));
            count_cell(scratch, count, cell_at(piece, at + 1, is_three));
            count_cell(scratch, count, cell_at(piece, at + 2, is_three));
            count_cell(scratch, count, cell_at(piece, at + 3, is_three));
        }
        for (; at < end; at++) count_cell(scratch, count, cell_at(piece, at, is_three));
    }
}

static void count_piece(void *context, const KmerPiece *piece)
{
    const KmerPiece own = *piece;
    if (own.three)
        count_windows(context, &own, true);
    else
        count_windows(context, &own, false);
}

/* ---- from counts to sums ---- */

double kmercount_value(double count, double factor)
{
    return 2 * sqrt(count * factor + 0.375) - 2 * sqrt(0.375);
}

/* Since v² = 4 (factor · count + 3/8). */
double kmercount_total(double sum, double square)
{
    return (square + 4 * sqrt(0.375) * sum) / 4;
}

typedef struct {
    KmerSums *sums;
    const KmerMask *mask;
    const KmerWeight *weight; /* of the bag */
    KmerScratch *scratch;
    size_t run; /* place of the mask's cells in the sums of a run */
} Adding;

static void add_cell(const Adding *a, size_t cell, double count)
{
    const size_t n_cell = (size_t)a->mask->n_cell;
    const double x = kmercount_value(count, a->weight->factor);
    a->sums->sum[(size_t)a->weight->column * n_cell + cell] += x;
    if (a->sums->labelled) a->sums->sum[n_cell + cell] += x * a->weight->label;
    a->sums->square[cell] += x * x;
    if (a->sums->held) a->sums->held[(size_t)a->weight->column * n_cell + cell]++;
    a->scratch->count[cell] = 0;
}

static void add_wrapped(const Adding *a)
{
    KmerScratch *scratch = a->scratch;
    for (int k = 0; k < scratch->n_wrapped; k++) {
        const int cell = scratch->wrapped[k];
        add_cell(a, (size_t)cell, 256.0 * scratch->wraps[cell] + scratch->count[cell]);
        scratch->wraps[cell] = 0;
    }
    scratch->n_wrapped = 0;
}

/* A cell that was added counts 0. */
static void add_piece(void *context, const KmerPiece *piece)
{
    const Adding *a = context;
    for (int i = 0; i < piece->n; i++)
        for (int p = 0; p < piece->m; p++) {
            const uint32_t cell = cell_at(piece, i * piece->l + p, piece->three != NULL);
            if (a->scratch->count[cell]) add_cell(a, cell, a->scratch->count[cell]);
        }
}

/* Cells added at once: a loop of constant length that the compiler vectorises. n_cell is a multiple. In a block without
 * any k-mer of the bag nothing is added, which saves most of the work where sequences are alike. */
#define NEIGHBOURS 32

static bool are_missing(const uint8_t *count)
{
    uint64_t word[NEIGHBOURS / 8], any = 0;
    memcpy(word, count, sizeof word);
    for (int k = 0; k < NEIGHBOURS / 8; k++) any |= word[k];
    return any == 0;
}

static inline __attribute__((always_inline)) void add_neighbours(float *restrict sum, float *restrict square,
                                                                 const uint8_t *restrict count, float factor)
{
    const float missing = 2 * sqrtf(0.375f);
    for (int k = 0; k < NEIGHBOURS; k++) {
        const float x = 2 * sqrtf((float)count[k] * factor + 0.375f) - missing;
        sum[k] += x;
        square[k] += x * x;
    }
}

static inline __attribute__((always_inline)) void add_labelled(float *restrict sum, float *restrict square,
                                                               float *restrict product, const uint8_t *restrict count,
                                                               float factor, float label)
{
    const float missing = 2 * sqrtf(0.375f);
    for (int k = 0; k < NEIGHBOURS; k++) {
        const float x = 2 * sqrtf((float)count[k] * factor + 0.375f) - missing;
        sum[k] += x;
        square[k] += x * x;
        product[k] += x * label;
    }
}

static inline __attribute__((always_inline)) void add_held(float *restrict held, const uint8_t *restrict count)
{
    for (int k = 0; k < NEIGHBOURS; k++) held[k] += count[k] > 0 ? 1.0f : 0.0f;
}

VECTOR static void add_all(const Adding *a)
{
    KmerScratch *scratch = a->scratch;
    const float factor = (float)a->weight->factor, label = (float)a->weight->label;
    for (int k = 0; k < a->mask->n_cell; k += NEIGHBOURS) {
        if (are_missing(scratch->count + k)) continue;
        if (a->sums->labelled)
            add_labelled(scratch->sum + a->run + k, scratch->square + a->run + k, scratch->product + a->run + k,
                         scratch->count + k, factor, label);
        else
            add_neighbours(scratch->sum + a->run + k, scratch->square + a->run + k, scratch->count + k, factor);
        if (a->sums->held) add_held(scratch->held + a->run + k, scratch->count + k);
        memset(scratch->count + k, 0, NEIGHBOURS);
    }
}

static void fold(double *restrict out, float *restrict in, int n)
{
    for (int k = 0; k < n; k++) {
        out[k] += (double)in[k];
        in[k] = 0;
    }
}

/* Of the mask; `column` is that of its bags. */
static void end_run(const Adding *a, int column)
{
    const size_t n_cell = (size_t)a->mask->n_cell;
    KmerScratch *scratch = a->scratch;
    fold(a->sums->sum + (size_t)column * n_cell, scratch->sum + a->run, a->mask->n_cell);
    fold(a->sums->square, scratch->square + a->run, a->mask->n_cell);
    if (a->sums->labelled) fold(a->sums->sum + n_cell, scratch->product + a->run, a->mask->n_cell);
    if (a->sums->held) fold(a->sums->held + (size_t)column * n_cell, scratch->held + a->run, a->mask->n_cell);
}

static bool is_dense(const Bag *bag, const KmerMask *mask, const KmerWeight *weight)
{
    return weight->factor <= DENSE_FACTOR && bag_residues(bag) >= (size_t)mask->n_cell / DENSE_SHARE;
}

/* Adds a bag that is counted; *open tells whether the run's sums hold something. */
static void add_counted(const Adding *a, const Bag *bag, bool *open)
{
    add_wrapped(a);
    if (is_dense(bag, a->mask, a->weight)) {
        add_all(a);
        *open = true;
    } else
        each_piece(bag, a->mask, a->scratch, add_piece, (void *)(uintptr_t)a);
}

/* ---- masks of three from one of four ---- */

/* Of a byte each, 20 together; uint16 holds them. */
VECTOR static void sum_over_second(uint16_t *restrict out, const uint8_t *restrict count)
{
    for (int a = 0; a < KMER_LETTERS; a++)
        for (int b = 0; b < KMER_LETTERS; b++)
            for (int cd = 0; cd < 400; cd++) out[a * 400 + cd] += count[(a * KMER_LETTERS + b) * 400 + cd];
}

VECTOR static void sum_over_third(uint16_t *restrict out, const uint8_t *restrict count)
{
    for (int ab = 0; ab < 400; ab++)
        for (int c = 0; c < KMER_LETTERS; c++)
            for (int d = 0; d < KMER_LETTERS; d++)
                out[ab * KMER_LETTERS + d] += count[(ab * KMER_LETTERS + c) * KMER_LETTERS + d];
}

/* The cell of the mask of three that has the residues of this one but for the open place. */
static int cell_without(int cell, int open)
{
    const int d = cell % KMER_LETTERS, left = cell / 400;
    return open == 2 ? left * KMER_LETTERS + d : left / KMER_LETTERS * 400 + cell % 400;
}

/* derived [CELLS_OF_3] from the counts of a mask of four. */
static void derive(uint32_t *derived, const KmerScratch *scratch, int open)
{
    uint16_t low[CELLS_OF_3] = {0};
    if (open == 1)
        sum_over_second(low, scratch->count);
    else
        sum_over_third(low, scratch->count);
    for (int k = 0; k < CELLS_OF_3; k++) derived[k] = low[k];
    for (int k = 0; k < scratch->n_wrapped; k++) {
        const int cell = scratch->wrapped[k];
        derived[cell_without(cell, open)] += 256 * scratch->wraps[cell];
    }
}

/* As if the bag had been counted by the mask. */
static void set_counts(KmerScratch *scratch, const uint32_t *derived)
{
    for (int k = 0; k < CELLS_OF_3; k++) {
        scratch->count[k] = (uint8_t)derived[k];
        if (derived[k] < 256) continue;
        scratch->wraps[k] = derived[k] >> 8;
        scratch->wrapped[scratch->n_wrapped++] = k;
    }
}

/* ---- all of it ---- */

/* One bag by all masks. Where cells are many beside the bag's windows, deriving would cost more than counting. */
static void add_bag(Adding *member, bool *open, int n, const Bag *bag)
{
    KmerScratch *scratch = member->scratch;
    const bool derives = is_dense(bag, member->mask, member->weight);
    each_piece(bag, member->mask, scratch, count_piece, scratch);
    for (int k = 1; derives && k < n; k++)
        derive(scratch->derived + (k - 1) * CELLS_OF_3, scratch, kmermask_open_place(member->mask, member[k].mask));
    add_counted(member, bag, open);
    for (int k = 1; k < n; k++) {
        if (derives)
            set_counts(scratch, scratch->derived + (k - 1) * CELLS_OF_3);
        else
            each_piece(bag, member[k].mask, scratch, count_piece, scratch);
        add_counted(&member[k], bag, &open[k]);
    }
}

static void end_runs(const Adding *member, bool *open, int n, int column)
{
    for (int k = 0; k < n; k++) {
        if (open[k]) end_run(&member[k], column);
        open[k] = false;
    }
}

void kmercount_add(const KmerFamily *family, const Bag *const *bag, const KmerWeight *weight, int n,
                   KmerScratch *scratch)
{
    Adding member[KMER_FAMILY];
    assert(family->n > 0);
    bool open[KMER_FAMILY] = {false}; /* is there something in the run's sums? */
    for (int k = 0; k < family->n; k++)
        member[k] = (Adding){.sums = family->sums[k],
                             .mask = family->mask[k],
                             .scratch = scratch,
                             .run = k ? (size_t)(KMER_CELLS + (k - 1) * CELLS_OF_3) : 0};
    for (int b = 0; b < n; b++) {
        if (b > 0 && weight[b].column != weight[b - 1].column)
            end_runs(member, open, family->n, weight[b - 1].column);
        for (int k = 0; k < family->n; k++) member[k].weight = &weight[b];
        add_bag(member, open, family->n, bag[b]);
    }
    if (n > 0) end_runs(member, open, family->n, weight[n - 1].column);
}
