/* SPDX-License-Identifier: MIT
 *
 * test_kmers.c: the choice of k-mers on small files with planted motifs, and the bytes of kmers.tsv.
 */
#include "cohort/kmerrounds.h"
#include "cohort/kmers.h"
#include "cohort/kmerstat.h"
#include "cohort/kmertable.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "support/bags.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_kmers

enum { BAGS = 60, SEQUENCES = 400, LENGTH = 16, CLASSES = 3 };
static const char alphabet[] = "ACDEFGHIKLMNPQRSTVWY";

static BagFile *file;
static Cache *cache;
static Target target;
static Labels labels;
static int bag[BAGS], group[BAGS]; /* which motifs a bag has: its number modulo 3 */
static Part part[BAGS];
static volatile sig_atomic_t stop;
static const char *const class_names[CLASSES] = {"a", "b", "c d\te"};

/* A motif, '.' for any residue, put into `every`-th sequences of the bags of a group, from sequence `from` on, at a random
 * place or at `at`. */
typedef struct {
    const char *text;
    int group, every, from, at;
} Plant;

static void plant(int8_t *codes, const char *text, int at)
{
    for (int p = 0; text[p]; p++)
        if (text[p] != '.') codes[at + p] = (int8_t)(strchr(alphabet, text[p]) - alphabet);
}

static void fill_bag(int8_t *codes, int64_t *len, int n, int b, const Plant *plants)
{
    Rng rng = rng_stream(11, "test kmers", (uint64_t)b);
    memset(codes, -1, SEQUENCES * LENGTH);
    for (int i = 0; i < n; i++) {
        int8_t *own = codes + (size_t)i * LENGTH;
        len[i] = 10 + (int64_t)rng_below(&rng, LENGTH - 9);
        for (int t = 0; t < (int)len[i]; t++) own[t] = (int8_t)rng_below(&rng, 20);
        for (const Plant *p = plants; p && p->text; p++) {
            const int places = (int)len[i] - (int)strlen(p->text) + 1;
            const int at = p->at >= 0 ? p->at : (int)rng_below(&rng, (uint64_t)places);
            if (group[b] == p->group && i % p->every == p->from) plant(own, p->text, at);
        }
    }
}

static void open_data(const Plant *plants)
{
    static int8_t codes[SEQUENCES * LENGTH];
    static int64_t len[SEQUENCES], count[SEQUENCES];
    const BagWriterOptions o = {.spec = TEST_SPEC(LENGTH), .force = true};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, in_scratch("kmers.h5"), &o), OK, "%s", status_sentence());
    for (int b = 0; b < BAGS; b++) {
        char key[16];
        const int n = SEQUENCES - b % 4 * 50; /* sizes differ */
        snprintf(key, sizeof key, "bag%d", b);
        for (int i = 0; i < n; i++) count[i] = 1;
        fill_bag(codes, len, n, b, plants);
        cr_assert_eq(
            bagwriter_add(w, key,
                          &(BagWriterRows){.codes = codes, .stride = LENGTH, .len = len, .count = count, .n = n}),
            OK, "%s", status_sentence());
    }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_open(&file, in_scratch("kmers.h5")), OK, "%s", status_sentence());
    cr_assert_eq(cache_open(&cache, file, COUNTS_NONE, -1), OK, "%s", status_sentence());
}

static void close_data(void)
{
    cache_close(cache);
    bagfile_close(file);
    cache = NULL;
    file = NULL;
}

/* Bags of group 0 are positive. */
static void label_binary(void)
{
    target = (Target){.type = &target_binary, .n_out = 1, .positive = "+", .negative = "-"};
    labels.n_out = 1;
    for (int b = 0; b < BAGS; b++) labels.target[b] = (real)(group[b] == 0);
}

static void label_multiclass(void)
{
    target = (Target){.type = &target_multiclass, .n_out = CLASSES, .n_class = CLASSES};
    target.classes = (const char **)(uintptr_t)class_names;
    labels.n_out = CLASSES;
    for (int b = 0; b < BAGS; b++)
        for (int k = 0; k < CLASSES; k++) labels.target[b * CLASSES + k] = (real)(group[b] == k);
}

static void label_regression(void)
{
    target = (Target){.type = &target_regression, .n_out = 1, .mean = 0, .std = 1};
    labels.n_out = 1;
    for (int b = 0; b < BAGS; b++) labels.target[b] = (real)(10 + 2 * (group[b] == 0) + 0.01 * (b % 7));
}

static void set_up(void)
{
    scratch_make();
    labels = (Labels){.n = BAGS, .n_out = 1, .n_target = 1};
    labels.target = calloc(BAGS * CLASSES, sizeof *labels.target);
    labels.mask = calloc(BAGS, sizeof *labels.mask);
    for (int b = 0; b < BAGS; b++) {
        bag[b] = b;
        group[b] = b % 3;
        part[b] = PART_TRAIN;
        labels.mask[b] = 1;
    }
    label_binary();
}

static void tear_down(void)
{
    close_data();
    label_free(&labels);
    scratch_remove();
}

TestSuite(SUITE, .init = set_up, .fini = tear_down);

