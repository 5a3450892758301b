/* SPDX-License-Identifier: MIT */
#include "cohort/split.h"
#include "support/golden.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(data_split_file, .init = scratch_make, .fini = scratch_remove);

static const char *const bags[] = {"P1.tsv", "P2.tsv", "P3.tsv", "P4.tsv"};
enum { N = 4 };

static Status read_text(SplitTable *out, const char *text, OptionTexts columns)
{
    const SplitOptions options = {.file = scratch_text("splits.tsv", text), .columns = columns};
    return split_read(out, &options, bags, N);
}

Test(data_split_file, parts)
{
    SplitTable t;
    const Part wanted[N] = {PART_TEST, PART_TRAIN, PART_NONE, PART_VALIDATION};
    cr_assert_eq(read_text(&t, "bag\tpart\nP2\ttrain\nP4\tvalidation\nP1\ttest\n", (OptionTexts){0}), OK, "%s",
                 status_sentence());
    cr_assert(t.n_column == 1 && t.n_fold == 1 && !t.fold);
    cr_assert_arr_eq(t.part, wanted, sizeof wanted);
    split_free(&t);
}

/* Each column of words is a repetition, whatever it is called. */
Test(data_split_file, words_of_other_tools)
{
    SplitTable t;
    const Part wanted[2 * N] = {PART_TEST,       PART_TRAIN, PART_NONE, PART_VALIDATION,
                                PART_VALIDATION, PART_TEST,  PART_NONE, PART_TRAIN};
    const char *text = "bag\tset\tother\nP2\tTrain\ttesting\nP4\tval\ttraining\nP1\tTEST\tvalid\n";
    cr_assert_eq(read_text(&t, text, (OptionTexts){0}), OK, "%s", status_sentence());
    cr_assert(t.n_column == 2 && t.n_fold == 1 && !t.fold);
    cr_assert_arr_eq(t.part, wanted, sizeof wanted);
    split_free(&t);
}

Test(data_split_file, folds_from_one_and_as_decimals)
{
    const int wanted[N] = {0, 1, 2, -1};
    const char *const text[] = {"bag\tFold\nP1\t1\nP2\t2\nP3\t3\n", "bag\tfold\nP1\t0.0\nP2\t1.0\nP3\t2.0\n"};
    for (int i = 0; i < 2; i++) {
        SplitTable t;
        cr_assert_eq(read_text(&t, text[i], (OptionTexts){0}), OK, "%s", status_sentence());
        cr_assert_eq(t.n_fold, 3);
        cr_assert_arr_eq(t.fold, wanted, sizeof wanted);
        split_free(&t);
    }
}

/* Only where no column begins with fold or split. */
Test(data_split_file, other_names_of_folds)
{
    const int wanted[N] = {0, 1, 2, -1};
    const char *const text[] = {"bag\tkfold\nP1\tfold_0\nP2\tfold_1\nP3\tfold_2\n",
                                "bag\tcv_split\tplate\nP1\tFold 1\t5\nP2\tFold 2\t5\nP3\tFold 3\t5\n",
                                "bag\tkfold\tfold\nP1\t1\t0\nP2\t1\t1\nP3\t0\t2\n"};
    for (int i = 0; i < 3; i++) {
        SplitTable t;
        cr_assert_eq(read_text(&t, text[i], (OptionTexts){0}), OK, "%s", status_sentence());
        cr_assert(t.n_column == 1 && t.n_fold == 3);
        cr_assert_arr_eq(t.fold, wanted, sizeof wanted);
        split_free(&t);
    }
}

/* CLAM lists slides in columns, or says True and False of each; nnU-Net lists them in JSON. */
Test(data_split_file, files_of_other_programs)
{
    const Part wanted[N] = {PART_TRAIN, PART_VALIDATION, PART_TEST, PART_TRAIN};
    const int folds[N] = {0, 1, 1, 0};
    const char *const text[] = {",train,val,test\n0,P1,P2,P3\n1,P4,,\n",
                                (",train,val,test\nP1,True,False,False\nP2,False,True,False\nP3,False,False,True\n"
                                 "P4,True,False,False\n"),
                                "[{\"train\": [\"P1\", \"P4\"], \"val\": [\"P2\"], \"test\": [\"P3\"]}]"};
    SplitTable t;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(read_text(&t, text[i], (OptionTexts){0}), OK, "%s", status_sentence());
        cr_assert(t.n_column == 1 && t.n_fold == 1);
        cr_assert_arr_eq(t.part, wanted, sizeof wanted);
        split_free(&t);
    }
    const char *json = "[{\"train\": [\"P2\", \"P3\"], \"val\": [\"P1\", \"P4\"]}, {\"val\": [\"P2\", \"P3\"]}]";
    cr_assert_eq(read_text(&t, json, (OptionTexts){0}), OK, "%s", status_sentence());
    cr_assert_eq(t.n_fold, 2);
    cr_assert_arr_eq(t.fold, folds, sizeof folds);
    split_free(&t);
}

