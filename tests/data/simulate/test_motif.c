/* SPDX-License-Identifier: MIT */
#include "data/bagfile/alphabet.h"
#include "data/simulate/motif.h"

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
    cr_assert_eq(motif_parse(&m, "SFZEN"), OK);
    const int len = encode(codes, "CASSLAPGATNEKLFF");
    motif_implant(codes, &m, 5);
    encode(wanted, "CASSLSFGENNEKLFF");
    cr_assert_arr_eq(codes, wanted, (size_t)len);
}

Test(data_motif, occurs_where_residues_agree)
{
    int8_t codes[16];
    Motif m;
    cr_assert_eq(motif_parse(&m, "SZN"), OK);
    cr_assert(motif_occurs(&m, codes, encode(codes, "CASWNF")));
    cr_assert(motif_occurs(&m, codes, encode(codes, "SWN")));
    cr_assert(motif_occurs(&m, codes, encode(codes, "CSWN")));
    cr_assert_not(motif_occurs(&m, codes, encode(codes, "CASWWN")));
    cr_assert_not(motif_occurs(&m, codes, encode(codes, "SW")));
    cr_assert_not(motif_occurs(&m, codes, 0));
}

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
        const int offset = motif_offset(&m, &place, len, &rng);
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
    assert_offsets("6", 14, 6, 6);
    assert_offsets("11", 14, 11, 11);
    assert_offsets("12", 14, -1, -1);
}

Test(data_motif, wrong_ones_are_said)
{
    const char *motif[] = {"", "SFxEN", "Z", "ZZZ", "sfe", "S EN", "ACDEFGHIKLMNPQRSTVWYACDEFGHIKLMNPQRSTVWY"};
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
