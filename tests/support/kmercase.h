/* SPDX-License-Identifier: MIT
 *
 * kmercase.h: a small cohort of sequences, and its k-mers counted by plain loops from what was written into the file.
 */
#ifndef HOPSACK_TEST_KMERCASE_H
#define HOPSACK_TEST_KMERCASE_H

#include "cohort/cohort.h"
#include "cohort/kmerprofile.h"
#include "support/bags.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <math.h>

enum { CASE_BAGS = 11, CASE_SEQUENCES = 70, CASE_LENGTH = 21 };

/* Bag 3 has no window at all, and bag 4 few. */
typedef struct {
    int n[CASE_BAGS];
    int8_t codes[CASE_BAGS][CASE_SEQUENCES * CASE_LENGTH];
    int64_t len[CASE_BAGS][CASE_SEQUENCES], count[CASE_BAGS][CASE_SEQUENCES];
    Cohort cohort;
} KmerCase;

static KmerCase kmer_case;

/* Few letters are frequent, so that k-mers repeat. */
static inline void case_fill(KmerCase *k, int b)
{
    Rng rng = rng_stream(5, "k-mer case", (uint64_t)b);
    k->n[b] = b == 3 ? 1 : CASE_SEQUENCES - 5 * (b % 4);
    memset(k->codes[b], -1, sizeof k->codes[b]);
    for (int i = 0; i < k->n[b]; i++) {
        k->len[b][i] = b == 3 || b == 4 ? 2 + i % 4 : 1 + (int64_t)rng_below(&rng, CASE_LENGTH);
        k->count[b][i] = i == 0 ? 0 : 1 + (int64_t)rng_below(&rng, i % 10 == 1 ? 100000 : 5);
        for (int t = 0; t < (int)k->len[b][i]; t++)
            k->codes[b][i * CASE_LENGTH + t] =
                (int8_t)(rng_below(&rng, 3) ? rng_below(&rng, 4) + (uint64_t)(b % 3) * 5 : rng_below(&rng, 20));
    }
}

static inline void case_open(KmerCase *k, const char *name)
{
    const BagWriterOptions o = {.spec = TEST_SPEC(CASE_LENGTH), .force = true};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, in_scratch(name), &o), OK, "%s", status_sentence());
    for (int b = 0; b < CASE_BAGS; b++) {
        char key[16];
        case_fill(k, b);
        snprintf(key, sizeof key, "bag%d", b);
        const BagWriterRows rows = {
            .codes = k->codes[b], .stride = CASE_LENGTH, .len = k->len[b], .count = k->count[b], .n = k->n[b]};
        cr_assert_eq(bagwriter_add(w, key, &rows), OK, "%s", status_sentence());
    }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
    cr_assert_eq(cohort_open(&k->cohort, in_scratch(name), NULL, "auto", false), OK, "%s", status_sentence());
}

static inline void case_close(KmerCase *k)
{
    cohort_close(&k->cohort);
}

/* ---- plain counting ---- */

static inline bool plain_in_section(KmerSection section, int p, int span, int l)
{
    const double centre = p + 0.5 * span;
    const bool core = p >= 4 && p + span <= l - 4;
    switch (section) {
    case SECTION_ALL:
        return true;
    case SECTION_CORE:
        return core;
    case SECTION_LEFT:
        return core && centre - 4 <= 0.5 * (l - 8);
    case SECTION_RIGHT:
        return core && centre - 4 >= 0.5 * (l - 8);
    case SECTION_START:
        return 3 * centre < l;
    case SECTION_MIDDLE:
        return 3 * centre >= l && 3 * centre < 2 * l;
    case SECTION_END:
        return 3 * centre >= 2 * l;
    }
    return false;
}

/* Cell of the window at `code`; the mask is text. */
static inline int plain_cell(const int8_t *code, const char *mask)
{
    int cell = 0;
    for (int t = 0; mask[t]; t++)
        if (mask[t] == 'x') cell = cell * 20 + code[t];
    return cell;
}

/* count [cells of the view]; returns their sum. */
static inline double plain_count(double *count, const KmerCase *k, int b, const KmerViewText *view, bool by_counts)
{
    const int span = (int)strlen(view->mask);
    double total = 0;
    for (int i = 0; i < k->n[b]; i++)
        for (int p = 0; p + span <= (int)k->len[b][i]; p++) {
            const double times = by_counts ? (double)k->count[b][i] : 1;
            if (!plain_in_section(view->section, p, span, (int)k->len[b][i])) continue;
            count[plain_cell(k->codes[b] + i * CASE_LENGTH + p, view->mask)] += times;
            total += times;
        }
    return total;
}

#endif
