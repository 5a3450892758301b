/* SPDX-License-Identifier: MIT
 *
 * test_memefile.c: motifs in MEME's minimal format, whole and damaged.
 */
#include "study/memefile.h"
#include "support/scratch.h"

#include <criterion/criterion.h>

#define SUITE study_memefile
#define HEAD  "MEME version 4\n\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n\n"
#define ROW   "0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05 0.05\n"
#define PURE  " 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

TestSuite(SUITE, .init = scratch_make, .fini = scratch_remove);

static Status read_text(MemeFile *out, const char *text)
{
    return memefile_read(out, scratch_text("motifs.meme", text));
}

Test(SUITE, two_motifs)
{
    MemeFile m;
    cr_assert_eq(read_text(&m,
                           HEAD "Background letter frequencies\nA 0.1 C 0.9 D 0\nE 0.5\n\n"
                                "MOTIF 1 SF\nletter-probability matrix: alength= 20 w= 2 nsites= 9 E= 0\n" PURE ROW
                                "\nMOTIF 2\nletter-probability matrix: alength= 20 w= 1\n" ROW),
                 OK);
    cr_assert_eq(m.n, 2);
    cr_expect_str_eq(m.motif[0].name, "1 SF");
    cr_expect_eq(m.motif[0].n, 2);
    cr_expect_eq(m.motif[0].probability[0], 1);
    cr_expect_eq(m.motif[0].probability[20], 0.05);
    cr_expect_eq(m.motif[1].n, 1);
    cr_expect(m.has_background && m.background[1] == 0.9 && m.background[3] == 0.5);
    memefile_free(&m);
}

Test(SUITE, a_file_without_motifs)
{
    MemeFile m;
    cr_assert_eq(read_text(&m, HEAD), OK);
    cr_expect_eq(m.n, 0);
    memefile_free(&m);
}

Test(SUITE, damaged_files)
{
    static const char *const text[] = {
        "MEME version 4\nALPHABET= ACGT\n",
        "nothing\n",
        HEAD "letter-probability matrix: w= 1\n" ROW,
        HEAD "MOTIF a\nletter-probability matrix: w= 0\n",
        HEAD "MOTIF a\nletter-probability matrix: w= 100000000\n",
        HEAD "MOTIF a\nletter-probability matrix:\n",
        HEAD "MOTIF a\nletter-probability matrix: w= 2\n" ROW,
        HEAD "MOTIF a\nletter-probability matrix: w= 1\n0.5 0.5\n",
        HEAD "MOTIF a\nletter-probability matrix: w= 1\n" ROW "letter-probability matrix: w= 1\n" ROW,
        HEAD "Background letter frequencies\nA\n",
        HEAD "Background letter frequencies\nB 0.5\n",
    };
    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        MemeFile m;
        cr_expect_eq(read_text(&m, text[k]), ERR_FORMAT, "file %zu", k);
    }
}