/* Of all bags, whatever their part. */
static double mean_size(void)
{
    double size = 0;
    for (int b = 0; b < BAGS; b++) size += bagfile_n(file, b);
    return size / BAGS;
}

static KmerSetup setup(void)
{
    return (KmerSetup){.cache = cache,
                       .spec = bagfile_spec(file),
                       .n = BAGS,
                       .bag = bag,
                       .part = part,
                       .labels = &labels,
                       .target = &target,
                       .mean_size = mean_size(),
                       .top = KMERS_STANDARD,
                       .min_z = NAN,
                       .masks = KMER_MASKS_ALL,
                       .max_span = KMER_SPAN,
                       .rounds = 1,
                       .stop = &stop};
}

static KmerChoice chosen(const KmerSetup *in)
{
    KmerChoice choice;
    cr_assert_eq(kmers_choose(&choice, in, 1), OK, "%s", status_sentence());
    cr_assert_eq(choice.reason == NULL, choice.n > 0);
    return choice;
}

static KmerChoice chosen_by_default(void)
{
    const KmerSetup in = setup();
    return chosen(&in);
}

static const char *text_of(const KmerChoice *choice, int k)
{
    static char text[KMERS_MAX][KMER_SPAN + 1];
    return kmer_text(text[k], &choice->found[k].kmer, alphabet);
}

/* Does the motif, with any residues around, fix all that the k-mer fixes at some shift? */
static bool is_part_of(const char *kmer, const char *motif)
{
    const int n = (int)strlen(kmer), m = (int)strlen(motif);
    for (int shift = 0; shift + n <= m; shift++) {
        int wrong = 0;
        for (int p = 0; p < n; p++) wrong += kmer[p] != '.' && kmer[p] != motif[p + shift];
        if (!wrong) return true;
    }
    return false;
}

/* ---- what is found ---- */

static bool stands_at(const uint8_t *codes, const Kmer *kmer)
{
    for (int f = 0; f < kmer->n_fixed; f++)
        if (codes[kmer->offset[f]] != kmer->code[f]) return false;
    return true;
}

static int occurrences(const uint8_t *codes, int l, const Kmer *kmer)
{
    int n = 0;
    for (int p = 0; kmer && p + kmer->span <= l; p++) n += stands_at(codes + p, kmer);
    return n;
}

static int count_in(int b, const Kmer *kmer, const KmerChoice *choice, int n_struck)
{
    const Bag *whole;
    int n = 0;
    cr_assert_eq(cache_bag(cache, &whole, b, 0), OK);
    for (int l = 0; l <= whole->max_len; l++)
        for (int i = whole->first[l]; i < whole->first[l + 1]; i++) {
            const uint8_t *codes = bag_codes(whole, i, l);
            bool struck = false;
            for (int k = 0; k < n_struck; k++) struck = struck || occurrences(codes, l, &choice->found[k].kmer);
            if (!struck) n += occurrences(codes, l, kmer);
        }
    return n;
}

/* z of a k-mer by the textbook, over the training bags, without sequences of the first n_struck choices. */
static double plain_z(const Kmer *kmer, const KmerChoice *choice, int n_struck)
{
    double n = 0, sx = 0, sv = 0, sxx = 0, sxy = 0, syy = 0;
    double v[BAGS], x[BAGS];
    for (int b = 0; b < BAGS; b++) {
        n += part[b] == PART_TRAIN;
    }
    for (int b = 0; b < BAGS; b++) {
        if (part[b] != PART_TRAIN) continue;
        v[b] = 2 * sqrt(count_in(b, kmer, choice, n_struck) * mean_size() / bagfile_n(file, b) + 0.375);
        x[b] = (double)labels.target[b];
        sx += x[b];
        sv += v[b];
    }
    for (int b = 0; b < BAGS; b++) {
        if (part[b] != PART_TRAIN) continue;
        sxx += (x[b] - sx / n) * (x[b] - sx / n);
        sxy += (x[b] - sx / n) * (v[b] - sv / n);
        syy += (v[b] - sv / n) * (v[b] - sv / n);
    }
    return kmerstat_z(sxy / sqrt(sxx * fmax((syy - sxy * sxy / sxx) / (n - 2), 0.05)), n - 2);
}

static void check_numbers(const KmerChoice *choice)
{
    for (int k = 0; k < choice->n; k++) {
        const KmerFound *f = &choice->found[k];
        double mean[2] = {0}, side[2] = {0};
        int with[2] = {0};
        cr_assert_float_eq(f->z, plain_z(&f->kmer, choice, k), 1e-5, "%s", text_of(choice, k));
        cr_assert_float_eq(f->z_alone, plain_z(&f->kmer, choice, 0), 1e-5, "%s", text_of(choice, k));
        cr_assert_eq(f->sign, f->z > 0 ? 1 : -1);
        cr_assert_gt(fabs(f->z), choice->min_z);
        for (int b = 0; b < BAGS; b++) {
            const int s = !(labels.target[b] > (real)(target.type == &target_binary ? 0.5 : 11));
            const int count = count_in(b, &f->kmer, choice, 0);
            if (part[b] != PART_TRAIN) continue;
            mean[s] += count * mean_size() / bagfile_n(file, b);
            with[s] += count > 0;
            side[s]++;
        }
        for (int s = 0; s < 2; s++) {
            cr_assert_float_eq(f->mean[s], mean[s] / side[s], 1e-9);
            cr_assert_eq(f->n_bag_with[s], with[s]);
        }
    }
}

