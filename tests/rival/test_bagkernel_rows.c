/* SPDX-License-Identifier: MIT
 *
 * test_bagkernel_rows.c: numbers of repertoires against counting by hand, kernels and models against plain loops.
 */
#include "rival/bagkernel_rows.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE rival_bagkernel_rows

enum { BAGS = 24, MOST = 40, LENGTH = 16, N_V = 4, N_J = 3 };

static const char *const v_name[N_V] = {"TRBV7-9*01", "TRBV2*01", "TRBV7-9*03", "TRBV28*01"};
static const char *const j_name[N_J] = {"TRBJ1-1*01", "TRBJ2-7*01", ""};
/* The same genes as another program writes them, in another order, and one that is new. */
static const char *const other_v[N_V] = {"TCRBV28", "TCRBV07-09", "TCRBV02", "TCRBV30"};
static const char *const other_j[N_J] = {"TCRBJ02-07", "TCRBJ01-01", "unresolved"};

typedef struct {
    int n;
    char sequence[MOST][LENGTH + 1];
    int64_t count[MOST];
    int v[MOST], j[MOST]; /* of v_name and j_name; -1: unknown */
} PlainBag;

static PlainBag plain[BAGS];
static double label[BAGS];

/* Positive bags have longer sequences, and more of one V gene; bag 5 has a single sequence, bag 6 no genes. */
static void make_bag(PlainBag *b, int number)
{
    static const char letters[] = "ACDEFGHIKLMNPQRSTVWY";
    Rng rng = rng_stream(4, "test rows", (uint64_t)number);
    b->n = number == 5 ? 1 : 12 + (int)rng_below(&rng, MOST - 12);
    for (int i = 0; i < b->n; i++) {
        const int len = 8 + (int)rng_below(&rng, 6) + (number % 2 && rng_below(&rng, 3) == 0);
        b->sequence[i][0] = rng_below(&rng, 10) ? 'C' : 'A';
        for (int t = 1; t < len; t++) b->sequence[i][t] = letters[rng_below(&rng, 20)];
        if (rng_below(&rng, 4)) b->sequence[i][len - 1] = i % 2 ? 'F' : 'W';
        b->sequence[i][len] = '\0';
        b->count[i] = rng_below(&rng, 3) ? 1 : 1 + (int64_t)rng_below(&rng, 50);
        b->v[i] = number == 6 ? -1 : number % 2 && rng_below(&rng, 4) == 0 ? 3 : (int)rng_below(&rng, N_V);
        b->j[i] = number == 6 ? -1 : (int)rng_below(&rng, 3) - 1;
    }
    label[number] = number % 2;
}

static int16_t turned(int gene, int number, bool other)
{
    static const int16_t v[N_V] = {1, 2, 1, 0}, j[N_J] = {1, 0, 2};
    return (int16_t)(number < 0 || !other ? number : gene ? j[number] : v[number]);
}

static void add_bag(BagWriter *w, const PlainBag *b, int number, bool other)
{
    static const char letters[] = "ACDEFGHIKLMNPQRSTVWY";
    static int8_t codes[MOST * LENGTH];
    static int64_t len[MOST];
    static int16_t v[MOST], j[MOST];
    char key[16];
    snprintf(key, sizeof key, "b%d", number);
    memset(codes, -1, sizeof codes);
    for (int i = 0; i < b->n; i++) {
        len[i] = (int64_t)strlen(b->sequence[i]);
        for (int t = 0; t < (int)len[i]; t++)
            codes[i * LENGTH + t] = (int8_t)(strchr(letters, b->sequence[i][t]) - letters);
        v[i] = turned(0, b->v[i], other);
        j[i] = turned(1, b->j[i], other);
    }
    const BagWriterRows rows = {
        .codes = codes, .stride = LENGTH, .len = len, .count = b->count, .v = v, .j = j, .n = b->n};
    cr_assert_eq(bagwriter_add(w, key, &rows), OK, "%s", status_sentence());
}

static void write_file(const char *path, bool other)
{
    const BagWriterOptions o = {
        .spec = {.kind = BAG_SEQUENCES, .max_len = LENGTH, .alphabet = "ACDEFGHIKLMNPQRSTVWY"}};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, path, &o), OK, "%s", status_sentence());
    cr_assert_eq(bagwriter_genes(w, other ? other_v : v_name, N_V, other ? other_j : j_name, N_J), OK);
    for (int b = 0; b < BAGS; b++) add_bag(w, &plain[b], b, other);
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
}

