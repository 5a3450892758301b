/* SPDX-License-Identifier: MIT
 *
 * test_clonecount.c: shared sequences against going through all texts; the same bytes with a tiny budget and on threads.
 */
#include "cohort/clonecount.h"
#include "cohort/clonestore.h"
#include "core/parallel.h"
#include "support/clones.h"

#include <sys/resource.h>

#define SUITE cohort_clonecount
TestSuite(cohort_clonecount, .init = scratch_make, .fini = clones_close);

static const CloneBudget tiny = {.bags = 1500, .records = 3000, .list = 900};
static int n_distinct[CLONES_BAGS];

static CloneList list_of(bool patterns, bool genes, CloneBudget budget)
{
    CloneList list;
    const CloneSetup setup = {
        .cohort = &clones, .use = clones_use, .patterns = patterns, .genes = genes, .budget = budget};
    cr_assert_eq(clonecount_list(&list, n_distinct, &setup), OK, "%s", status_sentence());
    return list;
}

/* The list as text: "SEQ member member …;", with a word of genes as a number. */
static char *text_of(const CloneList *list, bool genes)
{
    static char text[4 << 20];
    size_t at = 0;
    CloneReader *r;
    cr_assert_eq(clonelist_open(&r, list), OK);
    for (int turn = 0; turn < 2; turn++, clonelist_rewind(r)) {
        at = 0;
        while (clonelist_next(r) == OK && r->n > 0)
            for (int i = 0; i < r->n; i++) {
                const int n_word = clonelist_words(r, i) - genes;
                at += (size_t)clonekey_text(text + at, clonelist_key(r, i), n_word, "ACDEFGHIKLMNPQRSTVWY");
                if (genes) at += (size_t)sprintf(text + at, "/%llx", (unsigned long long)clonelist_key(r, i)[n_word]);
                for (int k = 0; k < clonelist_n(r, i); k++)
                    at += (size_t)sprintf(text + at, " %d", clonelist_members(r, i)[k]);
                at += (size_t)sprintf(text + at, ";");
            }
    }
    clonelist_close(r);
    return text;
}

/* Adds a text to a list of texts unless it is there. */
static int add_text(char (*all)[CLONES_LONGEST + 8], int n, const char *text)
{
    for (int k = 0; k < n; k++)
        if (strcmp(all[k], text) == 0) return n;
    snprintf(all[n], sizeof *all, "%s", text);
    return n + 1;
}

static int all_texts(char (*all)[CLONES_LONGEST + 8], bool patterns, bool genes)
{
    int n = 0;
    for (int b = 0; b < CLONES_BAGS; b++)
        for (int i = 0; i < clones_n[b] && clones_use[b]; i++) {
            char text[CLONES_LONGEST + 8];
            snprintf(text, sizeof text, "%s", clones_text[b][i]);
            const int len = (int)strlen(text);
            if (genes)
                snprintf(text + len, sizeof text - (size_t)len, " %d%d", 1 + clones_gene[b][i],
                         1 + clones_gene[b][CLONES_SEQUENCES + i]);
            if (len > 0 && !patterns) n = add_text(all, n, text);
            for (int t = 0; t < len && patterns; t++) {
                const char was = text[t];
                text[t] = '.';
                n = add_text(all, n, text);
                text[t] = was;
            }
        }
    return n;
}

/* What text_of should hold for this text; "" for one that a single bag holds. */
static void plain(char *out, const char *text, bool patterns, bool genes)
{
    static const char *const v[] = {"", "TRBV1", "TRBV2"}, *const j[] = {"", "TRBJ1-1", "TRBJ2-1"};
    const char *blank = strchr(text, ' ');
    int n = 0;
    size_t at = (size_t)sprintf(out, "%.*s", blank ? (int)(blank - text) : (int)strlen(text), text);
    if (genes)
        at += (size_t)sprintf(out + at, "/%llx",
                              (unsigned long long)clonekey_genes(v[blank[1] - '0'], j[blank[2] - '0']));
    for (int b = 0; b < CLONES_BAGS; b++) {
        if (!clones_use[b] || !clones_holds(b, text, patterns, genes)) continue;
        at += (size_t)sprintf(out + at, " %d", b);
        n++;
    }
    sprintf(out + at, ";");
    if (n < 2) *out = '\0';
}

