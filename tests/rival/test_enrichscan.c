/* SPDX-License-Identifier: MIT
 *
 * test_enrichscan.c: marks of k-mers and their tests against plain loops over the texts of a small cohort.
 */
#include "rival/enrichscan.h"
#include "support/clones.h"

#include <math.h>

#define SUITE rival_enrichscan
TestSuite(rival_enrichscan, .init = scratch_make, .fini = clones_close);

static const KmerViewText views[] = {{"xx", SECTION_ALL}, {"x.x", SECTION_ALL}, {0}};

static int count_of(int bag, const char *mask, int cell)
{
    const char *alphabet = "ACDEFGHIKLMNPQRSTVWY";
    const int span = (int)strlen(mask);
    int n = 0;
    for (int i = 0; i < clones_n[bag]; i++) {
        const char *text = clones_text[bag][i];
        for (int t = 0; t + span <= (int)strlen(text); t++)
            n += text[t] == alphabet[cell / 20] && text[t + span - 1] == alphabet[cell % 20];
    }
    return n;
}

static int total_of(int bag, const char *mask)
{
    int n = 0;
    for (int i = 0; i < clones_n[bag]; i++) {
        const int windows = (int)strlen(clones_text[bag][i]) - (int)strlen(mask) + 1;
        n += windows > 0 ? windows : 0;
    }
    return n;
}

static bool positive(int bag)
{
    return bag % 3 == 0;
}

/* Does a bag have a mark? */
static bool has(int bag, const char *mask, int cell, double scale, double level)
{
    const int count = count_of(bag, mask, cell), total = total_of(bag, mask);
    return level > 0 ? total > 0 && count * (scale / total) > level : count > 0;
}

static double plain_z(const char *mask, int cell, double scale, double level)
{
    double n[2] = {0}, with[2] = {0};
    for (int b = 0; b < CLONES_BAGS; b++) {
        if (!clones_use[b]) continue;
        n[positive(b)]++;
        with[positive(b)] += has(b, mask, cell, scale, level);
    }
    const double p = (with[0] + with[1]) / (n[0] + n[1]);
    return (with[1] / n[1] - with[0] / n[0]) / sqrt(p * (1 - p) * (1 / n[0] + 1 / n[1]));
}

static double plain_scale(const char *mask)
{
    double sum = 0;
    int n = 0;
    for (int b = 0; b < CLONES_BAGS; b++)
        if (clones_use[b]) sum += total_of(b, mask), n++;
    return sum / n;
}

Test(SUITE, marks_are_those_of_plain_loops)
{
    KmerBlocks *blocks;
    EnrichScan scan;
    clones_open();
    const KmerProfile profile = kmerprofile_new(views);
    const KmerBlocksSetup setup = {.cohort = &clones, .use = clones_use};
    cr_assert_eq(kmerblocks_open(&blocks, &profile, &setup), OK, "%s", status_sentence());
    cr_assert_eq(enrichscan_new(&scan, kmerblocks_n(blocks), 2), OK);
    for (int i = 0; i < scan.n; i++) {
        const int b = kmerblocks_member(blocks)[i];
        enrichscan_add(&scan, 0, i, positive(b));
        enrichscan_add(&scan, 1, i, !positive(b));
    }
    cr_assert_eq(enrichscan_run(&scan, blocks), OK, "%s", status_sentence());
    const EnrichProblem *p = &scan.problem[0];
    int often = 0;
    cr_assert_eq(p->n_mark, ENRICHSCAN_KEPT);
    for (int m = 0; m < p->n_mark; m++) {
        const EnrichMark *mark = &p->mark[m];
        const int view = mark->cell >= profile.view[1].first;
        const double scale = plain_scale(views[view].mask);
        cr_assert_float_eq(scan.scale[view], scale, 1e-9);
        cr_assert_float_eq(
            mark->z, plain_z(views[view].mask, mark->cell - profile.view[view].first, scale, mark->level), 1e-12);
        cr_assert(m == 0 || fabs(mark->z) <= fabs(p->mark[m - 1].z));
        for (int i = 0; i < scan.n; i++)
            cr_assert_eq(enrichscan_has(&scan, p, mark, i),
                         has(kmerblocks_member(blocks)[i], views[view].mask, mark->cell - profile.view[view].first,
                             scale, mark->level));
        often += mark->level > 0;
        cr_assert_float_eq(scan.problem[1].mark[m].z, -mark->z, 1e-12, "the other class, the other sign");
    }
    cr_assert_gt(often, 0);
    /* None that is left out is stronger. */
    const double last = fabs(p->mark[p->n_mark - 1].z);
    int stronger = 0;
    for (int v = 0; v < 2; v++)
        for (int cell = 0; cell < 400; cell++) stronger += fabs(plain_z(views[v].mask, cell, 1, 0)) > last + 1e-12;
    int kept = 0;
    for (int m = 0; m < p->n_mark; m++) kept += p->mark[m].level == 0 && fabs(p->mark[m].z) > last + 1e-12;
    cr_assert_eq(stronger, kept);
    enrichscan_free(&scan);
    kmerblocks_close(blocks);
}
