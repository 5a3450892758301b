/* SPDX-License-Identifier: MIT */
#include "data/bagfile/alphabet.h"
#include "data/simulate/motifset.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Recipe recipe;
    MotifSet set;
    Motif *motif;
    void *state;
    Arena memory;
    Repertoire drawn;
} Fixture;

static void open_fixture(Fixture *f, const char *background, const char *position, int n_motif,
                         const char *const *motif)
{
    const BackgroundType *const *type = background_types;
    while (*type && strcmp((*type)->name, background) != 0) type++;
    cr_assert(*type);
    char all[256] = "";
    const char *signal = all;
    for (int m = 0; m < n_motif; m++) {
        strcat(all, m ? " " : "");
        strcat(all, motif[m]);
    }
    *f = (Fixture){.recipe = {.background = *type, .stride = (*type)->max_len, .n_signal = 1}};
    f->state = malloc((*type)->size);
    (*type)->init(f->state, NULL, NULL, NULL);
    f->recipe.state = f->state;
    if (n_motif) cr_assert_eq(motifset_open(&f->set, &signal, 1, IMPLANT_REPLACE), OK);
    f->motif = f->set.motif;
    cr_assert_eq(motif_place_parse(&f->set.place, position), OK);
    f->recipe.carriers = &motifset_carriers;
    f->recipe.carrying = &f->set;
}

static void draw(Fixture *f, int n, int n_carrier, uint64_t stream)
{
    Rng rng = rng_stream(5, "test", stream);
    const RepertoireOrder order = {.n = n, .n_carrier = &n_carrier};
    repertoire_plan(&f->drawn, &f->memory, &f->recipe, n, n_carrier);
    cr_assert_eq(arena_reserve(&f->memory, "test"), OK);
    repertoire_plan(&f->drawn, &f->memory, &f->recipe, n, n_carrier);
    repertoire_draw(&f->drawn, &f->recipe, &order, &rng, NULL);
}

static void close_fixture(Fixture *f)
{
    arena_free(&f->memory);
    motifset_free(&f->set);
    free(f->state);
}

static const int8_t *row_of(const Repertoire *r, int i)
{
    return r->codes + (size_t)i * (size_t)r->stride;
}

static int code_of(char letter)
{
    return (int)(strchr(ALPHABET_AMINO, letter) - ALPHABET_AMINO);
}

/* ---- the background ---- */

Test(data_repertoire, trb_has_the_tables_lengths_and_ends)
{
    enum { N = 20000 };
    Fixture f;
    double sum = 0, squares = 0;
    int foreign = 0;
    open_fixture(&f, "trb", "middle", 0, NULL);
    draw(&f, N, 0, 0);
    for (int i = 0; i < N; i++) {
        const int8_t *codes = row_of(&f.drawn, i);
        const int len = (int)f.drawn.len[i];
        foreign += codes[0] != code_of('C') || codes[len - 1] != code_of('F');
        cr_assert(len >= 8 && len <= 24);
        for (int t = 0; t < f.drawn.stride; t++)
            cr_assert(t < len ? codes[t] >= 0 && codes[t] < 20 : codes[t] == -1, "row %d position %d", i, t);
        cr_assert_eq(f.drawn.count[i], 1);
        sum += len;
        squares += (double)len * len;
    }
    const double mean = sum / N, deviation = sqrt(squares / N - mean * mean);
    cr_assert_float_eq(mean, 14.68, 0.05, "mean length %.3f", mean);
    cr_assert_float_eq(deviation, 1.69, 0.05, "standard deviation %.3f", deviation);
    cr_assert_eq(foreign, 0);
    close_fixture(&f);
}

static int compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, 24);
}

/* Distinct sequences of a that b has too. */
static int shared(const Repertoire *a, const Repertoire *b)
{
    int n = 0;
    cr_assert_eq(a->stride, 24);
    qsort(a->codes, (size_t)a->n, 24, compare_rows);
    qsort(b->codes, (size_t)b->n, 24, compare_rows);
    for (int i = 0; i < a->n; i++)
        if (i == 0 || memcmp(row_of(a, i), row_of(a, i - 1), 24) != 0)
            n += bsearch(row_of(a, i), b->codes, (size_t)b->n, 24, compare_rows) != NULL;
    return n;
}

Test(data_repertoire, trb_repeats_public_sequences_as_donors_do)
{
    enum { N = 40000 };
    Fixture a, b;
    open_fixture(&a, "trb", "middle", 0, NULL);
    open_fixture(&b, "trb", "middle", 0, NULL);
    draw(&a, N, 0, 1);
    draw(&b, N, 0, 2);
    const int n = shared(&a.drawn, &b.drawn);
    cr_assert(n >= 400 && n <= 750, "%d sequences are in both", n);
    close_fixture(&a);
    close_fixture(&b);
}