static void compare(bool patterns, bool genes)
{
    static char all[CLONES_BAGS * CLONES_SEQUENCES * CLONES_LONGEST][CLONES_LONGEST + 8];
    clones_open();
    CloneList list = list_of(patterns, genes, clonecount_budget);
    const char *text = text_of(&list, genes);
    const int n = all_texts(all, patterns, genes);
    int64_t shared = 0;
    for (int k = 0; k < n; k++) {
        char expected[512];
        plain(expected, all[k], patterns, genes);
        shared += *expected != '\0';
        cr_assert(strstr(text, expected), "'%s' is missing", expected);
    }
    cr_assert_gt(shared, 40);
    cr_assert_eq(shared, list.n);
    clonelist_free(&list);
}

Test(SUITE, sequences)
{
    compare(false, false);
    for (int b = 0; b < CLONES_BAGS; b++) {
        int n = 0;
        for (int i = 0; i < clones_n[b] && clones_use[b]; i++) {
            bool before = !*clones_text[b][i];
            for (int k = 0; k < i; k++) before |= strcmp(clones_text[b][i], clones_text[b][k]) == 0;
            n += !before;
        }
        cr_assert_eq(n_distinct[b], n);
    }
}

Test(SUITE, sequences_with_genes)
{
    compare(false, true);
}

Test(SUITE, patterns)
{
    compare(true, false);
}

Test(SUITE, tiny_budget_and_threads_give_the_same)
{
    clones_open();
    for (int patterns = 0; patterns < 2; patterns++) {
        CloneList list = list_of(patterns, false, clonecount_budget);
        char *whole = strdup(text_of(&list, false));
        cr_assert_null(list.spill.file);
        clonelist_free(&list);
        cr_assert_eq(parallel_start(3), OK);
        list = list_of(patterns, false, tiny);
        cr_assert_not_null(list.spill.file);
        cr_assert_str_eq(text_of(&list, false), whole);
        clonelist_free(&list);
        cr_assert_eq(parallel_start(1), OK);
        free(whole);
    }
}

Test(SUITE, no_folder_for_what_is_spilled)
{
    CloneList list;
    clones_open();
    setenv("TMPDIR", "/nonexistent", 1);
    const CloneSetup setup = {.cohort = &clones, .use = clones_use, .budget = tiny};
    cr_assert_eq(clonecount_list(&list, n_distinct, &setup), ERR_IO);
    cr_assert(strstr(status_sentence(), "set TMPDIR"), "%s", status_sentence());
}

Test(SUITE, a_signal_ends_it)
{
    static const StopFlag stop = SIGINT;
    CloneList list;
    clones_open();
    const CloneSetup setup = {.cohort = &clones, .use = clones_use, .budget = clonecount_budget, .stop = &stop};
    cr_assert_eq(clonecount_list(&list, n_distinct, &setup), ERR_SIGINT);
}

Test(SUITE, texts_of_keys)
{
    const char *alphabet = "ACDEFGHIKLMNPQRSTVWY";
    uint64_t key[3];
    char text[36];
    cr_assert(clonekey_parse(key, "CASSLGYEQYF.CASS", 16, alphabet));
    cr_assert_eq(clonekey_len(key, 2), 16);
    cr_assert_eq(clonekey_text(text, key, 2, alphabet), 16);
    cr_assert_eq(memcmp(text, "CASSLGYEQYF.CASS", 16), 0);
    cr_assert_not(clonekey_parse(key, "CASX", 4, alphabet));
    cr_assert_not(clonekey_parse(key, "", 1, alphabet));
    cr_assert_neq(clonekey_genes("V1", "J1"), clonekey_genes("V1J", "1"));
}
