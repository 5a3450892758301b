/* SPDX-License-Identifier: MIT
 *
 * test_windowmotif.c: motifs from windows that were planted: two at once, one with a gap of several lengths, and none.
 */
#include "study/windowmotif.h"
#include "core/rng.h"
#include "data/bagfile/alphabet.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SUITE    study_windowmotif
#define LENGTH   16
#define RESIDUES 9 /* of a window */
#define MOST     600
#define LEAST    5 /* sequences of a motif */
#define N_OTHERS 5000

TestSuite(SUITE);

typedef struct {
    Rng rng;
    MotifBackground background;
    MotifWindow window[MOST];
    int n, n_motif;
    WindowMotif *motif;
} Planted;

static void draw(uint8_t *code, Rng *rng)
{
    for (int t = 0; t < LENGTH; t++) code[t] = (uint8_t)rng_below(rng, MOTIF_LETTERS);
}

static Planted *planted_new(uint64_t seed)
{
    uint8_t code[LENGTH];
    Planted *p = calloc(1, sizeof *p);
    cr_assert_not_null(p);
    p->rng = rng_stream(seed, "windows", 0);
    cr_assert_eq(windowmotif_background_open(&p->background, LENGTH), OK);
    for (int i = 0; i < N_OTHERS; i++) {
        draw(code, &p->rng);
        windowmotif_background_add(&p->background, code, LENGTH);
    }
    windowmotif_background_settle(&p->background);
    return p;
}

static void planted_free(Planted *p)
{
    windowmotif_background_free(&p->background);
    free(p->motif);
    free(p);
}

/* Windows of n sequences with the text in them, '.' being any residue; the text begins at one of the first places. Its letters
 * matter most, and others a little. */
static void plant(Planted *p, const char *text, int n)
{
    const int size = (int)strlen(text);
    for (int i = 0; i < n; i++) {
        uint8_t code[LENGTH];
        MotifWindow *w = &p->window[p->n];
        cr_assert_lt(p->n, MOST);
        draw(code, &p->rng);
        *w = (MotifWindow){.len = LENGTH, .weight = 0.5 + rng_uniform(&p->rng), .member = p->n / 3, .row = p->n % 3};
        w->position = 2 + (int)rng_below(&p->rng, LENGTH - RESIDUES - 3);
        const int at = (int)rng_below(&p->rng, (uint64_t)(RESIDUES - size + 1 < 3 ? RESIDUES - size + 1 : 3));
        for (int q = 0; q < RESIDUES; q++) {
            const int k = q - at;
            const bool fixed = k >= 0 && k < size && text[k] != '.';
            w->code[q] = fixed ? (uint8_t)(strchr(ALPHABET_AMINO, text[k]) - ALPHABET_AMINO) : code[w->position + q];
            w->use[q] = (float)(fixed ? 0.7 + 0.3 * rng_uniform(&p->rng) : 0.3 * rng_uniform(&p->rng));
        }
        p->n++;
    }
}

static void find(Planted *p)
{
    cr_assert_eq(windowmotif_find(&p->motif, &p->n_motif, p->window, p->n, RESIDUES, &p->background, LEAST), OK);
}

/* The motif of that consensus; NULL: there is none. */
static const WindowMotif *motif_of(const Planted *p, const char *consensus)
{
    for (int k = 0; k < p->n_motif; k++)
        if (strcmp(p->motif[k].consensus, consensus) == 0) return &p->motif[k];
    return NULL;
}

static void expect_motif(const Planted *p, const char *consensus, int n)
{
    const WindowMotif *m = motif_of(p, consensus);
    cr_assert_not_null(m, "no %s; the largest of %d is %s", consensus, p->n_motif,
                       p->n_motif > 0 ? p->motif[0].consensus : "none");
    cr_expect(m->n_sequence >= 0.9 * n && m->n_sequence <= 1.1 * n, "%s in %d sequences, planted in %d", consensus,
              m->n_sequence, n);
    for (int c = 0; c < m->n_column; c++)
        cr_expect((m->bits[c] < 0.5) == (consensus[c] == '.'), "%s: %.2f bits in column %d", consensus, m->bits[c],
                  c);
}

Test(SUITE, two_at_once)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Planted *p = planted_new(seed);
        plant(p, "SF.EN", 120);
        plant(p, "KPAH", 60);
        find(p);
        expect_motif(p, "SF.EN", 120);
        expect_motif(p, "KPAH", 60);
        planted_free(p);
    }
}

/* Two of four letters agree at a time, so each may pass for the other. */
Test(SUITE, a_gap_of_several_lengths)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Planted *p = planted_new(seed);
        plant(p, "SFEN", 80);
        plant(p, "SF.EN", 80);
        plant(p, "SF..EN", 80);
        find(p);
        expect_motif(p, "SFEN", 80);
        expect_motif(p, "SF.EN", 80);
        expect_motif(p, "SF..EN", 80);
        planted_free(p);
    }
}

Test(SUITE, residues_by_chance_are_no_large_motif)
{
    Planted *p = planted_new(1);
    plant(p, ".........", 400);
    find(p);
    for (int k = 0; k < p->n_motif; k++)
        cr_expect_lt(p->motif[k].n_sequence, 40, "%s in %d of 400", p->motif[k].consensus, p->motif[k].n_sequence);
    planted_free(p);
}
