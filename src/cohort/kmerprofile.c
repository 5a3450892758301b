/* SPDX-License-Identifier: MIT
 *
 * The windows of a view are a run of places that the length alone decides, and sequences of one length stand together in a
 * bag: the loop over windows has no question of section in it. Cells of many windows are computed at once (vectorised) and
 * counted then.
 */
#include "cohort/kmerprofile.h"
#include "cohort/kmerkeys.h"

#include <assert.h>
#include <string.h>

#define PIECE 2048 /* residues whose cells are computed at once */

static void read_mask(KmerView *view, const char *mask)
{
    view->n_cell = 1;
    for (; mask[view->span]; view->span++) {
        if (mask[view->span] != 'x') continue;
        assert(view->n_fixed < KMER_FIXED);
        view->offset[view->n_fixed++] = view->span;
        view->n_cell *= KMER_LETTERS;
    }
}

KmerProfile kmerprofile_new(const KmerViewText *text)
{
    KmerProfile profile = {0};
    for (; text->mask; text++) {
        assert(profile.n_view < KMERPROFILE_VIEWS);
        KmerView *view = &profile.view[profile.n_view++];
        *view = (KmerView){.section = text->section, .first = profile.n_cell};
        read_mask(view, text->mask);
        profile.n_cell += view->n_cell;
    }
    return profile;
}

/* ---- places ---- */

