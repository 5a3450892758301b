/* SPDX-License-Identifier: MIT
 *
 * test_kmerprofile.c: sections, cells and counts of k-mers, and blocks of them, against plain loops.
 */
#include "cohort/kmerprofile.h"
#include "cohort/kmerblocks.h"
#include "core/parallel.h"
#include "support/kmercase.h"

#define SUITE cohort_kmerprofile

static const KmerViewText views[] = {{"xxxx", SECTION_LEFT},
                                     {"x.xx", SECTION_MIDDLE},
                                     {"xx...x", SECTION_END},
                                     {"x.x", SECTION_CORE},
                                     {"x", SECTION_START},
                                     {"xxx", SECTION_RIGHT},
                                     {"xx..xx", SECTION_ALL},
                                     {"xx...x", SECTION_ALL},
                                     {"x.xx", SECTION_LEFT},
                                     {"x...xx", SECTION_ALL},
                                     {0}};

static void set_up(void)
{
    scratch_make();
    cr_assert_eq(parallel_start(2), OK);
    case_open(&kmer_case, "profile.h5");
}

static void tear_down(void)
{
    case_close(&kmer_case);
    scratch_remove();
}

TestSuite(SUITE, .init = set_up, .fini = tear_down);

Test(SUITE, masks)
{
    const KmerProfile p = kmerprofile_new(views);
    static const int cells[] = {160000, 8000, 8000, 400, 20, 8000, 160000, 8000, 8000, 8000};
    static const int spans[] = {4, 4, 6, 3, 1, 3, 6, 6, 4, 6};
    int first = 0;
    cr_assert_eq(p.n_view, 10);
    for (int v = 0; v < p.n_view; v++) {
        cr_assert_eq(p.view[v].n_cell, cells[v]);
        cr_assert_eq(p.view[v].span, spans[v]);
        cr_assert_eq(p.view[v].first, first);
        first += cells[v];
    }
    cr_assert_eq(p.n_cell, first);
    cr_assert_eq(p.view[1].offset[1], 2);
    cr_assert_eq(p.view[2].offset[2], 5);
}

Test(SUITE, places)
{
    static const char *const masks[] = {"x", "xx", "x.x", "xxxx", "xx..x", "xx..xx"};
    for (size_t m = 0; m < sizeof masks / sizeof *masks; m++)
        for (int section = SECTION_ALL; section <= SECTION_END; section++) {
            const KmerViewText text[] = {{masks[m], (KmerSection)section}, {0}};
            const KmerProfile p = kmerprofile_new(text);
            for (int l = 0; l < 40; l++) {
                int first, end;
                kmerprofile_places(&first, &end, &p.view[0], l);
                cr_assert(first >= 0 && first <= end);
                for (int place = 0; place < l; place++) {
                    const bool in = place + p.view[0].span <= l &&
                                    plain_in_section((KmerSection)section, place, p.view[0].span, l);
                    cr_assert_eq(place >= first && place < end, in, "%s, section %d, length %d, place %d", masks[m],
                                 section, l, place);
                }
            }
        }
}

/* Of a junction of 14 residues: the core has 6, and its middle 4-mer is of both halves. */
Test(SUITE, known_places)
{
    const KmerProfile p = kmerprofile_new((const KmerViewText[]){{"xxxx", SECTION_LEFT},
                                                                 {"xxxx", SECTION_RIGHT},
                                                                 {"xxxx", SECTION_START},
                                                                 {"xxxx", SECTION_MIDDLE},
                                                                 {"xxxx", SECTION_END},
                                                                 {0}});
    static const int known[][2] = {{4, 6}, {5, 7}, {0, 3}, {3, 8}, {8, 11}};
    for (int v = 0; v < p.n_view; v++) {
        int first, end;
        kmerprofile_places(&first, &end, &p.view[v], 14);
        cr_assert(first == known[v][0] && end == known[v][1], "view %d: %d … %d", v, first, end);
    }
}

/* ---- counts ---- */