static void write_table(void)
{
    static char text[4096];
    size_t at = (size_t)snprintf(text, sizeof text, "ID\tage\tsex\n");
    for (int b = 0; b < BAGS; b++)
        at += (size_t)snprintf(text + at, sizeof text - at, "b%d\t%s\t%s\n", b,
                               b == 3  ? "NA"
                               : b % 3 ? "31.5"
                                       : "40",
                               b == 7  ? ""
                               : b % 5 ? "F"
                                       : "M");
    scratch_text("table.tsv", text);
}

static void set_up(void)
{
    scratch_make();
    cr_assert_eq(parallel_start(1), OK);
    for (int b = 0; b < BAGS; b++) make_bag(&plain[b], b);
    write_file(in_scratch("one.h5"), false);
    write_file(in_scratch("other.h5"), true);
    write_table();
}

TestSuite(SUITE, .init = set_up, .fini = scratch_remove);

static void open_cohort(Cohort *c, const char *name)
{
    cr_assert_eq(cohort_open(c, in_scratch(name), in_scratch("table.tsv"), "auto", true), OK, "%s",
                 status_sentence());
    cr_assert_eq(c->n, BAGS);
}

/* ---- a fit ---- */

typedef struct {
    Cohort cohort;
    bool use[BAGS];
    OptionTexts columns;
    void *state;
    int train[BAGS], inner[BAGS], test[BAGS];
    double train_label[BAGS], test_output[BAGS], inner_output[BAGS];
    RivalFit fit;
} Fitted;

/* Every fourth bag is a test bag. */
static void fit_rival(Fitted *f, const Rival *rival)
{
    open_cohort(&f->cohort, "one.h5");
    f->fit = (RivalFit){.train = f->train,
                        .inner = f->inner,
                        .test = f->test,
                        .n_inner = 3,
                        .n_class = 2,
                        .n_out = 1,
                        .label = f->train_label,
                        .keep = true,
                        .test_output = f->test_output,
                        .inner_output = f->inner_output};
    for (int b = 0; b < BAGS; b++) {
        f->use[b] = true;
        if (b % 4 > 1 && b % 8 < 4) {
            f->test[f->fit.n_test++] = b;
            continue;
        }
        f->inner[f->fit.n_train] = b / 2 % 3;
        f->train_label[f->fit.n_train] = label[b];
        f->train[f->fit.n_train++] = b;
    }
    const RivalBags bags = {.cohort = &f->cohort, .use = f->use, .columns = f->columns};
    cr_assert_eq(rival->open(&f->state, rival, &bags), OK, "%s", status_sentence());
    cr_assert_eq(rival->fit(f->state, &f->fit, 1), OK, "%s", status_sentence());
}

static void release(Fitted *f, const Rival *rival)
{
    rival->close(f->state);
    rival_model_free(f->fit.model);
    json_decref(f->fit.choice);
    cohort_close(&f->cohort);
}

static void expect_same_outputs(Fitted *f, const char *file, const Rival *rival, double tolerance)
{
    Cohort other;
    void *applier;
    open_cohort(&other, file);
    RivalModel *model[2] = {f->fit.model, f->fit.model};
    cr_assert_eq(rival->apply_open(&applier, model, 2, &other), OK, "%s", status_sentence());
    for (int i = 0; i < f->fit.n_test; i++) {
        double output[2];
        cr_assert_eq(rival->apply(output, applier, f->test[i]), OK, "%s", status_sentence());
        cr_assert_float_eq(output[0], f->test_output[i], tolerance, "bag %d: %.17g, was %.17g", f->test[i], output[0],
                           f->test_output[i]);
        cr_assert_eq(output[0], output[1]);
    }
    rival->apply_close(applier);
    cohort_close(&other);
}

/* ---- nuisance ---- */

static double named(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    cr_assert(value, "no %s", name);
    return json_number_value(value);
}

/* The area of one number, counted by pairs. */
static double plain_area(double (*number)(const PlainBag *))
{
    double won = 0, n = 0;
    for (int a = 1; a < BAGS; a += 2)
        for (int b = 0; b < BAGS; b += 2, n++)
            won += number(&plain[a]) > number(&plain[b]) ? 1 : number(&plain[a]) == number(&plain[b]) ? 0.5 : 0;
    return won / n;
}

