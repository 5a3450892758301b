/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "data/bagfile/alphabet.h"
#include "data/bagfile/bagfile.h"
#include "data/simulate/background.h"
#include "data/simulate/motif.h"
#include "data/simulate/simulate.h"
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
    return (SimulateOptions){.n_bag = 12,
                             .n_seq = 500,
                             .positive = 0.5,
                             .motifs = {2, two_motifs},
                             .rate = 0.012,
                             .position = "middle",
                             .pool = 650};
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
    cr_assert_eq(digest_sha256(x, in_scratch(a)), OK, "%s", status_sentence());
    cr_assert_eq(digest_sha256(y, in_scratch(b)), OK, "%s", status_sentence());
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

/* ---- the motif signal ---- */

static uint64_t add_text(uint64_t sum, const char *text)
{
    do sum = (sum ^ (unsigned char)*text) * 0x100000001b3; /* FNV-1a */
    while (*text++);
    return sum;
}

static uint64_t add_table(uint64_t sum, const Table *t)
{
    for (int r = 0; r < t->n_row; r++)
        for (int c = 0; c < t->n_column; c++) sum = add_text(sum, table_cell(t, r, c));
    return sum;
}

/* Of bags, their order, labels, truth and provenance; not of compressed bytes, which depend on libraries. */
static uint64_t sum_of_cohort(const char *name)
{
    char *truth_path = simulate_truth_path(in_scratch(name));
    uint64_t sum = 0xcbf29ce484222325;
    Table truth;
    BagFile *file = open_made(name);
    for (int b = 0; b < bagfile_n_bag(file); b++) {
        BagText text;
        cr_assert_eq(bagfile_read_text(&text, file, b), OK, "%s", status_sentence());
        for (int64_t i = 0; i < text.n; i++) sum = add_text(sum, text.sequence + (size_t)i * text.stride);
        bagtext_free(&text);
    }
    sum = add_table(sum, bagfile_columns(file));
    json_t *facts = json_loads(bagfile_provenance(file), 0, NULL);
    json_t *settings = json_pack("{s:O, s:O}", "simulate", json_object_get(facts, "simulate"), "signal",
                                 json_object_get(facts, "signal"));
    char *provenance = json_dumps(settings, JSON_SORT_KEYS);
    sum = add_text(sum, provenance);
    cr_assert_eq(table_read(&truth, truth_path), OK, "%s", status_sentence());
    sum = add_table(sum, &truth);
    table_free(&truth);
    free(provenance);
    json_decref(settings);
    json_decref(facts);
    bagfile_close(file);
    free(truth_path);
    return sum;
}

/* Sums of the program before it had another signal. */
Test(data_simulate, a_motif_cohort_stays_as_it_was)
{
    const uint64_t wanted[] = {0x4b7a1e5eb90d95cd, 0xb9e6d6979f551d72};
    for (int k = 0; k < 2; k++) {
        SimulateOptions options = small_cohort();
        options.background = k;
        (void)make(&options, 11, "data.h5");
        const uint64_t sum = sum_of_cohort("data.h5");
        cr_expect_eq(sum, wanted[k], "%s: %#llx", background_types[k]->name, (unsigned long long)sum);
    }
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
    cr_assert_eq(json_object_size(made), 9, "keys of other signals are recorded");
    cr_assert_eq(json_real_value(json_object_get(made, "rate")), 0.012);
    cr_assert_eq(json_array_size(json_object_get(made, "motifs")), 2);
    cr_assert_str_eq(bagfile_spec(file)->region, "junction");
    json_decref(facts);
    bagfile_close(file);
}

/* ---- the dense signal ---- */

static SimulateOptions dense_cohort(int n_seq)
{
    return (SimulateOptions){.n_bag = 2,
                             .n_seq = n_seq,
                             .positive = 0.5,
                             .signal = SIGNAL_DENSE,
                             .shift = 0.5,
                             .motifs = {2, two_motifs},
                             .rate = 0.012,
                             .position = "middle",
                             .pool = 650};
}

static int letter_at(const char *sequence, int t)
{
    return (int)(strchr(ALPHABET_AMINO, sequence[t]) - ALPHABET_AMINO);
}

static int row_named(const Table *t, const char *kind, const char *feature)
{
    for (int r = 0; r < t->n_row; r++)
        if (strcmp(table_cell(t, r, 1), kind) == 0 && strcmp(table_cell(t, r, 2), feature) == 0) return r;
    return -1;
}