Test(SUITE, finds_what_is_planted)
{
    static const struct {
        const char *planted, *found;
    } known[] = {{"WHC", "WHC"}, {"SF.EN", "SF.EN"}, {"D...H...W", "D...H...W"}, {"M.K....Y", "M.K....Y"}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        open_data((const Plant[]){{known[k].planted, 0, 40, 3, -1}, {0}});
        const KmerChoice choice = chosen_by_default();
        cr_assert_geq(choice.n, 1);
        cr_assert_str_eq(text_of(&choice, 0), known[k].found);
        cr_assert_eq(choice.found[0].sign, 1);
        cr_assert_eq(choice.found[0].target_class, 1);
        cr_assert_eq(choice.found[0].n_bag_with[0], 20);
        cr_assert_float_eq(choice.min_z, kmerstat_threshold(choice.n_tested), 1e-12);
        cr_assert_float_eq(choice.largest_z, choice.found[0].z, 1e-3);
        check_numbers(&choice);
        close_data();
    }
}

/* A k-mer in every fourth sequence of the one and every fifth of the other bags differs surely, but starts nothing; beside it
 * a rare one does. */
Test(SUITE, small_shifts_are_set_aside)
{
    static const Plant shift[] = {{"WHC", 0, 4, 1, 0}, {"WHC", 1, 5, 1, 0}, {"WHC", 2, 5, 1, 0}, {0}};
    static const Plant both[] = {
        {"WHC", 0, 4, 1, 0}, {"WHC", 1, 5, 1, 0}, {"WHC", 2, 5, 1, 0}, {"YQPNF", 0, 40, 2, 4}, {0}};
    char text[KMER_SPAN + 1];
    open_data(shift);
    KmerChoice choice = chosen_by_default();
    cr_assert_eq(choice.n, 0, "%s", text_of(&choice, 0));
    cr_assert_str_eq(kmer_text(text, &choice.aside, alphabet), "WHC");
    cr_assert_gt(choice.aside_z, choice.min_z);
    cr_assert_str_eq(choice.reason, "none but such");
    close_data();
    open_data(both);
    choice = chosen_by_default();
    cr_assert_geq(choice.n, 1);
    cr_assert(is_part_of(text_of(&choice, 0), "YQPNF"), "%s", text_of(&choice, 0));
    for (int k = 0; k < choice.n; k++)
        cr_expect_geq(fabs(choice.found[k].mean[0] - choice.found[k].mean[1]),
                      KMERS_EXCESS * fmax(choice.found[k].mean[0], choice.found[k].mean[1]));
}

/* The shifted parts of one motif are covered by one choice; a motif in other sequences is a choice of its own. */
Test(SUITE, covers_greedily)
{
    open_data((const Plant[]){{"WCHKM", 0, 30, 3, -1}, {"YQPNF", 0, 40, 5, -1}, {0}});
    const KmerChoice choice = chosen_by_default();
    cr_assert_eq(choice.n, 2);
    const int other = is_part_of(text_of(&choice, 0), "WCHKM");
    cr_assert(is_part_of(text_of(&choice, !other), "WCHKM"), "%s", text_of(&choice, !other));
    cr_assert(is_part_of(text_of(&choice, other), "YQPNF"), "%s", text_of(&choice, other));
    check_numbers(&choice);

    KmerSetup in = setup();
    in.top = 1;
    const KmerChoice one = chosen(&in);
    cr_assert_eq(one.n, 1);
    cr_assert_eq(memcmp(&one.found[0], &choice.found[0], sizeof one.found[0]), 0);
}

/* WHCWHC: every sequence holds WHC twice; both go at once, and so does all else in it. */
Test(SUITE, strikes_a_sequence_that_holds_it_twice)
{
    open_data((const Plant[]){{"WHCWHC", 0, 50, 3, -1}, {"YQPNF", 0, 80, 5, -1}, {0}});
    KmerSetup in = setup();
    in.max_span = 3; /* WHC alone occurs twice */
    const KmerChoice choice = chosen(&in);
    cr_assert_geq(choice.n, 2);
    cr_assert_str_eq(text_of(&choice, 0), "WHC");
    cr_assert_gt(choice.found[0].mean[0], 13);
    for (int k = 1; k < choice.n; k++)
        cr_assert(!is_part_of(text_of(&choice, k), "WHCWHC"), "%s", text_of(&choice, k));
    check_numbers(&choice);
}