Test(data_split_file, folds_of_several_repetitions)
{
    SplitTable t;
    const int wanted[2 * N] = {0, 1, 2, -1, 2, 1, 0, -1};
    const char *text = "bag,rep00,rep01,group\nP1,0,2,a\nP2.tsv,1,1,b\nP3,2,0,c\n";
    cr_assert_eq(read_text(&t, text, (OptionTexts){0}), OK, "%s", status_sentence());
    cr_assert_eq(t.n_column, 2);
    cr_assert_eq(t.n_fold, 3);
    cr_assert_arr_eq(t.fold, wanted, sizeof wanted);
    split_free(&t);
}

Test(data_split_file, columns_asked_for_and_missing_cells)
{
    SplitTable t;
    const char *mine[] = {"mine"};
    const int wanted[N] = {1, 0, -1, 1};
    const char *text = "ID\tfold\tmine\nP1\t0\t1\nP2\t1\t0\nP3\t0\t\nP4\t1\t1\n";
    cr_assert_eq(read_text(&t, text, (OptionTexts){1, mine}), OK, "%s", status_sentence());
    cr_assert_eq(t.n_column, 1);
    cr_assert_arr_eq(t.fold, wanted, sizeof wanted);
    split_free(&t);
}

Test(data_split_file, an_id_column_is_no_fold)
{
    SplitTable t;
    cr_assert_eq(read_text(&t, "repertoire_id\tfold\nP1\t0\nP2\t1\n", (OptionTexts){0}), OK, "%s", status_sentence());
    cr_assert_eq(t.n_column, 1);
    split_free(&t);
}

Test(data_split_file, bad_tables_are_said)
{
    const struct {
        const char *text, *words;
    } bad[] = {
        {"bag\tpart\nP9\ttrain\n", "'P9'"},
        {"bag\tpart\nP1\ttrain\nP2\tTested\n", "splits.tsv:3: part 'Tested'"},
        {"bag\tpart\nP1\ttrain\nP1\ttest\n", "P1"},
        {"bag\tfold\nP1\t0\nP2\t-1\n", "splits.tsv:3: column fold: '-1'"},
        {"bag\tfold\nP1\t0\nP2\t1.5\n", "'1.5'"},
        {"bag\tfold\tsplit\nP1\t0\ttrain\nP2\t1\ttest\n", "splits.columns"},
        {"[{\"train\": [\"P1\"], \"val\": [\"P2\"]}]", "one split"},
        {"[1, 2]", "has no val"},
        {"{\"a\": 1}", "no list of splits"},
        {",train,val,test\n0,,,\n", "no bag"},
        {"bag\tfold\nP1\t0\nP2\tx\n", "'x'"},
        {"bag\tfold\nP1\t0\nP2\t2\nP3\t3\n", "no bag is in fold 1"},
        {"bag\tfold\tsplit2\nP1\t0\t0\nP2\t1\t1\nP3\t2\t1\n", "column split2: no bag is in fold 2"},
        {"bag\tfold\nP1\t0\nP2\t0\n", "one fold"},
        {"bag\tset\nP1\t0\n", "splits.columns"},
        {"who\tfold\nP1\t0\n", "who"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        SplitTable t;
        cr_assert_eq(read_text(&t, bad[i].text, (OptionTexts){0}), ERR_FORMAT, "%s", bad[i].text);
        cr_assert(strstr(status_sentence(), bad[i].words), "'%s' is not in: %s", bad[i].words, status_sentence());
    }
    SplitTable t;
    const char *lost[] = {"lost"};
    cr_assert_eq(read_text(&t, "bag\tfold\nP1\t0\n", (OptionTexts){1, lost}), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "'lost'"));
    const SplitOptions none = {.file = in_scratch("none.tsv")};
    cr_assert_eq(split_read(&t, &none, bags, N), ERR_IO);
}

/* Published folds of MIL benchmarks: bags 1 to n, ten folds, five repetitions. */
Test(data_split_file, published_folds)
{
    enum { N_MUSK = 92 };
    char path[4096], id[N_MUSK][8];
    const char *name[N_MUSK];
    if (!golden_shared_file(path, "data/mil/splits/musk1.cv5x10.csv")) cr_skip_test("no shared data folder");
    for (int i = 0; i < N_MUSK; i++) {
        (void)snprintf(id[i], sizeof id[i], "%d", i + 1);
        name[i] = id[i];
    }
    SplitTable t;
    const SplitOptions options = {.file = path};
    cr_assert_eq(split_read(&t, &options, name, N_MUSK), OK, "%s", status_sentence());
    cr_assert_eq(t.n_column, 5);
    cr_assert_eq(t.n_fold, 10);
    for (int i = 0; i < 5 * N_MUSK; i++) cr_assert(t.fold[i] >= 0 && t.fold[i] < 10);
    split_free(&t);
}