static double mean_length(const PlainBag *b)
{
    double sum = 0;
    for (int i = 0; i < b->n; i++) sum += (double)strlen(b->sequence[i]);
    return sum / b->n;
}

static double sd_length(const PlainBag *b)
{
    double sum = 0;
    for (int i = 0; i < b->n; i++) sum += pow((double)strlen(b->sequence[i]) - mean_length(b), 2);
    return round(1e9 * sqrt(sum / b->n));
}

static double depth(const PlainBag *b)
{
    double sum = 0;
    for (int i = 0; i < b->n; i++) sum += (double)b->count[i];
    return sum;
}

static double clonality(const PlainBag *b)
{
    double entropy = 0;
    for (int i = 0; i < b->n; i++) entropy -= (double)b->count[i] / depth(b) * log((double)b->count[i] / depth(b));
    return b->n > 1 ? 1 - entropy / log(b->n) : 1;
}

static double without_ends(const PlainBag *b)
{
    double n = 0;
    for (int i = 0; i < b->n; i++) {
        const char *s = b->sequence[i], last = s[strlen(s) - 1];
        n += s[0] != 'C' || (last != 'F' && last != 'W');
    }
    return n / b->n;
}

static double singletons(const PlainBag *b)
{
    double n = 0;
    for (int i = 0; i < b->n; i++) n += b->count[i] == 1;
    return n / b->n;
}

Test(SUITE, each_number_alone)
{
    json_t *area;
    Fitted f = {0};
    const Rival *rival = rival_find("nuisance");
    fit_rival(&f, rival);
    cr_assert_eq(rival->single(&area, f.state, label), OK, "%s", status_sentence());
    cr_assert_eq(json_object_size(area), 9);
    cr_assert_float_eq(named(area, "length_mean"), plain_area(mean_length), 1e-12);
    cr_assert_float_eq(named(area, "length_sd"), plain_area(sd_length), 1e-12);
    cr_assert_float_eq(named(area, "log_depth"), plain_area(depth), 1e-12);
    cr_assert_float_eq(named(area, "clonality"), plain_area(clonality), 1e-12);
    cr_assert_float_eq(named(area, "without_c_fw"), plain_area(without_ends), 1e-12);
    cr_assert_float_eq(named(area, "singletons"), plain_area(singletons), 1e-12);
    cr_assert_gt(named(area, "length_mean"), 0.6);
    json_decref(area);
    label[0] = NAN; /* an unknown label takes no part */
    cr_assert_eq(rival->single(&area, f.state, label), OK);
    cr_assert_neq(named(area, "length_mean"), plain_area(mean_length));
    json_decref(area);
    release(&f, rival);
}

/* φ by plain loops: Σ over columns of standardised numbers. */
Test(SUITE, products_are_of_standardised_numbers)
{
    static double gram[BAGS * BAGS];
    Cohort cohort;
    void *state;
    bool use[BAGS], member[BAGS];
    const Rival *rival = rival_find("nuisance");
    const BagKernel *kernel = &bagkernel_rows;
    open_cohort(&cohort, "one.h5");
    for (int b = 0; b < BAGS; b++) use[b] = b != 9, member[b] = use[b] && b % 3;
    const RivalBags bags = {.cohort = &cohort, .use = use};
    cr_assert_eq(kernel->open(&state, rival, &bags), OK, "%s", status_sentence());
    BagKernelSet set = {.member = member, .gram = gram};
    cr_assert_eq(kernel->grams(state, &set, 1), OK, "%s", status_sentence());
    double sum = 0, trace = 0;
    int n = 0;
    for (int i = 0; i < BAGS; i++) {
        cr_assert_eq(gram[9 * BAGS + i], 0);
        for (int j = 0; j < BAGS; j++) {
            cr_assert_eq(gram[i * BAGS + j], gram[j * BAGS + i]);
            if (member[i] && member[j]) sum += gram[i * BAGS + j];
        }
        if (member[i]) trace += gram[i * BAGS + i], n++;
    }
    cr_assert_float_eq(sum, 0, 1e-9, "not centred");
    /* Each column that is not constant adds one. */
    cr_assert_float_eq(trace / n, round(trace / n), 1e-9);
    cr_assert_float_eq(trace / n, 8, 1e-9, "%.17g: the smallest count is 1 everywhere", trace / n);
    kernel->close(state);
    cohort_close(&cohort);
}