Test(SUITE, finds_what_is_rarer)
{
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {0}});
    const KmerChoice more = chosen_by_default();
    for (int b = 0; b < BAGS; b++) labels.target[b] = 1 - labels.target[b];
    const KmerChoice less = chosen_by_default();
    cr_assert_eq(less.found[0].sign, -1);
    cr_assert_str_eq(text_of(&less, 0), "SF.EN");
    cr_assert_float_eq(less.found[0].z, -more.found[0].z, 1e-9);
    cr_assert_eq(less.found[0].mean[1], more.found[0].mean[0]);
    check_numbers(&less);
}

Test(SUITE, nothing_passes_on_permuted_labels)
{
    open_data((const Plant[]){{"SF.EN", 0, 100, 3, -1}, {0}});
    for (int k = 0; k < 20; k++) {
        Rng rng = rng_stream((uint64_t)k, "permutation", 0);
        /* Half of the carriers are positive, so that what is planted tells nothing. */
        int left[2] = {10, 10}, of[2] = {20, 40};
        for (int b = 0; b < BAGS; b++) {
            const int g = group[b] != 0;
            const bool positive = (int)rng_below(&rng, (uint64_t)of[g]) < left[g];
            labels.target[b] = (real)positive;
            left[g] -= positive;
            of[g]--;
        }
        const KmerChoice choice = chosen_by_default();
        cr_assert_eq(choice.n, 0, "permutation %d: %s with z %g", k, text_of(&choice, 0), choice.found[0].z);
        cr_assert_str_eq(choice.reason, "no k-mer exceeds the threshold");
        cr_assert(choice.largest_z > 3 && choice.largest_z < choice.min_z, "%g", choice.largest_z);
        cr_assert_gt(choice.n_tested, 1000000);
    }
}

Test(SUITE, multiclass)
{
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {"WHC", 2, 40, 7, -1}, {0}});
    label_multiclass();
    const KmerChoice choice = chosen_by_default();
    bool seen[2] = {false};
    cr_assert_geq(choice.n, 2);
    for (int k = 0; k < 2; k++) {
        const bool whc = strcmp(text_of(&choice, k), "WHC") == 0;
        cr_assert(whc || strcmp(text_of(&choice, k), "SF.EN") == 0, "%s", text_of(&choice, k));
        cr_assert_eq(choice.found[k].target_class, whc ? 2 : 0);
        cr_assert_eq(choice.found[k].sign, 1);
        seen[whc] = true;
    }
    cr_assert(seen[0] && seen[1]);
    label_binary();
    cr_assert_eq(choice.n_tested, 3 * chosen_by_default().n_tested);
}

Test(SUITE, regression)
{
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {0}});
    label_regression();
    const KmerChoice choice = chosen_by_default();
    cr_assert_geq(choice.n, 1);
    cr_assert_str_eq(text_of(&choice, 0), "SF.EN");
    check_numbers(&choice);
    for (int b = 0; b < BAGS; b++) labels.target[b] = 3;
    cr_assert_str_eq(chosen_by_default().reason, "all training bags have the same label");
}

/* ---- several trainings ---- */

enum { FOLDS = 5, TRAININGS = FOLDS + 3 };
static int dealt[BAGS];
static Part parts[TRAININGS][BAGS];

/* Five folds as crossval has them, two whose training parts cut groups, and one that cannot be tested. Setups as n_group
 * and `deal` group them. */
static void set_trainings(KmerSetup in[TRAININGS], int n_group)
{
    for (int t = 0; t < TRAININGS; t++) {
        for (int b = 0; b < BAGS; b++) {
            const int fold = b / 3 % FOLDS;
            dealt[b] = fold * n_group / FOLDS;
            parts[t][b] = fold == t % FOLDS                 ? PART_TEST
                          : (fold + 1) % FOLDS == t % FOLDS ? PART_VALIDATION
                                                            : PART_TRAIN;
            if (t >= FOLDS && b % 11 == t) parts[t][b] = PART_VALIDATION;
            if (t == TRAININGS - 1) parts[t][b] = PART_NONE;
        }
        in[t] = setup();
        in[t].part = parts[t];
        in[t].group = dealt;
        in[t].n_group = n_group;
    }
}

static void check_together(const KmerSetup in[TRAININGS], KmerChoice together[TRAININGS])
{
    memset(together, 0, TRAININGS * sizeof *together);
    cr_assert_eq(kmers_choose(together, in, TRAININGS), OK, "%s", status_sentence());
    for (int t = 0; t < TRAININGS; t++) {
        KmerChoice alone;
        memset(&alone, 0, sizeof alone);
        cr_assert_eq(kmers_choose(&alone, &in[t], 1), OK, "%s", status_sentence());
        cr_assert_eq(memcmp(&alone, &together[t], sizeof alone), 0, "training %d", t);
        cr_assert_eq(alone.n > 0, t < TRAININGS - 1);
        memcpy(part, parts[t], sizeof part);
        if (target.type != &target_multiclass) check_numbers(&alone);
    }
}

Test(SUITE, together_as_alone)
{
    static void (*const label[])(void) = {label_binary, label_multiclass, label_regression};
    KmerSetup in[TRAININGS];
    KmerChoice choice[TRAININGS];
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {"WHC", 0, 60, 7, -1}, {0}});
    for (size_t k = 0; k < sizeof label / sizeof *label; k++)
        for (int n_group = k == 0 ? 2 : FOLDS; n_group <= FOLDS; n_group += 3) {
            label[k]();
            set_trainings(in, n_group);
            check_together(in, choice);
        }
}