Test(data_repertoire, uniform_residues_are_even)
{
    enum { N = 20000 };
    Fixture f;
    double count[20] = {0}, all = 0, chi2 = 0;
    open_fixture(&f, "uniform", "anywhere", 0, NULL);
    draw(&f, N, 0, 0);
    for (int i = 0; i < N; i++)
        for (int t = 0; t < f.drawn.len[i]; t++) count[row_of(&f.drawn, i)[t]]++;
    for (int c = 0; c < 20; c++) all += count[c];
    for (int c = 0; c < 20; c++) chi2 += pow(count[c] - all / 20, 2) / (all / 20);
    cr_assert_lt(chi2, 43.8, "chi² with 19 degrees of freedom is %g, p < 0.001", chi2);
    cr_assert_float_eq(all / N, 14.5, 0.05);
    close_fixture(&f);
}

/* ---- carriers ---- */

/* The carrier's row is its original with the motif written at the offset, which the position allows. */
static void assert_carrier(const Fixture *f, const Carrier *c, int margin)
{
    const Motif *m = &f->motif[c->motif];
    const int8_t *codes = row_of(&f->drawn, c->row);
    const int len = (int)f->drawn.len[c->row];
    MotifForm form;
    Rng rng = rng_stream(0, "plain", 0);
    motif_form(&form, m, &rng);
    cr_assert(c->offset >= margin && c->offset + form.len <= len - margin);
    for (int t = 0; t < len; t++) {
        const int k = t - c->offset;
        const bool written = k >= 0 && k < form.len && form.code[k] >= 0;
        cr_assert_eq(codes[t], written ? form.code[k] : c->original[t]);
    }
    cr_assert(motifmatch_owners(&f->set.match, codes, len));
}

Test(data_repertoire, carriers_are_exact_and_as_told)
{
    const char *const motif[] = {"SFZEN", "LDR", "ACDEFGHIK"};
    const char *const position[] = {"middle", "anywhere"};
    for (int p = 0; p < 2; p++) {
        Fixture f;
        int by_motif[3] = {0}, before = -1;
        open_fixture(&f, "trb", position[p], 3, motif);
        draw(&f, 5000, 300, 3);
        cr_assert_eq(f.drawn.n_carrier, 300);
        for (int i = 0; i < 300; i++) {
            const Carrier *c = &f.drawn.carrier[i];
            cr_assert_gt(c->row, before);
            before = c->row;
            by_motif[c->motif]++;
            assert_carrier(&f, c, p == 0 ? 4 : 0);
        }
        for (int m = 0; m < 3; m++) cr_assert(by_motif[m] > 60 && by_motif[m] < 140);
        close_fixture(&f);
    }
}

Test(data_repertoire, all_or_no_sequences_may_be_carriers)
{
    const char *const motif[] = {"LDR"};
    const int n_carrier[] = {0, 1, 99, 100};
    for (int k = 0; k < 4; k++) {
        Fixture f;
        open_fixture(&f, "trb", "middle", 1, motif);
        draw(&f, 100, n_carrier[k], 0);
        cr_assert_eq(f.drawn.n_carrier, n_carrier[k]);
        close_fixture(&f);
    }
}

Test(data_repertoire, carriers_stand_at_random_rows)
{
    enum { N = 50, C = 5, REPEATS = 4000 };
    const char *const motif[] = {"LDR"};
    double count[N] = {0}, chi2 = 0;
    Fixture f;
    open_fixture(&f, "uniform", "anywhere", 1, motif);
    draw(&f, N, C, 0);
    for (uint64_t k = 0; k < REPEATS; k++) {
        Rng rng = rng_stream(6, "test", k);
        repertoire_draw(&f.drawn, &f.recipe, &(RepertoireOrder){.n = N, .n_carrier = (const int[]){C}}, &rng, NULL);
        for (int i = 0; i < C; i++) count[f.drawn.carrier[i].row]++;
    }
    const double p = (double)C / N, variance = REPEATS * p * (1 - p) * N / (N - 1.0);
    for (int i = 0; i < N; i++) chi2 += pow(count[i] - REPEATS * p, 2) / variance;
    cr_assert_lt(chi2, 85.4, "chi² with 49 degrees of freedom is %g, p < 0.001", chi2);
    close_fixture(&f);
}

Test(data_repertoire, accidental_carriers_are_counted)
{
    const char *const motif[] = {"SZN"};
    Fixture f;
    int64_t n = 0;
    open_fixture(&f, "trb", "middle", 1, motif);
    draw(&f, 20000, 100, 0);
    for (int i = 0; i < f.drawn.n; i++)
        n += motifmatch_owners(&f.set.match, row_of(&f.drawn, i), (int)f.drawn.len[i]) != 0;
    cr_assert_eq(f.drawn.n_accidental, n - 100);
    cr_assert_gt(f.drawn.n_accidental, 0);
    close_fixture(&f);
}

Test(data_repertoire, a_motif_that_does_not_fit_is_seen)
{
    const char *const motif[] = {"LDR", "ACDEFGHIKLMNPQRSTVWYA"};
    Fixture f;
    Rng rng = rng_stream(1, "test", 0);
    open_fixture(&f, "trb", "middle", 2, motif);
    cr_assert_gt(motifset_fit(&f.set, &f.recipe, 0, 1000, &rng), 0.95);
    cr_assert_eq(motifset_fit(&f.set, &f.recipe, 1, 1000, &rng), 0);
    close_fixture(&f);
}