typedef struct {
    uint32_t *count; /* [n, n_cell] */
    double *total;   /* [n_view, n] */
    int n_cell, n_panel;
} Gathered;

static Status gather(void *context, const KmerPanel *panel)
{
    Gathered *g = context;
    for (int i = 0; i < panel->n; i++) {
        memcpy(g->count + (Index)i * g->n_cell + panel->first, panel->count + i * panel->stride,
               (size_t)panel->n_cell * sizeof *g->count);
        g->total[panel->view * panel->n + i] = panel->total[i];
    }
    g->n_panel++;
    return OK;
}

static Gathered walked(const KmerProfile *profile, const bool *use, bool by_counts, size_t bytes)
{
    Gathered g = {.n_cell = profile->n_cell};
    KmerBlocks *blocks;
    const KmerBlocksSetup setup = {.cohort = &kmer_case.cohort, .use = use, .by_counts = by_counts, .bytes = bytes};
    g.count = calloc((size_t)CASE_BAGS * (size_t)profile->n_cell, sizeof *g.count);
    g.total = calloc((size_t)CASE_BAGS * (size_t)profile->n_view, sizeof *g.total);
    cr_assert_eq(kmerblocks_open(&blocks, profile, &setup), OK, "%s", status_sentence());
    for (int walk = 0; walk < 2; walk++) cr_assert_eq(kmerblocks_walk(blocks, gather, &g), OK);
    kmerblocks_close(blocks);
    return g;
}

static void free_gathered(Gathered *g)
{
    free(g->count);
    free(g->total);
}

Test(SUITE, counts_are_those_of_plain_loops)
{
    static const bool use[CASE_BAGS] = {1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1};
    const KmerProfile p = kmerprofile_new(views);
    double *plain = malloc((size_t)p.n_cell * sizeof *plain);
    for (int by_counts = 0; by_counts < 2; by_counts++) {
        Gathered g = walked(&p, use, by_counts, 0);
        for (int b = 0, i = 0; b < CASE_BAGS; b++) {
            if (!use[b]) continue;
            for (int v = 0; v < p.n_view; v++) {
                const KmerView *view = &p.view[v];
                memset(plain, 0, (size_t)view->n_cell * sizeof *plain);
                cr_assert_eq(plain_count(plain, &kmer_case, b, &views[v], by_counts), g.total[v * 9 + i]);
                for (int c = 0; c < view->n_cell; c++)
                    cr_assert_eq(g.count[(Index)i * p.n_cell + view->first + c], plain[c], "bag %d, view %d", b, v);
            }
            i++;
        }
        free_gathered(&g);
    }
    free(plain);
}

