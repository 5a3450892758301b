/* SPDX-License-Identifier: MIT */
#include "cohort/genename.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const char *raw, const char *plain)
{
    char own[GENENAME_ROOM];
    cr_assert_str_eq(genename_plain(own, raw), plain, "'%s' became '%s'", raw, own);
}

Test(cohort_genename, one_gene_in_several_spellings)
{
    expect("TRBV7-9*01", "TRBV7-9");
    expect("TCRBV07-09*01", "TRBV7-9");
    expect("TCRBV07-09", "TRBV7-9");
    expect(" trbv7-9 ", "TRBV7-9");
    expect("TRBV7-9*01,TRBV7-9*03", "TRBV7-9");
    expect("TRBV7-9*01(1200.5)", "TRBV7-9");
    expect("TCRBJ02-07", "TRBJ2-7");
    expect("IGHV3-23*01", "IGHV3-23");
}

Test(cohort_genename, other_genes_stay_others)
{
    expect("TRBV10-1*02", "TRBV10-1");
    expect("TRBV20-1", "TRBV20-1");
    expect("TRBV20/OR9-2*01", "TRBV20/OR9-2");
    expect("TRAV29/DV5*01", "TRAV29/DV5");
    expect("TRBV6-10", "TRBV6-10");
    expect("TRBV0", "TRBV0");
    expect("TRBV00-01", "TRBV0-1");
}

Test(cohort_genename, unknown_ones_are_empty)
{
    expect("", "");
    expect("unresolved", "");
    expect("NA", "");
    expect("unknown", "");
}

Test(cohort_genename, long_names_are_cut)
{
    char raw[200], own[GENENAME_ROOM];
    for (int i = 0; i < 199; i++) raw[i] = 'V';
    raw[199] = '\0';
    cr_assert_eq(strlen(genename_plain(own, raw)), GENENAME_ROOM - 1);
}
