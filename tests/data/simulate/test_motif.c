/* SPDX-License-Identifier: MIT */
#include "data/bagfile/alphabet.h"
#include "data/simulate/motif.h"
#include "data/simulate/motifmatch.h"

#include <criterion/criterion.h>
#include <string.h>

static int encode(int8_t *codes, const char *text)
{
    for (int t = 0; text[t]; t++) codes[t] = (int8_t)(strchr(ALPHABET_AMINO, text[t]) - ALPHABET_AMINO);
    return (int)strlen(text);
}

Test(data_motif, a_wildcard_leaves_the_residue)
{
    int8_t codes[16], wanted[16];
    Motif m;
    MotifForm form;
    Rng rng = rng_stream(1, "test", 0);
    cr_assert_eq(motif_parse(&m, "SFZEN"), OK);
    motif_form(&form, &m, &rng);
    cr_assert_eq(rng.n, 0, "a plain motif takes no random numbers");
    const int len = encode(codes, "CASSLAPGATNEKLFF");
    motif_implant(codes, &form, 5);
    encode(wanted, "CASSLSFGENNEKLFF");
    cr_assert_arr_eq(codes, wanted, (size_t)len);
}

/* ---- forms ---- */

/* The form as text, with . for kept places. */
static void spell_form(char *text, const char *motif, Rng *rng)
{
    Motif m;
    MotifForm form;
    cr_assert_eq(motif_parse(&m, motif), OK, "%s: %s", motif, status_sentence());
    motif_form(&form, &m, rng);
    for (int k = 0; k < form.len; k++) text[k] = form.code[k] < 0 ? '.' : ALPHABET_AMINO[form.code[k]];
    text[form.len] = '\0';
}

/* How often each of the forms comes, of 4000; all others fail. */
static void count_forms(int *count, const char *motif, int n, const char *const *form)
{
    Rng rng = rng_stream(1, "test", 0);
    for (int k = 0; k < n; k++) count[k] = 0;
    for (int i = 0; i < 4000; i++) {
        char text[MOTIF_MOST + 1];
        int k = 0;
        spell_form(text, motif, &rng);
        while (k < n && strcmp(form[k], text) != 0) k++;
        cr_assert_lt(k, n, "%s: %s", motif, text);
        count[k]++;
    }
}

static void assert_shares(const char *motif, int n, const char *const *form, const double *share)
{
    int count[8];
    count_forms(count, motif, n, form);
    for (int k = 0; k < n; k++)
        cr_assert_float_eq(count[k] / 4000.0, share[k], 0.035, "%s: %s %d of 4000", motif, form[k], count[k]);
}

Test(data_motif, forms_are_as_likely_as_told)
{
    const char *const deletion[] = {"SFEN", "SEN"}, *const rare[] = {"SFEN", "SEN"}, *const class[] = {"AS", "AT"};
    const char *const gap[] = {"GN", "G.N", "G..N"}, *const both[] = {"S.EN", "SEN"}, *const one[] = {"GL.N"};
    assert_shares("SFdEN", 2, deletion, (const double[]){0.5, 0.5});
    assert_shares("SFd0.1EN", 2, rare, (const double[]){0.9, 0.1});
    assert_shares("A[ST]", 2, class, (const double[]){0.5, 0.5});
    assert_shares("G{0,2}N", 3, gap, (const double[]){1 / 3., 1 / 3., 1 / 3.});
    assert_shares("G{0-2}N*3", 3, gap, (const double[]){1 / 3., 1 / 3., 1 / 3.});
    assert_shares("SZdEN", 2, both, (const double[]){0.5, 0.5});
    assert_shares("GL-N", 1, one, (const double[]){1});
}

Test(data_motif, a_replaced_residue_is_any)
{
    Rng rng = rng_stream(2, "test", 0);
    int same = 0, seen[128] = {0};
    for (int i = 0; i < 4000; i++) {
        char text[MOTIF_MOST + 1];
        spell_form(text, "AFr0.4", &rng);
        same += strcmp(text, "AF") == 0;
        seen[(int)text[1]] = 1;
    }
    cr_assert_float_eq(same / 4000.0, 0.6 + 0.4 / 20, 0.035);
    for (const char *c = ALPHABET_AMINO; *c; c++) cr_assert(seen[(int)*c], "%c", *c);
}

Test(data_motif, weights_are_read)
{
    Motif m;
    cr_assert_eq(motif_parse(&m, "SFEN*2.5"), OK);
    cr_assert_eq(m.weight, 2.5);
    cr_assert_eq(motif_parse(&m, "SFEN"), OK);
    cr_assert_eq(m.weight, 1);
}

/* ---- what stands in a sequence ---- */

static uint64_t owners(int n, const char *const *motif, const char *text)
{
    int8_t codes[64];
    MotifMatch match = {0};
    for (int k = 0; k < n; k++) {
        Motif m;
        cr_assert_eq(motif_parse(&m, motif[k]), OK);
        cr_assert_eq(motifmatch_add(&match, &m, k), OK);
    }
    const uint64_t found = motifmatch_owners(&match, codes, encode(codes, text));
    motifmatch_free(&match);
    return found;
}

Test(data_motif, occurs_where_residues_agree)
{
    const char *const motif[] = {"SZN"};
    cr_assert(owners(1, motif, "CASWNF"));
    cr_assert(owners(1, motif, "SWN"));
    cr_assert(owners(1, motif, "CSWN"));
    cr_assert_not(owners(1, motif, "CASWWN"));
    cr_assert_not(owners(1, motif, "SW"));
    cr_assert_not(owners(1, motif, ""));
}

