/* SPDX-License-Identifier: MIT */
#include "data/simulate.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "data/alphabet.h"
#include "data/background.h"
#include "data/bagfile.h"
#include "data/motif.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void quietly(void)
{
    scratch_make();
    log_level(LOG_QUIET);
}

TestSuite(data_simulate, .init = quietly, .fini = scratch_remove);

static const char *two_motifs[] = {"SFZEN", "LDR"};

static SimulateOptions small_cohort(void)
{
    return (SimulateOptions){
        .n_bag = 12, .n_seq = 500, .positive = 0.5, .motifs = {2, two_motifs}, .rate = 0.012, .position = "middle"};
}

static SimulateResult make(const SimulateOptions *options, uint64_t seed, const char *name)
{
    SimulateResult result;
    const char *path = in_scratch(name);
    char *truth = simulate_truth_path(path);
    const SimulateFiles files = {.path = path, .truth = truth, .compress = true, .force = true};
    cr_assert_eq(simulate_run(&result, options, seed, &files), OK, "%s", status_sentence());
    free(truth);
    return result;
}

static BagFile *open_made(const char *name)
{
    BagFile *file;
    cr_assert_eq(bagfile_open(&file, in_scratch(name)), OK, "%s", status_sentence());
    return file;
}

/* ---- the same bytes ---- */

static void assert_same_bytes(const char *a, const char *b, bool same)
{
    char x[65], y[65];
    cr_assert_eq(file_sha256(x, in_scratch(a)), OK, "%s", status_sentence());
    cr_assert_eq(file_sha256(y, in_scratch(b)), OK, "%s", status_sentence());
    cr_assert_eq(strcmp(x, y) == 0, same, "%s and %s", a, b);
}

Test(data_simulate, a_seed_fixes_every_byte_for_any_thread_count)
{
    const SimulateOptions options = small_cohort();
    const char *name[] = {"one.h5", "two.h5", "three.h5"},
               *truth[] = {"one.truth.tsv.gz", "two.truth.tsv.gz", "three.truth.tsv.gz"};
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(parallel_start(k + 1), OK);
        (void)make(&options, 7, name[k]);
        assert_same_bytes(name[0], name[k], true);
        assert_same_bytes(truth[0], truth[k], true);
    }
    (void)make(&options, 8, "other.h5");
    assert_same_bytes("one.h5", "other.h5", false);
    assert_same_bytes("one.truth.tsv.gz", "other.truth.tsv.gz", false);
}

/* ---- truth ---- */

static int number_at(const Table *t, int row, int column)
{
    return atoi(table_cell(t, row, column));
}

/* A truth row against the dataset: the sequence stands there, and is the original with the motif written in. */
static void assert_truth(const Table *t, int row, const BagText *bag)
{
    const char *now = table_cell(t, row, 6), *before = table_cell(t, row, 5), *motif = table_cell(t, row, 3);
    const int instance = number_at(t, row, 1), offset = number_at(t, row, 4), n_motif = (int)strlen(motif);
    cr_assert(instance >= 0 && instance < bag->n);
    cr_assert_str_eq(bag->sequence + (size_t)instance * bag->stride, now);
    cr_assert_eq(strlen(before), strlen(now));
    cr_assert(offset >= 4 && offset + n_motif <= (int)strlen(now) - 4);
    for (int i = 0; now[i]; i++) {
        const int k = i - offset;
        cr_assert_eq(now[i], k >= 0 && k < n_motif && motif[k] != 'Z' ? motif[k] : before[i]);
    }
    cr_assert_str_eq(table_cell(t, row, 2), "status");
}

static int bag_named(const BagFile *file, const char *key)
{
    for (int b = 0; b < bagfile_n_bag(file); b++)
        if (strcmp(bagfile_key(file, b), key) == 0) return b;
    cr_assert_fail("no bag %s", key);
    return -1;
}