/* The unit of a regression's labels changes z by rounding alone. */
Test(SUITE, labels_of_any_unit)
{
    KmerSetup in[TRAININGS];
    KmerChoice choice[2][TRAININGS];
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {"WHC", 0, 60, 7, -1}, {0}});
    set_trainings(in, FOLDS);
    for (int k = 0; k < 2; k++) {
        label_regression();
        for (int b = 0; b < BAGS; b++) {
            labels.target[b] += (real)(0.1 * (b / 3 % FOLDS)); /* groups differ */
            if (k) labels.target[b] = (real)(1e-4 * (double)labels.target[b] - 1);
        }
        cr_assert_eq(kmers_choose(choice[k], in, TRAININGS), OK);
    }
    for (int t = 0; t < TRAININGS; t++) {
        cr_assert_eq(choice[0][t].n, choice[1][t].n);
        for (int j = 0; j < choice[0][t].n; j++) {
            cr_assert_eq(memcmp(&choice[0][t].found[j].kmer, &choice[1][t].found[j].kmer, sizeof(Kmer)), 0);
            cr_assert_float_eq(choice[0][t].found[j].z, choice[1][t].found[j].z, 0.01);
        }
    }
}

Test(SUITE, labels_of_other_parts_do_not_matter)
{
    KmerSetup in[TRAININGS];
    KmerChoice before[TRAININGS], after[TRAININGS];
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {"WHC", 0, 60, 7, -1}, {0}});
    set_trainings(in, FOLDS);
    for (int t = 0; t < TRAININGS; t += FOLDS) { /* a whole one, and one that cuts groups */
        memset(before, 0, sizeof before);
        memset(after, 0, sizeof after);
        label_binary();
        cr_assert_eq(kmers_choose(before, in, TRAININGS), OK);
        for (int b = 0; b < BAGS; b++)
            if (parts[t][b] != PART_TRAIN) labels.target[b] = 1 - labels.target[b];
        cr_assert_eq(kmers_choose(after, in, TRAININGS), OK);
        cr_assert_eq(memcmp(&before[t], &after[t], sizeof before[t]), 0, "training %d", t);
        cr_assert_neq(memcmp(&before[(t + 2) % FOLDS], &after[(t + 2) % FOLDS], sizeof before[t]), 0);
    }
}

/* ---- presence, and rounds ---- */

/* 30 positive bags, of which 22 hold WHCM and the other 8 YQPN; 30 negative ones. */
static void open_parts(void)
{
    for (int b = 0; b < BAGS; b++) group[b] = b % 2 ? 2 : b < 44 ? 0 : 1;
    open_data((const Plant[]){{"WHCM", 0, 100, 3, -1}, {"YQPN", 1, 100, 3, -1}, {0}});
    for (int b = 0; b < BAGS; b++) labels.target[b] = (real)(group[b] < 2);
}

static KmerSetup setup_of_parts(int statistic, int rounds)
{
    KmerSetup in = setup();
    in.max_span = 4;
    in.statistic = statistic;
    in.rounds = rounds;
    return in;
}

static KmerChoice chosen_in_rounds(const KmerSetup *in)
{
    KmerChoice choice;
    memset(&choice, 0, sizeof choice);
    cr_assert_eq(kmerrounds_choose(&choice, in, 1), OK, "%s", status_sentence());
    return choice;
}

static double choose_n(int n, int k)
{
    double product = 1;
    for (int j = 1; j <= k; j++) product = product * (n - k + j) / j;
    return product;
}

/* Is z that of Fisher's exact test over training bags that do not hold `explained`? */
static void check_presence(const KmerFound *f, const Kmer *explained)
{
    int n[2] = {0}, with[2] = {0};
    double tail = 0;
    for (int b = 0; b < BAGS; b++) {
        const int out = labels.target[b] < (real)0.5;
        if (explained && count_in(b, explained, NULL, 0) > 0) continue;
        n[out]++;
        with[out] += count_in(b, &f->kmer, NULL, 0) > 0;
    }
    const int held = with[0] + with[1];
    for (int a = with[0]; a <= held && a <= n[0]; a++)
        tail += choose_n(n[0], a) * choose_n(n[1], held - a) / choose_n(n[0] + n[1], held);
    cr_assert_float_eq(0.5 * erfc(f->z_alone / sqrt(2)), tail, 1e-6 * tail);
    for (int side = 0; side < 2; side++) cr_assert_eq(f->n_bag_with[side], with[side]);
}