Test(SUITE, nuisance_keeps_a_model)
{
    Fitted f = {0};
    const Rival *rival = rival_find("nuisance");
    fit_rival(&f, rival);
    cr_assert_eq(json_array_size(json_object_get(f.fit.model->facts, "columns")), 9);
    expect_same_outputs(&f, "one.h5", rival, 1e-9);
    for (int i = 0; i < f.fit.n_train; i++) cr_assert(isfinite(f.inner_output[i]));
    release(&f, rival);
}

Test(SUITE, columns_of_the_label_table_join)
{
    static const char *const names[] = {"age", "sex"};
    const Rival *rival = rival_find("nuisance");
    Fitted f = {.columns = {.n = 2, .text = (const char **)(size_t)names}};
    fit_rival(&f, rival);
    const json_t *columns = json_object_get(f.fit.model->facts, "columns");
    cr_assert_eq(json_array_size(columns), 12);
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(columns, 9), "name")), "age");
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(columns, 10), "name")), "sex = F");
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(columns, 11), "name")), "sex = M");
    expect_same_outputs(&f, "one.h5", rival, 1e-9);
    release(&f, rival);
    static const char *const wrong[] = {"agee"};
    Fitted g = {0};
    open_cohort(&g.cohort, "one.h5");
    const RivalBags bags = {
        .cohort = &g.cohort, .use = g.use, .columns = {.n = 1, .text = (const char **)(size_t)wrong}};
    cr_assert_eq(rival->open(&g.state, rival, &bags), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "no column 'agee'"), "%s", status_sentence());
    release(&g, rival);
}

/* ---- genes ---- */

Test(SUITE, genes_are_found_under_other_spellings)
{
    Fitted f = {0};
    const Rival *rival = rival_find("genes");
    open_cohort(&f.cohort, "one.h5");
    cr_assert_eq(rival->check(rival, &f.cohort, 2), OK);
    cohort_close(&f.cohort);
    fit_rival(&f, rival);
    /* 3 V, 2 J, 6 pairs, all of which occur, by clones and by counts. */
    cr_assert_eq(json_array_size(json_object_get(f.fit.model->facts, "columns")), 22);
    expect_same_outputs(&f, "one.h5", rival, 1e-9);
    expect_same_outputs(&f, "other.h5", rival, 1e-9);
    release(&f, rival);
}

static void expect_shares(const double *x, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++) sum += expm1(x[k]) / 1e5;
    cr_assert_float_eq(sum, 1, 1e-12);
}

Test(SUITE, shares_of_genes_sum_to_one)
{
    const RowsDetail *detail = rival_find("genes")->detail;
    const RowsKind *kind = detail->kind;
    Cohort cohort;
    void *reader;
    const double *row;
    open_cohort(&cohort, "one.h5");
    cr_assert_eq(kind->open(&reader, &cohort), OK);
    cr_assert_eq(kind->n(reader), 22);
    for (int b = 0; b < BAGS; b++) {
        cr_assert_eq(kind->read(&row, reader, b), OK);
        for (int weight = 0; weight < 2; weight++, row += 11) {
            if (b == 6) {
                cr_assert(isnan(row[0]) && isnan(row[10]));
                continue;
            }
            double with = 0, all = 0;
            for (int i = 0; i < plain[b].n; i++) {
                const double w = weight ? (double)plain[b].count[i] : 1;
                if (plain[b].v[i] >= 0) all += w;
                if (plain[b].v[i] == 0 || plain[b].v[i] == 2) with += w;
            }
            cr_assert_float_eq(row[0], log1p(1e5 * with / all), 1e-12, "bag %d", b);
            if (b == 5) continue;
            expect_shares(row, 3);
            expect_shares(row + 3, 2);
            expect_shares(row + 5, 6);
        }
    }
    kind->close(reader);
    cohort_close(&cohort);
}

/* Numbers that a model holds may come from a file. */
Test(SUITE, models_that_do_not_fit_are_refused)
{
    Fitted f = {0};
    void *applier;
    const Rival *rival = rival_find("nuisance");
    fit_rival(&f, rival);
    json_array_remove(json_object_get(f.fit.model->facts, "columns"), 0);
    cr_assert_eq(rival->apply_open(&applier, &f.fit.model, 1, &f.cohort), ERR_MODEL);
    cr_assert(strstr(status_sentence(), "names 8 columns and weighs 9"), "%s", status_sentence());
    rival->apply_close(applier);
    release(&f, rival);
}