Test(data_simulate, truth_labels_and_sequences_agree)
{
    const SimulateOptions options = small_cohort();
    const SimulateResult result = make(&options, 3, "data.h5");
    BagFile *file = open_made("data.h5");
    const Table *labels = bagfile_columns(file);
    Table truth;
    int n_carrier[12] = {0}, n_positive = 0;
    cr_assert_eq(result.n_carrier, 6);
    cr_assert_eq(table_read(&truth, in_scratch("data.truth.tsv.gz")), OK, "%s", status_sentence());
    cr_assert_eq(truth.n_row, 36);
    for (int r = 0; r < truth.n_row; r++) {
        BagText text;
        const int bag = bag_named(file, table_cell(&truth, r, 0));
        cr_assert_eq(bagfile_read_text(&text, file, bag), OK, "%s", status_sentence());
        cr_assert_eq(text.n, 500);
        assert_truth(&truth, r, &text);
        n_carrier[bag]++;
        bagtext_free(&text);
    }
    cr_assert_eq(labels->n_row, 12);
    for (int b = 0; b < 12; b++) {
        const bool positive = strcmp(table_cell(labels, b, table_column(labels, "status")), "+") == 0;
        cr_assert_str_eq(table_cell(labels, b, table_column(labels, "ID")), bagfile_key(file, b));
        cr_assert_eq(n_carrier[b], positive ? 6 : 0, "bag %d", b);
        n_positive += positive;
    }
    cr_assert_eq(n_positive, 6);
    table_free(&truth);
    bagfile_close(file);
}

Test(data_simulate, the_dataset_says_how_it_was_made)
{
    const SimulateOptions options = small_cohort();
    (void)make(&options, 1ull << 63, "data.h5");
    BagFile *file = open_made("data.h5");
    json_t *facts = json_loads(bagfile_provenance(file), 0, NULL);
    json_t *made = json_object_get(facts, "simulate");
    cr_assert_str_eq(json_string_value(json_object_get(facts, "made_by")), "simulate");
    cr_assert_str_eq(json_string_value(json_object_get(facts, "seed")), "9223372036854775808");
    for (const Option *row = simulate_options; row->name; row++)
        cr_assert(json_object_get(made, row->name), "%s is not recorded", row->name);
    cr_assert_eq(json_real_value(json_object_get(made, "rate")), 0.012);
    cr_assert_eq(json_array_size(json_object_get(made, "motifs")), 2);
    cr_assert_str_eq(bagfile_spec(file)->region, "junction");
    json_decref(facts);
    bagfile_close(file);
}

/* ---- no leaks ---- */

static void assert_equal_bags(const char *a, const char *b, int n)
{
    BagFile *x = open_made(a), *y = open_made(b);
    for (int bag = 0; bag < n; bag++) {
        uint64_t hash[2];
        cr_assert_eq(bagfile_hash(&hash[0], x, bag), OK);
        cr_assert_eq(bagfile_hash(&hash[1], y, bag), OK);
        cr_assert_eq(hash[0], hash[1], "bag %d of %s and %s", bag, a, b);
        cr_assert_str_eq(bagfile_key(x, bag), bagfile_key(y, bag));
    }
    bagfile_close(x);
    bagfile_close(y);
}

Test(data_simulate, at_rate_0_a_bag_knows_nothing_of_its_label)
{
    SimulateOptions options = small_cohort();
    options.rate = 0;
    cr_assert_eq(make(&options, 3, "half.h5").n_carrier, 0);
    options.positive = 0;
    (void)make(&options, 3, "none.h5");
    options.positive = 1;
    options.n_bag = 20;
    (void)make(&options, 3, "all.h5");
    assert_equal_bags("half.h5", "none.h5", 12);
    assert_equal_bags("half.h5", "all.h5", 12);
    Table truth;
    cr_assert_eq(table_read(&truth, in_scratch("half.truth.tsv.gz")), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "no rows"), "%s", status_sentence());
}

Test(data_simulate, positives_are_not_in_the_order_of_bags)
{
    SimulateOptions options = small_cohort();
    options.n_bag = 400;
    options.n_seq = 1;
    (void)make(&options, 5, "data.h5");
    BagFile *file = open_made("data.h5");
    const Table *labels = bagfile_columns(file);
    int early = 0, alike = 0;
    for (int b = 0; b < 400; b++) {
        const char *label = table_cell(labels, b, 1);
        early += b < 200 && *label == '+';
        alike += b > 0 && strcmp(label, table_cell(labels, b - 1, 1)) == 0;
    }
    cr_assert(early > 70 && early < 130, "%d of 200 positives in the first half", early);
    cr_assert(alike > 150 && alike < 250, "%d of 399 neighbours are alike", alike);
    bagfile_close(file);
}