Test(SUITE, presence)
{
    open_parts();
    KmerSetup in = setup_of_parts(KMER_PRESENCE, 1);
    const KmerChoice choice = chosen(&in);
    cr_assert_eq(choice.n, 1);
    cr_assert_str_eq(text_of(&choice, 0), "WHCM");
    check_presence(&choice.found[0], NULL);
    cr_assert_float_eq(choice.largest_z, choice.found[0].z, 1e-9);
    cr_assert_float_eq(choice.min_z, kmerstat_threshold((double)choice.n_tested), 1e-12);
    in.statistic = KMER_FREQUENCY;
    const KmerChoice frequency = chosen(&in);
    cr_assert_lt(choice.n_tested, frequency.n_tested); /* k-mers of few bags are not tested */
    in.statistic = KMER_BOTH;
    const KmerChoice both = chosen(&in);
    cr_assert_eq(both.n_tested, choice.n_tested + frequency.n_tested);
    cr_assert_float_eq(both.found[0].z, fmax(choice.found[0].z, frequency.found[0].z), 1e-9);
}

/* YQPN, in 8 of 30, is seen among the bags without WHCM. */
Test(SUITE, rounds)
{
    open_parts();
    KmerSetup in = setup_of_parts(KMER_BOTH, 1);
    cr_assert_eq(chosen_in_rounds(&in).n, 1);
    in.rounds = 3;
    const KmerChoice choice = chosen_in_rounds(&in);
    cr_assert_eq(choice.n, 2);
    cr_assert_str_eq(text_of(&choice, 1), "YQPN");
    check_presence(&choice.found[1], &choice.found[0].kmer);
    for (int k = 0; k < 2; k++) cr_assert_gt(choice.found[k].z, choice.found[k].min_z);
    in.top = 1;
    cr_assert_eq(chosen_in_rounds(&in).n, 1);
    in.top = KMERS_STANDARD;
    for (int b = 0; b < BAGS; b++) labels.target[b] = 1 - labels.target[b];
    const KmerChoice other = chosen_in_rounds(&in);
    cr_assert_eq(other.n, 2);
    for (int k = 0; k < 2; k++) cr_assert_float_eq(other.found[k].z, -choice.found[k].z, 1e-9);
}

Test(SUITE, rounds_know_training_bags_alone)
{
    open_parts();
    const KmerSetup in = setup_of_parts(KMER_BOTH, 3);
    for (int b = 50; b < 56; b++) part[b] = b % 2 ? PART_TEST : PART_VALIDATION;
    const KmerChoice before = chosen_in_rounds(&in);
    cr_assert_geq(before.n, 1);
    for (int b = 50; b < 56; b++) {
        labels.target[b] = 1 - labels.target[b];
        bag[b] = 1000000; /* none such: reading it would crash */
    }
    const KmerChoice after = chosen_in_rounds(&in);
    cr_assert_eq(memcmp(&before, &after, sizeof before), 0);
}

Test(SUITE, rounds_together_as_alone_on_any_threads)
{
    KmerSetup in[TRAININGS];
    static KmerChoice together[TRAININGS];
    open_parts();
    set_trainings(in, FOLDS);
    memset(together, 0, sizeof together);
    for (int t = 0; t < TRAININGS; t++) in[t].statistic = KMER_BOTH, in[t].rounds = 3, in[t].min_z = 4;
    cr_assert_eq(kmerrounds_choose(together, in, TRAININGS), OK, "%s", status_sentence());
    for (int threads = 2; threads <= 4; threads++) {
        cr_assert_eq(parallel_start(threads), OK);
        for (int t = 0; t < TRAININGS; t++) {
            const KmerChoice alone = chosen_in_rounds(&in[t]);
            cr_assert_eq(memcmp(&alone, &together[t], sizeof alone), 0, "training %d, %d threads", t, threads);
            cr_assert_eq(alone.n > 0, t < TRAININGS - 1);
        }
    }
    cr_assert_eq(parallel_start(1), OK);
}

/* Several classes have tests of their own; numbers are tested by frequency, in one round. */
Test(SUITE, presence_of_other_targets)
{
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {"WHCM", 2, 100, 7, -1}, {0}});
    KmerSetup in = setup();
    label_multiclass();
    in.statistic = KMER_PRESENCE;
    const KmerChoice classes = chosen_in_rounds(&in);
    bool seen[CLASSES] = {false};
    for (int k = 0; k < classes.n; k++) seen[classes.found[k].target_class] = classes.found[k].sign == 1;
    cr_assert(seen[0] && seen[2] && !seen[1]);
    label_regression();
    in.statistic = KMER_BOTH;
    in.rounds = 4;
    const KmerChoice both = chosen_in_rounds(&in), frequency = chosen_by_default();
    cr_assert_eq(memcmp(&both, &frequency, sizeof both), 0);
}

Test(SUITE, nothing_is_present_by_chance)
{
    open_data(NULL);
    KmerSetup in = setup();
    in.statistic = KMER_BOTH;
    in.rounds = 4;
    for (int k = 0; k < 10; k++) {
        Rng rng = rng_stream((uint64_t)k, "presence by chance", 0);
        for (int b = 0, left = 30; b < BAGS; b++) {
            labels.target[b] = (real)((int)rng_below(&rng, (uint64_t)(BAGS - b)) < left);
            left -= labels.target[b] > (real)0.5;
        }
        const KmerChoice choice = chosen_in_rounds(&in);
        cr_assert_eq(choice.n, 0, "labels %d: %s with z %g", k, text_of(&choice, 0), choice.found[0].z);
        cr_assert_gt(choice.min_z, choice.largest_z);
    }
}

