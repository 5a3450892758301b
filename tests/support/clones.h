/* SPDX-License-Identifier: MIT
 *
 * clones.h: a small cohort in the scratch folder whose bags share sequences, and the same sequences as text.
 */
#ifndef HOPSACK_TEST_CLONES_H
#define HOPSACK_TEST_CLONES_H

#include "cohort/cohort.h"
#include "core/rng.h"
#include "support/bags.h"
#include "support/scratch.h"

#include <criterion/criterion.h>

enum { CLONES_BAGS = 23, CLONES_SEQUENCES = 60, CLONES_LONGEST = 27 };

static Cohort clones;
static bool clones_use[CLONES_BAGS];
static int clones_n[CLONES_BAGS]; /* rows of a bag */
static char clones_text[CLONES_BAGS][CLONES_SEQUENCES][CLONES_LONGEST + 1];
static int16_t clones_gene[CLONES_BAGS][2 * CLONES_SEQUENCES]; /* V, then J from CLONES_SEQUENCES on */

static void (*clones_planted)(void); /* changes texts before they are written; NULL: nothing */

/* From a pool whose first sequences are frequent; some differ in one residue, some are empty, some occur twice. */
static inline void clones_draw(char *text, Rng *rng)
{
    const char *alphabet = "ACDEFGHIKLMNPQRSTVWY";
    const uint64_t number = rng_below(rng, 1 + rng_below(rng, 150));
    Rng own = rng_stream(5, "pool", number);
    const int len = number == 7 ? 0 : 1 + (int)rng_below(&own, CLONES_LONGEST);
    for (int t = 0; t < len; t++) text[t] = alphabet[rng_below(&own, 20)];
    text[len] = '\0';
    if (len > 0 && rng_below(rng, 4) == 0) text[rng_below(rng, (uint64_t)len)] = alphabet[rng_below(rng, 3)];
}

static inline void clones_add(BagWriter *w, int b)
{
    static int8_t codes[CLONES_SEQUENCES * CLONES_LONGEST];
    static int64_t len[CLONES_SEQUENCES], count[CLONES_SEQUENCES];
    char key[16];
    snprintf(key, sizeof key, "bag%02d", b);
    memset(codes, -1, sizeof codes);
    for (int i = 0; i < clones_n[b]; i++) {
        const char *text = clones_text[b][i];
        len[i] = (int64_t)strlen(text);
        count[i] = 1 + i % 3;
        for (int t = 0; text[t]; t++)
            codes[i * CLONES_LONGEST + t] =
                (int8_t)(strchr("ACDEFGHIKLMNPQRSTVWY", text[t]) - "ACDEFGHIKLMNPQRSTVWY");
    }
    const BagWriterRows rows = {.codes = codes,
                                .stride = CLONES_LONGEST,
                                .len = len,
                                .count = count,
                                .v = clones_gene[b],
                                .j = clones_gene[b] + CLONES_SEQUENCES,
                                .n = clones_n[b]};
    cr_assert_eq(bagwriter_add(w, key, &rows), OK, "%s", status_sentence());
}

/* Fills the statics above; bag 3 has one sequence without residues, bag 5 not in use. */
static inline void clones_open(void)
{
    static const char *const v[] = {"TRBV1", "TRBV2"}, *const j[] = {"TRBJ1-1", "TRBJ2-1"};
    const BagWriterOptions o = {.spec = TEST_SPEC(CLONES_LONGEST), .force = true};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, in_scratch("clones.h5"), &o), OK, "%s", status_sentence());
    cr_assert_eq(bagwriter_genes(w, v, 2, j, 2), OK, "%s", status_sentence());
    for (int b = 0; b < CLONES_BAGS; b++) {
        Rng rng = rng_stream(3, "bag", (uint64_t)b);
        clones_n[b] = b == 3 ? 1 : 20 + (int)rng_below(&rng, CLONES_SEQUENCES - 19);
        clones_use[b] = b != 5;
        for (int i = 0; i < clones_n[b]; i++) {
            if (b != 3) clones_draw(clones_text[b][i], &rng);
            for (int k = 0; k < 2; k++)
                clones_gene[b][k * CLONES_SEQUENCES + i] = (int16_t)((int)rng_below(&rng, 3) - 1);
        }
    }
    if (clones_planted) clones_planted();
    for (int b = 0; b < CLONES_BAGS; b++) clones_add(w, b);
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
    cr_assert_eq(cohort_open(&clones, in_scratch("clones.h5"), NULL, "auto", false), OK, "%s", status_sentence());
    cr_assert_eq(clones.n, CLONES_BAGS);
}

static inline void clones_close(void)
{
    cohort_close(&clones);
    scratch_remove();
}

/* ---- plain: texts of a bag, and which bags hold one ---- */

/* Does row i of bag b make this text: itself, or with `pattern` one of its patterns; with `genes` followed by its genes. */
static inline bool clones_makes(int b, int i, const char *text, bool pattern, bool genes)
{
    const char *own = clones_text[b][i];
    const size_t len = strlen(own);
    int differ = 0;
    if (!*own || strncmp(text, own, len) != 0) {
        if (!*own || !pattern || strlen(text) != len) return false;
        for (size_t t = 0; t < len; t++) differ += text[t] != own[t] && text[t] != '.' ? 2 : text[t] == '.';
        return differ == 1;
    }
    if (!genes) return !pattern && text[len] == '\0';
    return text[len] == ' ' && text[len + 1] == (char)('1' + clones_gene[b][i]) &&
           text[len + 2] == (char)('1' + clones_gene[b][CLONES_SEQUENCES + i]) && text[len + 3] == '\0';
}

static inline bool clones_holds(int b, const char *text, bool pattern, bool genes)
{
    for (int i = 0; i < clones_n[b]; i++)
        if (clones_makes(b, i, text, pattern, genes)) return true;
    return false;
}

#endif