Test(data_motif, every_form_is_found)
{
    const char *const motif[] = {"SFdEN", "G{0,2}N", "K[ST]Z", "WrY"};
    cr_assert_eq(owners(4, motif, "CSFENF"), 1);
    cr_assert_eq(owners(4, motif, "CSENF"), 1);
    cr_assert_eq(owners(4, motif, "CGNF"), 2);
    cr_assert_eq(owners(4, motif, "CGAANF"), 2);
    cr_assert_eq(owners(4, motif, "CGAAANF"), 0);
    cr_assert_eq(owners(4, motif, "CKTAF"), 4);
    cr_assert_eq(owners(4, motif, "CKT"), 0, "a place kept at the end is a residue");
    cr_assert_eq(owners(4, motif, "CWYF"), 8);
    cr_assert_eq(owners(4, motif, "CAYF"), 0, "a residue that may be replaced is looked for as written");
    cr_assert_eq(owners(4, motif, "WYKSASFENGN"), 15);
}

/* The fast search against residue by residue, over words of many motifs. */
Test(data_motif, many_motifs_are_found_as_one_by_one)
{
    enum { N = 40 };
    Rng rng = rng_stream(3, "test", 0);
    char motif[N][8];
    const char *list[N];
    for (int k = 0; k < N; k++) {
        const int len = 2 + (int)rng_below(&rng, 5);
        for (int t = 0; t < len; t++)
            motif[k][t] = t && t < len - 1 && rng_below(&rng, 3) == 0 ? 'Z' : ALPHABET_AMINO[rng_below(&rng, 20)];
        motif[k][len] = '\0';
        list[k] = motif[k];
    }
    for (int i = 0; i < 200; i++) {
        char text[32];
        uint64_t wanted = 0;
        const int len = (int)rng_below(&rng, 31);
        for (int t = 0; t < len; t++) text[t] = ALPHABET_AMINO[rng_below(&rng, 20)];
        text[len] = '\0';
        for (int k = 0; k < N; k++)
            for (int at = 0; at + (int)strlen(motif[k]) <= len; at++) {
                bool all = true;
                for (size_t t = 0; motif[k][t]; t++) all &= motif[k][t] == 'Z' || motif[k][t] == text[(size_t)at + t];
                if (all) wanted |= UINT64_C(1) << k;
            }
        cr_assert_eq(owners(N, list, text), wanted, "%s", text);
    }
}

Test(data_motif, too_many_forms_are_said)
{
    Motif m;
    MotifMatch match = {0};
    cr_assert_eq(motif_parse(&m, "AdCdDdEdFdGdHdIdKdLdMdNdPdQdRdSdTdVdWdYd"), OK);
    cr_assert_eq(motifmatch_add(&match, &m, 0), ERR_CONFIG);
    cr_assert(strstr(status_sentence(), "deletions and gaps"));
    motifmatch_free(&match);
}

/* ---- places ---- */

/* Every allowed offset comes up, and no other. */
static void assert_offsets(const char *position, int len, int least, int most)
{
    int seen[64] = {0};
    Motif m;
    Place place;
    Rng rng = rng_stream(1, "test", 0);
    cr_assert_eq(motif_parse(&m, "LDR"), OK);
    cr_assert_eq(motif_place_parse(&place, position), OK);
    for (int i = 0; i < 2000; i++) {
        const int offset = motif_offset(m.len_max, &place, len, &rng);
        if (least < 0)
            cr_assert_eq(offset, -1);
        else
            seen[offset]++;
    }
    for (int t = 0; least >= 0 && t < 64; t++) cr_assert_eq(seen[t] > 0, t >= least && t <= most, "offset %d", t);
}

Test(data_motif, positions)
{
    assert_offsets("middle", 14, 4, 7);
    assert_offsets("middle", 11, 4, 4);
    assert_offsets("middle", 10, -1, -1);
    assert_offsets("anywhere", 14, 0, 11);
    assert_offsets("anywhere", 3, 0, 0);
    assert_offsets("anywhere", 2, -1, -1);
    assert_offsets("centre", 14, 5, 5);
    assert_offsets("centre", 2, -1, -1);
    assert_offsets("6", 14, 6, 6);
    assert_offsets("11", 14, 11, 11);
    assert_offsets("12", 14, -1, -1);
}

Test(data_motif, wrong_ones_are_said)
{
    const char *motif[] = {
        "",    "SFxEN", "Z",     "ZZZ", "sfe",    "S EN",    "ACDEFGHIKLMNPQRSTVWYACDEFGHIKLMNPQRSTVWY",
        "[ST", "[]A",   "[SZ]A", "A{1", "A{2,1}", "A{1,99}", "A{,2}",
        "Zr",  "Ad2",   "Ar1.5", "A*0", "A*",     "A*2B",    "Z{1,2}",
        "*2",  "Ad1"};
    const char *position[] = {"", "left", "-1", "2.5", "99999999999"};
    Motif m;
    Place place;
    for (size_t i = 0; i < sizeof motif / sizeof *motif; i++) {
        cr_assert_eq(motif_parse(&m, motif[i]), ERR_CONFIG, "%s", motif[i]);
        cr_assert(strstr(status_sentence(), motif[i]));
    }
    for (size_t i = 0; i < sizeof position / sizeof *position; i++)
        cr_assert_eq(motif_place_parse(&place, position[i]), ERR_CONFIG, "%s", position[i]);
}