/* ---- what it depends on ---- */

Test(SUITE, threads_and_cache_do_not_matter)
{
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {"WHC", 0, 40, 7, -1}, {0}});
    KmerChoice choice[5];
    for (int k = 0; k < 5; k++) {
        cr_assert_eq(parallel_start(k < 4 ? k + 1 : 1), OK);
        cache_close(cache);
        cr_assert_eq(cache_open(&cache, file, COUNTS_NONE, k == 4 ? 0 : -1), OK);
        choice[k] = chosen_by_default();
    }
    cr_assert_eq(parallel_start(1), OK);
    cr_assert_geq(choice[0].n, 2);
    for (int k = 1; k < 5; k++) cr_assert_eq(memcmp(&choice[0], &choice[k], sizeof choice[0]), 0, "%d", k);
}

Test(SUITE, other_parts_are_not_read)
{
    open_data((const Plant[]){{"SF.EN", 0, 40, 3, -1}, {0}});
    for (int b = 0; b < BAGS; b++) part[b] = b % 5 == 0 ? PART_TEST : b % 5 == 1 ? PART_VALIDATION : PART_TRAIN;
    const KmerChoice before = chosen_by_default();
    check_numbers(&before);
    cr_assert_eq(before.found[0].n_bag_with[0], 12);
    for (int b = 0; b < BAGS; b++) {
        if (part[b] == PART_TRAIN) continue;
        labels.target[b] = 1 - labels.target[b];
        bag[b] = 1000000; /* none such: reading it would crash */
    }
    const KmerChoice after = chosen_by_default();
    cr_assert_eq(memcmp(&before, &after, sizeof before), 0);

    for (int b = 0; b < BAGS; b++) labels.mask[b] = b % 5 == 2 ? 0 : 1;
    const KmerChoice known = chosen_by_default();
    cr_assert_eq(known.found[0].n_bag_with[0], 8);
}

Test(SUITE, too_few_bags_choose_nothing)
{
    open_data(NULL);
    for (int b = 3; b < BAGS; b++) part[b] = PART_TEST;
    KmerChoice choice = chosen_by_default();
    cr_assert_str_eq(choice.reason, "fewer than 4 training bags have a label");
    cr_assert(isnan(choice.min_z) && isnan(choice.largest_z));
    for (int b = 3; b < BAGS; b++) part[b] = group[b] == 0 ? PART_TEST : PART_TRAIN; /* bag 0 is the one positive */
    cr_assert_str_eq(chosen_by_default().reason, "a class has fewer than 2 training bags");
    label_multiclass(); /* the other two can be told apart */
    cr_assert_gt(chosen_by_default().n_tested, 0);
    KmerSetup in = setup();
    in.max_span = 2;
    cr_assert_str_eq(chosen(&in).reason, "the kernels are shorter than any k-mer");
}

Test(SUITE, options_are_used)
{
    open_data((const Plant[]){{"D...H...W", 0, 40, 3, -1}, {0}});
    KmerSetup in = setup();
    cr_assert_str_eq(text_of(&(KmerChoice[]){chosen(&in)}[0], 0), "D...H...W");
    const KmerChoice all = chosen(&in);
    in.masks = KMER_MASKS_SHORT;
    const KmerChoice brief = chosen(&in);
    cr_assert_eq(brief.n, 0);
    cr_assert_lt(brief.n_tested, all.n_tested);
    in.masks = KMER_MASKS_ALL;
    in.max_span = 8;
    cr_assert_eq(chosen(&in).n, 0);
    in.max_span = KMER_SPAN;
    in.min_z = all.found[0].z + 0.01;
    cr_assert_eq(chosen(&in).n, 0);
    in.min_z = 3.5;
    const KmerChoice many = chosen(&in);
    cr_assert_eq(many.min_z, 3.5);
    cr_assert_eq(many.n, KMERS_STANDARD);
    check_numbers(&many);
    in.top = KMERS_MAX;
    cr_assert_gt(chosen(&in).n, KMERS_STANDARD);
}

/* K-mers that occur nowhere are not tested. */
Test(SUITE, what_occurs_is_tested)
{
    static bool seen[8000];
    int n = 0;
    open_data(NULL);
    for (int b = 0; b < BAGS; b++)
        part[b] = b < 4 ? PART_TRAIN : PART_TEST; /* 1 300 sequences: most k-mers, not all */
    for (int b = 0; b < 4; b++) {
        const Bag *whole;
        cr_assert_eq(cache_bag(cache, &whole, b, 0), OK);
        for (int l = 0; l <= whole->max_len; l++)
            for (int i = whole->first[l]; i < whole->first[l + 1]; i++)
                for (int p = 0; p + 3 <= l; p++) {
                    const uint8_t *c = bag_codes(whole, i, l) + p;
                    seen[(c[0] * 20 + c[1]) * 20 + c[2]] = true;
                }
    }
    for (int k = 0; k < 8000; k++) n += seen[k];
    KmerSetup in = setup();
    in.max_span = 3;
    cr_assert_eq(chosen(&in).n_tested, n);
    cr_assert(n > 4000 && n < 8000, "%d", n);
}

