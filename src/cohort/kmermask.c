/* SPDX-License-Identifier: MIT */
#include "cohort/kmermask.h"

#include <assert.h>
#include <string.h>

static int power(int n_fixed)
{
    int n = 1;
    while (n_fixed-- > 0) n *= KMER_LETTERS;
    return n;
}

typedef struct {
    KmerMask *out;
    int n, number, max_span;
} MaskList;

static void list_mask(MaskList *list, const int *offset, int n_fixed)
{
    KmerMask mask = {.n_fixed = n_fixed, .span = offset[n_fixed - 1] + 1, .first = list->number};
    mask.n_cell = power(n_fixed);
    memcpy(mask.offset, offset, (size_t)n_fixed * sizeof *offset);
    list->number += mask.n_cell;
    if (mask.span <= list->max_span) list->out[list->n++] = mask;
}

/* Those with 3 fixed places and a span of min_span … max_span, shorter ones first. */
static void list_threes(MaskList *list, int min_span, int max_span)
{
    for (int last = min_span - 1; last < max_span; last++)
        for (int middle = 1; middle < last; middle++) list_mask(list, (const int[]){0, middle, last}, 3);
}

int kmermask_list(KmerMask out[KMER_MASKS], KmerMasks which, int max_span)
{
    MaskList list = {.out = out, .max_span = max_span};
    for (int last = 3; last < 6; last++)
        for (int second = 1; second < last; second++)
            for (int third = second + 1; third < last; third++)
                list_mask(&list, (const int[]){0, second, third, last}, 4);
    list_threes(&list, 3, 5);
    if (which == KMER_MASKS_ALL) list_threes(&list, 6, KMER_SPAN);
    return list.n;
}

int kmermask_open_place(const KmerMask *four, const KmerMask *three)
{
    if (four->n_fixed != 4 || three->n_fixed != 3 || four->span != three->span) return 0;
    if (four->offset[1] == three->offset[1]) return 2;
    return four->offset[2] == three->offset[1] ? 1 : 0;
}

/* Index of the mask that `mask` is counted with; `mask` itself if it is counted alone. */
static int head_of(const KmerMask *list, int mask, int first)
{
    for (int m = first; m < mask; m++)
        if (kmermask_open_place(&list[m], &list[mask]) > 0) return m;
    return mask;
}

int kmermask_family(int out[KMER_FAMILY], const KmerMask *list, int mask, int first, int end)
{
    int n = 0;
    if (head_of(list, mask, first) != mask) return 0;
    out[n++] = mask;
    for (int m = mask + 1; m < end; m++)
        if (head_of(list, m, first) == mask) out[n++] = m;
    assert(n <= KMER_FAMILY);
    return n;
}

Kmer kmermask_kmer(const KmerMask *mask, int cell)
{
    Kmer kmer = {.n_fixed = mask->n_fixed, .span = mask->span};
    for (int f = mask->n_fixed - 1; f >= 0; f--, cell /= KMER_LETTERS) {
        kmer.offset[f] = (int8_t)mask->offset[f];
        kmer.code[f] = (int8_t)(cell % KMER_LETTERS);
    }
    return kmer;
}