static void count_transition(double *pair, const int *residue, int from, int to)
{
    for (int t = from, before = 20; t < to; t++) {
        pair[before * 20 + residue[t]]++;
        before = residue[t];
    }
}

/* prefix [20⁴], pair [21 · 20]: counts, added. The chain has head residues before it and tail behind; shorter sequences,
 * which have a part of a prefix, are left out. */
static void count_features(double *prefix, double *pair, const BagText *bag, int head, int tail)
{
    for (int64_t i = 0; i < bag->n; i++) {
        const char *sequence = bag->sequence + (size_t)i * bag->stride;
        const int len = (int)strlen(sequence);
        int residue[64], number = 0;
        if (len < head + tail) continue;
        for (int t = 0; t < len; t++) residue[t] = letter_at(sequence, t);
        for (int t = 0; t < 4; t++) number = number * 20 + residue[t];
        prefix[number]++;
        count_transition(pair, residue, head, len - tail);
    }
}

static int prefix_number(const char *feature)
{
    int number = 0;
    for (int t = 0; t < 4; t++) number = number * 20 + letter_at(feature, t);
    return number;
}

static int transition_number(const char *feature)
{
    return (feature[0] == '^' ? 20 : letter_at(feature, 0)) * 20 + letter_at(feature, 2);
}

static double real_at(const Table *t, int row, int column)
{
    return strtod(table_cell(t, row, column), NULL);
}

/* Chi², in standard deviations above its mean, of counts against a column of the truth; NaN if the kind has no rows. */
static double misfit(const Table *truth, const char *kind, int column, const double *count)
{
    double chi2 = 0, freedom = 0;
    const bool is_prefix = strcmp(kind, "prefix") == 0;
    for (int first = 0, end; first < truth->n_row; first = end) {
        double total = 0, n = 0;
        const char *group = table_cell(truth, first, 2);
        for (end = first; end < truth->n_row; end++) {
            const char *feature = table_cell(truth, end, 2);
            if (strcmp(table_cell(truth, end, 1), table_cell(truth, first, 1)) != 0) break;
            if (!is_prefix && feature[0] != group[0]) break;
            if (strcmp(table_cell(truth, end, 1), kind) == 0)
                total += count[is_prefix ? prefix_number(feature) : transition_number(feature)];
        }
        if (strcmp(table_cell(truth, first, 1), kind) != 0) continue;
        for (int r = first; r < end; r++) {
            const char *feature = table_cell(truth, r, 2);
            const double wanted = total * real_at(truth, r, column);
            const double found = count[is_prefix ? prefix_number(feature) : transition_number(feature)];
            if (wanted < 5) continue;
            chi2 += (found - wanted) * (found - wanted) / wanted;
            n++;
        }
        freedom += n - 1;
    }
    return freedom > 0 ? (chi2 - freedom) / sqrt(2 * freedom) : NAN;
}

typedef struct {
    Table truth;
    double *prefix[2], *pair[2]; /* by class: counts [20⁴], [21 · 20] */
} Measured;

static Measured measure(const SimulateOptions *options, const char *name, int head, int tail)
{
    Measured m;
    (void)make(options, 4, name);
    char *path = simulate_truth_path(in_scratch(name));
    cr_assert_eq(table_read(&m.truth, path), OK, "%s", status_sentence());
    free(path);
    BagFile *file = open_made(name);
    for (int b = 0; b < 2; b++) {
        BagText text;
        const int class = *table_cell(bagfile_columns(file), b, 1) == '+';
        m.prefix[class] = calloc(160000, sizeof(double));
        m.pair[class] = calloc(420, sizeof(double));
        cr_assert_eq(bagfile_read_text(&text, file, b), OK, "%s", status_sentence());
        count_features(m.prefix[class], m.pair[class], &text, head, tail);
        bagtext_free(&text);
    }
    bagfile_close(file);
    return m;
}

static void free_measured(Measured *m)
{
    for (int class = 0; class < 2; class ++) {
        free(m->prefix[class]);
        free(m->pair[class]);
    }
    table_free(&m->truth);
}

enum { NEGATIVE = 3, POSITIVE = 4, FACTOR = 5 }; /* columns of the truth */