static int up(int a, int b)
{
    return a > 0 ? (a + b - 1) / b : 0;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Of windows whose centre satisfies 6 · centre < `bound`: one past the last place; at least 0. 6 · centre = 6 p + 3 span. */
static int places_below(const KmerView *view, int bound)
{
    return up(bound - 3 * view->span, 6);
}

/* In the core's own places; m: its length. 6 · centre ≤ 3 m, or ≥. */
static void places_of_half(int *first, int *end, const KmerView *view, int m)
{
    if (view->section == SECTION_LEFT) *end = least(*end, places_below(view, 3 * m + 1));
    if (view->section == SECTION_RIGHT) *first = least(*end, places_below(view, 3 * m));
}

static void places_of_third(int *first, int *end, const KmerView *view, int l)
{
    const int one = places_below(view, 2 * l), two = places_below(view, 4 * l), all = *end;
    if (view->section == SECTION_START) *end = least(all, one);
    if (view->section == SECTION_MIDDLE) *first = least(all, one), *end = least(all, two);
    if (view->section == SECTION_END) *first = least(all, two);
}

void kmerprofile_places(int *first, int *end, const KmerView *view, int l)
{
    const bool in_core =
        view->section == SECTION_CORE || view->section == SECTION_LEFT || view->section == SECTION_RIGHT;
    const int m = in_core ? l - 2 * KMERPROFILE_TRIM : l;
    *first = 0;
    *end = m - view->span + 1;
    if (*end <= 0) {
        *end = 0;
        return;
    }
    if (in_core)
        places_of_half(first, end, view, m);
    else
        places_of_third(first, end, view, l);
    if (*first >= *end) *first = *end = 0;
    if (in_core && *end > 0) *first += KMERPROFILE_TRIM, *end += KMERPROFILE_TRIM;
}

/* ---- counting ---- */

/* Any number of fixed places. */
static inline uint32_t cell_of(const uint8_t *code, const KmerView *view)
{
    uint32_t cell = 0;
    for (int f = 0; f < view->n_fixed; f++) cell = cell * KMER_LETTERS + code[view->offset[f]];
    return cell;
}

/* The cells that are counted. */
typedef struct {
    uint32_t *count;
    uint32_t from, n;
    bool is_simple; /* all of the view, each sequence counts once, and no count can pass the largest number */
} CellRange;

static inline void add_one(const CellRange *range, uint32_t cell, uint32_t times)
{
    cell -= range->from;
    if (cell >= range->n) return;
    const uint32_t sum = range->count[cell] + times;
    range->count[cell] = sum < times ? UINT32_MAX : sum;
}

static uint32_t times_of(const Bag *bag, int i)
{
    const double times = (double)bag->factor[i];
    return times < (double)UINT32_MAX ? (uint32_t)times : UINT32_MAX;
}

/* Sequences of equal length l, one window after the other. */
static void count_plainly(const CellRange *range, const KmerView *view, const Bag *bag, int l)
{
    int first, end;
    kmerprofile_places(&first, &end, view, l);
    for (int i = bag->first[l]; i < bag->first[l + 1]; i++) {
        const uint8_t *code = bag_codes(bag, i, l);
        const uint32_t times = bag->factor ? times_of(bag, i) : 1;
        for (int p = first; p < end; p++) add_one(range, cell_of(code + p, view), times);
    }
}

/* n sequences of equal length l end to end: the cells of the first's m windows are at 0 …, of the next's at l …, and so on. */
typedef struct {
    uint16_t three[PIECE]; /* one of the two */
    uint32_t four[PIECE];
    int n, l, m;
    int first; /* sequence of the bag */
} WindowPiece;

static inline __attribute__((always_inline)) uint32_t cell_at(const WindowPiece *piece, int at, bool is_three)
{
    return is_three ? piece->three[at] : piece->four[at];
}

/* All cells, each sequence once. The compiler does not unroll the loop, whose turns are few. */
static inline __attribute__((always_inline)) void count_all(uint32_t *count, const WindowPiece *piece, bool is_three)
{
    for (int i = 0; i < piece->n; i++) {
        int at = i * piece->l;
        const int end = at + piece->m;
        for (; at + 4 <= end; at += 4) {
            count[cell_at(piece, at, is_three)]++;
            count[cell_at(piece, at + 1, is_three)]++;
            count[cell_at(piece, at + 2, is_three)]++;
            count[cell_at(piece, at + 3, is_three)]++;
        }
        for (; at < end; at++) count[cell_at(piece, at, is_three)]++;
    }
}

static inline __attribute__((always_inline)) void count_range(const CellRange *range, const WindowPiece *piece,
                                                              const Bag *bag, bool is_three)
{
    for (int i = 0; i < piece->n; i++) {
        const uint32_t times = bag->factor ? times_of(bag, piece->first + i) : 1;
        for (int k = 0; k < piece->m; k++) add_one(range, cell_at(piece, i * piece->l + k, is_three), times);
    }
}

static void count_three(const CellRange *range, WindowPiece *piece, const uint8_t *code, const KmerView *view,
                        const Bag *bag)
{
    kmerkeys_three(piece->three, code, view->offset, (piece->n - 1) * piece->l + piece->m);
    if (range->is_simple)
        count_all(range->count, piece, true);
    else
        count_range(range, piece, bag, true);
}

static void count_four(const CellRange *range, WindowPiece *piece, const uint8_t *code, const KmerView *view,
                       const Bag *bag)
{
    kmerkeys_four(piece->four, code, view->offset, (piece->n - 1) * piece->l + piece->m);
    if (range->is_simple)
        count_all(range->count, piece, false);
    else
        count_range(range, piece, bag, false);
}

/* Sequences of equal length l ≤ PIECE, of a view of three or four places. */
static void count_pieces(const CellRange *range, const KmerView *view, const Bag *bag, int l)
{
    int first, end;
    WindowPiece piece;
    kmerprofile_places(&first, &end, view, l);
    if (first == end) return;
    piece.l = l;
    piece.m = end - first;
    for (int i = bag->first[l]; i < bag->first[l + 1]; i += piece.n) {
        piece.first = i;
        piece.n = least(bag->first[l + 1] - i, PIECE / l);
        (view->n_fixed == 3 ? count_three : count_four)(range, &piece, bag_codes(bag, i, l) + first, view, bag);
    }
}

void kmerprofile_count(uint32_t *count, int from, int n, const KmerView *view, const Bag *bag)
{
    const bool in_pieces = view->n_fixed == 3 || view->n_fixed == 4;
    const CellRange range = {.count = count,
                             .from = (uint32_t)from,
                             .n = (uint32_t)n,
                             .is_simple =
                                 n == view->n_cell && !bag->factor && kmerprofile_total(view, bag) < UINT32_MAX};
    memset(count, 0, (size_t)n * sizeof *count);
    for (int l = view->span; l <= bag->max_len; l++) {
        if (in_pieces && l <= PIECE)
            count_pieces(&range, view, bag, l);
        else
            count_plainly(&range, view, bag, l);
    }
}

/* ---- counts that are sums of others ---- */

int kmerprofile_open_place(const KmerView *four, const KmerView *three)
{
    if (four->n_fixed != 4 || three->n_fixed != 3 || four->span != three->span || four->section != three->section)
        return 0;
    if (four->offset[1] == three->offset[1]) return 2;
    return four->offset[2] == three->offset[1] ? 1 : 0;
}

void kmerprofile_sum(uint32_t *three, const uint32_t *four, int open_place)
{
    const int below =
        open_place == 1 ? KMER_LETTERS * KMER_LETTERS : KMER_LETTERS; /* cells of four per open residue */
    const int n = KMER_LETTERS * KMER_LETTERS * KMER_LETTERS;
    for (int cell = 0; cell < n; cell++) {
        const uint32_t *own = four + (Index)(cell / below) * below * KMER_LETTERS + cell % below;
        uint64_t sum = 0;
        for (int residue = 0; residue < KMER_LETTERS; residue++) sum += own[residue * below];
        three[cell] = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
    }
}

double kmerprofile_total(const KmerView *view, const Bag *bag)
{
    double total = 0;
    for (int l = view->span; l <= bag->max_len; l++) {
        int first, end;
        double times = bag->first[l + 1] - bag->first[l];
        kmerprofile_places(&first, &end, view, l);
        if (bag->factor) times = 0;
        for (int i = bag->first[l]; bag->factor && i < bag->first[l + 1]; i++) times += times_of(bag, i);
        total += times * (end - first);
    }
    return total;
}

void kmerprofile_score(double *score, const double *value, const KmerView *view, const Bag *bag, int l)
{
    int first, end;
    kmerprofile_places(&first, &end, view, l);
    for (int i = bag->first[l]; i < bag->first[l + 1]; i++) {
        const uint8_t *code = bag_codes(bag, i, l);
        for (int p = first; p < end; p++) score[i] += value[cell_of(code + p, view)];
    }
}