Test(SUITE, a_signal_ends_it)
{
    open_data(NULL);
    KmerChoice choice;
    const KmerSetup in = setup();
    stop = SIGTERM;
    cr_assert_eq(kmers_choose(&choice, &in, 1), ERR_SIGTERM);
    cr_assert_str_eq(status_sentence(), "terminated while counting k-mers, after bag 0 of 60");
    stop = SIGINT;
    cr_assert_eq(kmers_choose(&choice, &in, 1), ERR_SIGINT);
    stop = 0;
}

/* ---- kmers.tsv ---- */

static const char *text_in(const char *name)
{
    static char text[4096];
    FILE *f = fopen(in_scratch(name), "rb");
    cr_assert_not_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

#define HEADER "kmer\tclass\tsign\tz\tz_alone\tthreshold\tcount_in\tcount_out\tbags_in\tbags_out\n"

Test(SUITE, table)
{
    open_data(NULL);
    const KmerChoice choice = {
        .n = 2,
        .min_z = 5.5,
        .found = {{{4, 5, {0, 1, 3, 4}, {15, 4, 3, 11}}, 0, 1, 7.12345, 7.5, 5.5, {1.25, 0.5}, {12, 3}},
                  {{3, 9, {0, 4, 8}, {2, 6, 18}}, 2, -1, -6, -6.25, 5.25, {0, 2.0 / 3}, {0, 7}}}};
    label_multiclass();
    cr_assert_eq(kmertable_write(&choice, in_scratch("kmers.tsv"), &target, alphabet), OK, "%s", status_sentence());
    cr_assert_str_eq(text_in("kmers.tsv"),
                     HEADER "SF.EN\ta\t1\t7.1235\t7.5000\t5.5000\t1.2500\t0.5000\t12\t3\n"
                            "D...H...W\t\"c d\te\"\t-1\t-6.0000\t-6.2500\t5.2500\t0.0000\t0.6667\t0\t7\n");
    KmerChoice read;
    cr_assert_eq(kmertable_read(&read, in_scratch("kmers.tsv"), &target, alphabet), OK, "%s", status_sentence());
    cr_assert_eq(read.n, 2);
    cr_assert_eq(read.min_z, 5.5);
    for (int k = 0; k < 2; k++) {
        cr_assert_eq(memcmp(&read.found[k].kmer, &choice.found[k].kmer, sizeof(Kmer)), 0);
        cr_assert_eq(read.found[k].target_class, choice.found[k].target_class);
        cr_assert_eq(read.found[k].sign, choice.found[k].sign);
        cr_assert_float_eq(read.found[k].z, choice.found[k].z, 5e-5);
        cr_assert_eq(read.found[k].min_z, choice.found[k].min_z);
        cr_assert_float_eq(read.found[k].mean[1], choice.found[k].mean[1], 5e-5);
        cr_assert_eq(read.found[k].n_bag_with[0], choice.found[k].n_bag_with[0]);
    }
}

Test(SUITE, table_of_nothing)
{
    open_data(NULL);
    KmerChoice choice = chosen_by_default();
    cr_assert_eq(choice.n, 0);
    cr_assert_eq(kmertable_write(&choice, in_scratch("kmers.tsv"), &target, alphabet), OK);
    cr_assert_str_eq(text_in("kmers.tsv"), HEADER);
    cr_assert_eq(kmertable_read(&choice, in_scratch("kmers.tsv"), &target, alphabet), OK, "%s", status_sentence());
    cr_assert(choice.n == 0 && isnan(choice.min_z));
}

Test(SUITE, bad_tables_are_refused)
{
    open_data(NULL);
    static const char *const rows[] = {
        "SF.BN\t+\t1\t7\t7\t5\t1\t1\t1\t1\n", ".FEN\t+\t1\t7\t7\t5\t1\t1\t1\t1\n",
        "SF\t-\t1\t7\t7\t5\t1\t1\t1\t1\n",    "SFE\t+\t0\t7\t7\t5\t1\t1\t1\t1\n",
        "SFE\t+\t1\tx\t7\t5\t1\t1\t1\t1\n",   "SFE\t+\t1\t7\t7\t5\t1\t1\t1\t-1\n",
        "SFENW\t+\t1\t7\t7\t5\t1\t1\t1\t1\n", "SFE.......W\t+\t1\t7\t7\t5\t1\t1\t1\t1\n"};
    KmerChoice choice;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        char text[512];
        snprintf(text, sizeof text, HEADER "SFE\t+\t1\t7\t7\t5\t1\t1\t1\t1\n%s", rows[k]);
        const char *path = scratch_text("bad.tsv", text);
        cr_assert_eq(kmertable_read(&choice, path, &target, alphabet), ERR_FORMAT);
        cr_assert(strstr(status_sentence(), "bad.tsv:3: "), "%s", status_sentence());
    }
    cr_assert_eq(kmertable_read(&choice, scratch_text("bad.tsv", "kmer\tz\nSFE\t5\n"), &target, alphabet),
                 ERR_FORMAT);
}