Test(data_simulate, dense_bags_have_the_probabilities_of_the_truth)
{
    const SimulateOptions options = dense_cohort(200000);
    Measured m = measure(&options, "data.h5", 4, 6);
    cr_assert_eq(m.truth.n_row, 820);
    for (int class = 0; class < 2; class ++) {
        const double prefix = misfit(&m.truth, "prefix", class ? POSITIVE : NEGATIVE, m.prefix[class]);
        const double pair = misfit(&m.truth, "transition", class ? POSITIVE : NEGATIVE, m.pair[class]);
        cr_expect(fabs(prefix) < 4, "class %d: prefixes are off by %g", class, prefix);
        cr_expect(fabs(pair) < 4, "class %d: transitions are off by %g", class, pair);
        cr_expect_gt(misfit(&m.truth, "prefix", class ? NEGATIVE : POSITIVE, m.prefix[class]), 100);
        cr_expect_gt(misfit(&m.truth, "transition", class ? NEGATIVE : POSITIVE, m.pair[class]), 100);
    }
    free_measured(&m);
}

Test(data_simulate, uniform_sequences_get_a_composition)
{
    SimulateOptions options = dense_cohort(50000);
    options.background = 1;
    options.dense = DENSE_COMPOSITION;
    Measured m = measure(&options, "data.h5", 0, 0);
    cr_assert_eq(m.truth.n_row, 420);
    cr_assert_lt(fabs(misfit(&m.truth, "transition", NEGATIVE, m.pair[0])), 4);
    cr_assert_lt(fabs(misfit(&m.truth, "transition", POSITIVE, m.pair[1])), 4);
    cr_assert_gt(misfit(&m.truth, "transition", NEGATIVE, m.pair[1]), 100);
    free_measured(&m);
}

Test(data_simulate, one_kind_can_be_shifted_alone)
{
    const char *const kind[] = {"transition", "prefix"}; /* which stays */
    SimulateOptions both = dense_cohort(1), one = dense_cohort(100000);
    Measured all = measure(&both, "both.h5", 4, 6);
    for (int k = 0; k < 2; k++) {
        one.dense = k == 0 ? DENSE_PREFIX : DENSE_COMPOSITION;
        Measured m = measure(&one, "one.h5", 4, 6);
        cr_assert_eq(m.truth.n_row, k == 0 ? 400 : 420);
        for (int r = 0; r < m.truth.n_row; r++) { /* the rows of a cohort with both */
            const int there = row_named(&all.truth, table_cell(&m.truth, r, 1), table_cell(&m.truth, r, 2));
            cr_assert_geq(there, 0);
            for (int c = 0; c < 6; c++)
                cr_assert_str_eq(table_cell(&m.truth, r, c), table_cell(&all.truth, there, c));
        }
        const double *count = k == 0 ? m.pair[1] : m.prefix[1];
        cr_assert_lt(fabs(misfit(&all.truth, kind[k], NEGATIVE, count)), 4, "%s are shifted too", kind[k]);
        free_measured(&m);
    }
    free_measured(&all);
}

Test(data_simulate, factors_are_the_shift_and_both_signs_are_there)
{
    SimulateOptions options = dense_cohort(1);
    options.shift = 0.03;
    options.spread = 0.2;
    Measured m = measure(&options, "data.h5", 4, 6);
    double sum[2] = {0}, n_up = 0;
    for (int r = 0; r < m.truth.n_row; r++) {
        const double factor = real_at(&m.truth, r, FACTOR);
        cr_assert_float_eq(fabs(log(factor)), 0.03, 1e-12);
        cr_assert_str_eq(table_cell(&m.truth, r, 0), "status");
        n_up += factor > 1;
        if (strcmp(table_cell(&m.truth, r, 1), "prefix") != 0) continue;
        for (int class = 0; class < 2; class ++) sum[class] += real_at(&m.truth, r, NEGATIVE + class);
    }
    cr_assert_float_eq(sum[0], 1, 1e-9);
    cr_assert_float_eq(sum[1], 1, 1e-9);
    cr_assert(n_up > 350 && n_up < 470, "%g of 820 factors are above 1", n_up);
    free_measured(&m);
}

Test(data_simulate, without_shift_dense_bags_are_the_background)
{
    for (int background = 0; background < 2; background++) {
        SimulateOptions options = small_cohort();
        options.background = background;
        options.rate = 0;
        (void)make(&options, 3, "motif.h5");
        options.signal = SIGNAL_DENSE;
        options.dense = DENSE_COMPOSITION;
        options.motifs.n = 0;
        options.position = "not used";
        options.rate = 1;
        const SimulateResult result = make(&options, 3, "dense.h5");
        cr_assert_eq(result.n_carrier, 0);
        cr_assert_eq(result.n_shifted, 420);
        assert_equal_bags("motif.h5", "dense.h5", 12);
        options.shift = 0.1;
        options.positive = 0;
        (void)make(&options, 3, "negative.h5");
        assert_equal_bags("motif.h5", "negative.h5", 12);
    }
}