/* Blocks of one panel, of some, of all: the same panels. */
Test(SUITE, blocks_do_not_matter)
{
    static const bool use[CASE_BAGS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const KmerProfile p = kmerprofile_new(views);
    Gathered whole = walked(&p, use, false, 0);
    for (size_t bytes = 1; bytes <= 10000000; bytes *= 100) {
        Gathered g = walked(&p, use, false, bytes);
        cr_assert_eq(g.n_panel, whole.n_panel);
        cr_assert_eq(memcmp(g.count, whole.count, (size_t)CASE_BAGS * (size_t)p.n_cell * sizeof *g.count), 0);
        free_gathered(&g);
    }
    free_gathered(&whole);
}

/* Counts of reads beyond 32 bits stop there. */
Test(SUITE, counts_end_at_the_largest)
{
    static const uint8_t codes[] = {3, 4, 5, 3, 4, 5};
    static const int first[] = {0, 0, 0, 0, 2};
    static const size_t at[] = {0, 0, 0, 0, 6};
    static const real factor[] = {3e9f, 1e9f}, more[] = {3e9f, 3e9f}, most[] = {1e10f, 1};
    Bag bag = {.n = 2, .max_len = 3, .first = first, .at = at, .codes = codes, .factor = factor};
    const KmerProfile p = kmerprofile_new((const KmerViewText[]){{"xxx", SECTION_ALL}, {0}});
    uint32_t count = 7;
    const int cell = (3 * 20 + 4) * 20 + 5;
    kmerprofile_count(&count, cell, 1, &p.view[0], &bag);
    cr_assert_eq(count, 4000000000u);
    cr_assert_eq(kmerprofile_total(&p.view[0], &bag), 4e9);
    bag.factor = more;
    kmerprofile_count(&count, cell, 1, &p.view[0], &bag);
    cr_assert_eq(count, UINT32_MAX);
    bag.factor = most;
    kmerprofile_count(&count, cell, 1, &p.view[0], &bag);
    cr_assert_eq(count, UINT32_MAX);
    kmerprofile_count(&count, cell + 1, 1, &p.view[0], &bag);
    cr_assert_eq(count, 0);
}

/* Sequences that are longer than what is looked at once, and so many that they are looked at in several pieces. */
Test(SUITE, long_sequences_and_many)
{
    static uint8_t codes[5000];
    static int first[5002];
    static size_t at[5002];
    static const int lengths[] = {5000, 2500, 500, 10};
    static uint32_t count[160000], plain[160000];
    for (int t = 0; t < 5000; t++) codes[t] = (uint8_t)((t * 7 + t / 13) % 20);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        const int l = lengths[k], n = 5000 / l;
        for (int m = 0; m <= l + 1; m++) first[m] = m <= l ? 0 : n, at[m] = 0;
        const Bag bag = {.n = n, .max_len = l, .first = first, .at = at, .codes = codes};
        const KmerProfile p =
            kmerprofile_new((const KmerViewText[]){{"x.xx.x", SECTION_ALL}, {"x.x", SECTION_END}, {0}});
        kmerprofile_count(count, 0, 160000, &p.view[0], &bag);
        memset(plain, 0, sizeof plain);
        for (int i = 0; i < n; i++)
            for (int t = i * l; t + 6 <= (i + 1) * l; t++)
                plain[((codes[t] * 20 + codes[t + 2]) * 20 + codes[t + 3]) * 20 + codes[t + 5]]++;
        cr_assert_eq(memcmp(count, plain, sizeof plain), 0, "length %d", l);
        kmerprofile_count(count + 5, 5, 100, &p.view[0], &bag);
        cr_assert_eq(memcmp(count, plain, sizeof plain), 0, "length %d, some of the cells", l);
    }
}

/* A view of three places that a view of four has as well is summed from that. */
Test(SUITE, open_places)
{
    static const struct {
        const char *four, *three;
        int open;
    } known[] = {{"xx.xx", "x..xx", 1}, {"xx.xx", "xx..x", 2}, {"x.xxx", "x.x.x", 2}, {"xxxx", "xx.x", 2},
                 {"xxxx", "x.xx", 1},   {"xxxx", "xxx", 0},    {"xx.xx", "x.x.x", 0}, {"xxx", "x.x", 0}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const KmerProfile p = kmerprofile_new((const KmerViewText[]){
            {known[k].four, SECTION_ALL}, {known[k].three, SECTION_ALL}, {known[k].three, SECTION_END}, {0}});
        cr_assert_eq(kmerprofile_open_place(&p.view[0], &p.view[1]), known[k].open, "%s", known[k].three);
        cr_assert_eq(kmerprofile_open_place(&p.view[0], &p.view[2]), 0);
        cr_assert_eq(kmerprofile_open_place(&p.view[1], &p.view[0]), 0);
    }
}

Test(SUITE, a_signal_ends_a_walk)
{
    static const bool use[CASE_BAGS] = {1, 1};
    static volatile sig_atomic_t stop = SIGINT;
    const KmerProfile p = kmerprofile_new(views);
    const KmerBlocksSetup setup = {.cohort = &kmer_case.cohort, .use = use, .stop = &stop};
    KmerBlocks *blocks;
    Gathered g = {0};
    cr_assert_eq(kmerblocks_open(&blocks, &p, &setup), OK);
    cr_assert_eq(kmerblocks_walk(blocks, gather, &g), ERR_SIGINT);
    kmerblocks_close(blocks);
}