/* ---- counts of carriers, wrong settings ---- */

Test(data_simulate, a_rate_means_round_and_at_least_one)
{
    const struct {
        double rate;
        int n_seq, n_carrier;
    } wanted[] = {{0, 500, 0}, {1e-6, 500, 1}, {0.001, 1499, 1}, {0.001, 1501, 2}, {0.01, 2000, 20}, {1, 30, 30}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        SimulateOptions options = small_cohort();
        SimulateResult result;
        options.rate = wanted[i].rate;
        options.n_seq = wanted[i].n_seq;
        cr_assert_eq(simulate_plan(&result, &options, 0), OK);
        cr_assert_eq(result.n_carrier, wanted[i].n_carrier);
        cr_assert_eq(result.n_positive, 6);
        cr_assert_gt(result.memory, 0);
    }
}

static void assert_refused(const SimulateOptions *options, const char *words)
{
    SimulateResult result;
    cr_assert_eq(simulate_plan(&result, options, 0), ERR_CONFIG, "%s", words);
    cr_assert(strstr(status_sentence(), words), "%s: %s", words, status_sentence());
}

Test(data_simulate, wrong_settings_are_said)
{
    const char *letter[] = {"SFxEN"}, *length[] = {"ACDEFGHIKLMNPQRSTVW"};
    SimulateOptions options = small_cohort();
    options.motifs = (OptionTexts){1, letter};
    assert_refused(&options, "simulate.motifs: motif 'SFxEN'");
    options.motifs.text = length;
    assert_refused(&options, "simulate.motifs: 'ACDEFGHIKLMNPQRSTVW' with simulate.position=middle fits");
    options.motifs.n = 0;
    assert_refused(&options, "simulate.motifs");
    options = small_cohort();
    options.position = "end";
    assert_refused(&options, "simulate.position");
    options.position = "23";
    assert_refused(&options, "simulate.position=23");
}

Test(data_simulate, an_existing_file_stays)
{
    const SimulateOptions options = small_cohort();
    SimulateResult result;
    for (int which = 0; which < 2; which++) {
        const char *path = in_scratch(which ? "b.h5" : "a.h5"), *truth = in_scratch(which ? "b.tsv" : "a.tsv");
        const SimulateFiles files = {.path = path, .truth = truth};
        const char *there = scratch_text(which ? "b.tsv" : "a.h5", "mine");
        char *bytes;
        size_t n;
        cr_assert_eq(simulate_run(&result, &options, 0, &files), ERR_IO);
        cr_assert(strstr(status_sentence(), "exists"), "%s", status_sentence());
        cr_assert_eq(file_read_whole(&bytes, &n, there, 100), OK);
        cr_assert_str_eq(bytes, "mine");
        free(bytes);
        cr_assert_not(file_exists(which ? path : truth), "nothing is published");
    }
}

Test(data_simulate, the_truth_lies_beside_the_dataset)
{
    const char *pair[][2] = {{"a/b.h5", "a/b.truth.tsv.gz"}, {"b.hdf5", "b.truth.tsv.gz"}, {"b", "b.truth.tsv.gz"}};
    for (int i = 0; i < 3; i++) {
        char *truth = simulate_truth_path(pair[i][0]);
        cr_assert_str_eq(truth, pair[i][1]);
        free(truth);
    }
}

Test(data_simulate, every_background_can_be_chosen)
{
    for (const Option *row = simulate_options; row->name; row++)
        if (strcmp(row->name, "background") == 0)
            for (int k = 0; background_types[k]; k++)
                cr_assert_eq(option_word(row->choices, background_types[k]->name), k);
    SimulateOptions options = small_cohort();
    options.background = 1;
    options.position = "anywhere";
    cr_assert_eq(make(&options, 0, "uniform.h5").n_seq, 6000);
}