Test(data_simulate, a_bag_has_its_own_spread_whatever_its_label)
{
    for (int signal = SIGNAL_MOTIF; signal <= SIGNAL_DENSE; signal++) {
        SimulateOptions options = small_cohort();
        options.signal = signal;
        options.spread = 0.5;
        options.rate = 0;
        (void)make(&options, 3, "half.h5");
        options.positive = 1;
        options.n_bag = 20;
        (void)make(&options, 3, "all.h5");
        assert_equal_bags("half.h5", "all.h5", 12);
    }
    SimulateOptions options = dense_cohort(50000); /* both bags are off, and apart */
    options.positive = 0;
    options.spread = 0.5;
    options.n_bag = 2;
    (void)make(&options, 4, "data.h5");
    BagFile *file = open_made("data.h5");
    double *prefix[2], *pair[2], chi2 = 0;
    for (int b = 0; b < 2; b++) {
        BagText text;
        prefix[b] = calloc(160000, sizeof(double));
        pair[b] = calloc(420, sizeof(double));
        cr_assert_eq(bagfile_read_text(&text, file, b), OK);
        count_features(prefix[b], pair[b], &text, 4, 6);
        bagtext_free(&text);
    }
    for (int k = 0; k < 420; k++) {
        const double sum = pair[0][k] + pair[1][k], difference = pair[0][k] - pair[1][k];
        if (sum > 10) chi2 += difference * difference / sum;
    }
    cr_assert_gt(chi2, 4000, "transitions of two bags are as alike as chance allows: %g", chi2);
    for (int b = 0; b < 2; b++) {
        free(prefix[b]);
        free(pair[b]);
    }
    bagfile_close(file);
}

Test(data_simulate, a_seed_fixes_every_byte_of_a_dense_cohort)
{
    SimulateOptions options = small_cohort();
    const char *name[] = {"one.h5", "two.h5", "three.h5"},
               *truth[] = {"one.truth.tsv.gz", "two.truth.tsv.gz", "three.truth.tsv.gz"};
    options.signal = SIGNAL_DENSE;
    options.shift = 0.1;
    for (int spread = 0; spread < 2; spread++) {
        options.spread = spread * 0.1;
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(parallel_start(k + 1), OK);
            (void)make(&options, 7, name[k]);
            assert_same_bytes(name[0], name[k], true);
            assert_same_bytes(truth[0], truth[k], true);
        }
    }
    (void)make(&options, 8, "other.h5");
    assert_same_bytes("one.truth.tsv.gz", "other.truth.tsv.gz", false);
}

Test(data_simulate, every_setting_of_a_dense_cohort_is_recorded)
{
    SimulateOptions options = dense_cohort(10);
    options.spread = 0.25;
    options.dense = DENSE_PREFIX;
    (void)make(&options, 0, "data.h5");
    BagFile *file = open_made("data.h5");
    json_t *facts = json_loads(bagfile_provenance(file), 0, NULL);
    const json_t *made = json_object_get(facts, "simulate");
    static const char first[] =
        "n_bag n_seq positive background signal shift dense spread motifs rate rate_mode position counts";
    for (const Option *row = simulate_options; row->name; row++)
        if (option_word(first, row->name) >= 0)
            cr_assert(json_object_get(made, row->name), "%s is not recorded", row->name);
    cr_assert_str_eq(json_string_value(json_object_get(made, "signal")), "dense");
    cr_assert_str_eq(json_string_value(json_object_get(made, "dense")), "prefix");
    cr_assert_eq(json_real_value(json_object_get(made, "shift")), 0.5);
    cr_assert_eq(json_real_value(json_object_get(made, "spread")), 0.25);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(facts, "signal"), "shifted")), 400);
    json_decref(facts);
    bagfile_close(file);
}

/* ---- no leaks ---- */

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
    options = dense_cohort(10);
    options.background = 1;
    assert_refused(&options,
                   "simulate.dense=both: background 'uniform' has no prefixes; set simulate.dense to composition");
    options.dense = DENSE_PREFIX;
    assert_refused(&options, "simulate.dense=prefix: background 'uniform' has no prefixes");
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
