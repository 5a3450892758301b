/* SPDX-License-Identifier: MIT
 *
 * test_crossval.c: folds side by side, by several threads of one process: the same bits, each fold once. What commands and
 * several processes do is in tests/cli/test_crossval.py.
 */
#include "core/file.h"
#include "core/log.h"
#include "core/number.h"
#include "core/parallel.h"
#include "cv/crossval.h"
#include "cv/foldjob.h"
#include "data/simulate/simulate.h"
#include "run/predictions.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <string.h>

enum { REPEATS = 2, FOLDS = 3 };
static Config config;

static void simulate(const char *path)
{
    const char *flag[] = {"data.path=none",    "target=status",        "simulate.n_bag=18",
                          "simulate.n_seq=30", "simulate.motifs=SFEN", "simulate.rate=0.1"};
    char truth[1200];
    Config c;
    SimulateResult result;
    snprintf(truth, sizeof truth, "%s.truth.tsv", path);
    cr_assert_eq(config_read(&c, NULL, flag, sizeof flag / sizeof *flag), OK, "%s", status_sentence());
    const SimulateFiles files = {.path = path, .truth = truth};
    cr_assert_eq(simulate_run(&result, &c.simulate, 4, &files), OK, "%s", status_sentence());
    config_free(&c);
}

static void set_up(void)
{
    char path[1100], data[1200];
    scratch_make();
    log_level(LOG_QUIET);
    snprintf(path, sizeof path, "%s", in_scratch("c.h5"));
    simulate(path);
    snprintf(data, sizeof data, "data.path=%s", path);
    const char *flag[] = {data,
                          "target=status",
                          "splits.n_fold=3",
                          "splits.n_repeat=2",
                          "train.updates=24",
                          "train.evaluate_every=8",
                          "train.lr=0.01",
                          "model.embedder.n_kernel=4",
                          "model.pooling.n_unit=4"};
    cr_assert_eq(config_read(&config, NULL, flag, sizeof flag / sizeof *flag), OK, "%s", status_sentence());
}

static void tear_down(void)
{
    config_free(&config);
    scratch_remove();
}

TestSuite(train_crossval, .init = set_up, .fini = tear_down);

static CrossvalSetup setup(const char *folder, int threads)
{
    cr_assert_eq(parallel_start(threads), OK);
    return (CrossvalSetup){.config = &config, .folder = folder, .shard = 1, .n_shard = 1};
}

static void must_run(const CrossvalSetup *s)
{
    json_t *summary;
    cr_assert_eq(crossval_run(&summary, s), OK, "%s", status_sentence());
    json_decref(summary);
}

static void must_equal(const char *a, const char *b, const char *file)
{
    char path[2][PATH_ROOM], *text[2];
    size_t n[2];
    snprintf(path[0], sizeof path[0], "%s/%s", a, file);
    snprintf(path[1], sizeof path[1], "%s/%s", b, file);
    for (int k = 0; k < 2; k++) cr_assert_eq(file_read_whole(&text[k], &n[k], path[k], 1 << 24), OK);
    cr_expect(n[0] == n[1] && memcmp(text[0], text[1], n[0]) == 0, "%s differs from %s", path[0], path[1]);
    free(text[0]);
    free(text[1]);
}

/* n_model 1: a fold's only one. */
static void folds_must_be_same(const char *a, const char *b, int n_model)
{
    char file[128], name[FOLDJOB_NAME];
    must_equal(a, b, "predictions.tsv");
    must_equal(a, b, "splits.tsv");
    for (int r = 0; r < REPEATS; r++)
        for (int f = 0; f < FOLDS; f++) {
            foldjob_name(name, (FoldJob){.repeat = r, .fold = f, .model = -1});
            snprintf(file, sizeof file, "%s/predictions.tsv", name);
            must_equal(a, b, file);
            for (int m = 0; m < n_model; m++) {
                foldjob_name(name, (FoldJob){.repeat = r, .fold = f, .model = n_model > 1 ? m : -1});
                snprintf(file, sizeof file, "%s/model.safetensors", name);
                must_equal(a, b, file);
            }
        }
}

static void must_be_same(const char *a, const char *b)
{
    folds_must_be_same(a, b, 1);
}

Test(train_crossval, threads_do_not_matter, .timeout = 250)
{
    const int threads[] = {4, 2, 7};
    const CrossvalSetup one = setup(in_scratch("one"), 1);
    must_run(&one);
    for (int k = 0; k < 3; k++) {
        char name[32];
        snprintf(name, sizeof name, "threads%d", threads[k]);
        const CrossvalSetup several = setup(in_scratch(name), threads[k]);
        must_run(&several);
        must_be_same(one.folder, several.folder);
    }
}

/* A signal before the first fold: nothing is begun, and the folder can be taken up. */
static volatile sig_atomic_t stop;
static int watched;

static void stop_at_once(void)
{
    if (watched++ == 0) stop = SIGTERM;
}

Test(train_crossval, stops_and_goes_on, .timeout = 250)
{
    json_t *summary;
    CrossvalSetup whole = setup(in_scratch("whole"), 4), parts = setup(in_scratch("parts"), 4);
    must_run(&whole);
    parts.resume = true;
    parts.stop = &stop;
    parts.begin = stop_at_once;
    cr_assert_eq(crossval_run(&summary, &parts), ERR_SIGTERM, "%s", status_sentence());
    cr_assert_null(summary);
    cr_expect(strstr(status_sentence(), "0 of 6 folds are done, and --resume goes on"), "%s", status_sentence());
    stop = 0;
    must_run(&parts);
    must_be_same(whole.folder, parts.folder);
}

Test(train_crossval, a_job_is_done_or_not)
{
    char path[PATH_ROOM];
    const CrossvalSetup s = setup(in_scratch("run"), 2);
    must_run(&s);
    for (int r = 0; r < REPEATS; r++)
        for (int f = 0; f < FOLDS; f++)
            cr_expect(foldjob_done(s.folder, &config, (FoldJob){.repeat = r, .fold = f, .model = -1}));
    cr_expect_not(foldjob_done(s.folder, &config, (FoldJob){.fold = FOLDS, .model = -1}));
    cr_expect_not(foldjob_done(s.folder, &config, (FoldJob){.repeat = REPEATS, .model = -1}));
    Config longer = config;
    longer.train.updates++;
    cr_expect_not(foldjob_done(s.folder, &longer, (FoldJob){.model = -1}), "it was done for other settings");
    cr_assert_eq(foldjob_path(path, s.folder, (FoldJob){.fold = 1, .model = -1}, "summary.json"), OK);
    cr_assert_eq(truncate(path, 40), 0);
    cr_expect_not(foldjob_done(s.folder, &config, (FoldJob){.fold = 1, .model = -1}), "half a summary");
    cr_assert_eq(foldjob_path(path, s.folder, (FoldJob){.repeat = 1, .fold = 1, .model = -1}, "model.safetensors"),
                 OK);
    cr_assert_eq(unlink(path), 0);
    cr_expect_not(foldjob_done(s.folder, &config, (FoldJob){.repeat = 1, .fold = 1, .model = -1}), "no model");
}

/* A machine that dies may leave a fold whose files are damaged: all but its last, which is not there then. */
Test(train_crossval, a_damaged_checkpoint_is_passed_over, .timeout = 250)
{
    static const char *const files[] = {"checkpoint.safetensors", "config.yaml", "manifest.json", "model.safetensors",
                                        "metrics.jsonl"};
    char path[PATH_ROOM];
    const CrossvalSetup whole = setup(in_scratch("sound"), 1);
    CrossvalSetup hurt = setup(in_scratch("hurt"), 1);
    must_run(&whole);
    must_run(&hurt);
    hurt.resume = true;
    for (off_t left = 0; left <= 100; left += 100) {
        const FoldJob job = {.repeat = 1, .fold = 2, .model = -1};
        for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
            cr_assert_eq(foldjob_path(path, hurt.folder, job, files[k]), OK);
            cr_assert_eq(truncate(path, left), 0);
        }
        cr_assert_eq(foldjob_path(path, hurt.folder, job, "summary.json"), OK);
        cr_assert_eq(unlink(path), 0);
        must_run(&hurt);
        must_be_same(whole.folder, hurt.folder);
        cr_assert(foldjob_done(hurt.folder, &config, job));
    }
}

/* ---- ensembles ---- */

enum { MODELS = 3 };

/* Outputs of the rows of a predictions.tsv, in order; returns their number. */
static int outputs(double *out, int most, const char *run, FoldJob job)
{
    char path[PATH_ROOM];
    Table t;
    cr_assert_eq(foldjob_path(path, run, job, "predictions.tsv"), OK);
    cr_assert_eq(table_read(&t, path), OK, "%s", status_sentence());
    cr_assert_eq(predictions_check(&t), OK);
    cr_assert_leq(t.n_row, most);
    for (int r = 0; r < t.n_row; r++) {
        cr_assert(number_read(&out[r], table_cell(&t, r, PREDICTION_OUTPUT)));
        out[r] = (double)(float)out[r];
    }
    const int n = t.n_row;
    table_free(&t);
    return n;
}

/* The fold's outputs are the means of its models'; the first of them is the model of a run without an ensemble. */
Test(train_crossval, an_ensemble_says_the_mean, .timeout = 250)
{
    const CrossvalSetup alone = setup(in_scratch("alone"), 2);
    must_run(&alone);
    config.crossval.ensemble = MODELS;
    const CrossvalSetup all = setup(in_scratch("all"), 2);
    must_run(&all);
    for (int r = 0; r < REPEATS; r++)
        for (int f = 0; f < FOLDS; f++) {
            double mean[100], one[MODELS][100], single[100];
            const int n = outputs(mean, 100, all.folder, (FoldJob){.repeat = r, .fold = f, .model = -1});
            cr_assert_eq(n, 18);
            for (int m = 0; m < MODELS; m++)
                cr_assert_eq(outputs(one[m], 100, all.folder, (FoldJob){.repeat = r, .fold = f, .model = m}), n);
            cr_assert_eq(outputs(single, 100, alone.folder, (FoldJob){.repeat = r, .fold = f, .model = -1}), n);
            for (int i = 0; i < n; i++) {
                cr_assert_eq(mean[i], (double)(float)((one[0][i] + one[1][i] + one[2][i]) / MODELS));
                cr_assert_eq(single[i], one[0][i]);
                cr_assert(one[1][i] != one[0][i] && one[2][i] != one[1][i], "equal seeds");
            }
        }
}

static void stop_later(void)
{
    stop = SIGINT;
}

Test(train_crossval, an_ensemble_is_the_same_with_any_threads_and_resumed, .timeout = 250)
{
    json_t *summary;
    char path[PATH_ROOM];
    config.crossval.ensemble = MODELS;
    const CrossvalSetup one = setup(in_scratch("e1"), 1);
    must_run(&one);
    CrossvalSetup other = setup(in_scratch("e4"), 4);
    other.resume = true;
    other.stop = &stop;
    other.begin = stop_later;
    cr_assert_eq(crossval_run(&summary, &other), ERR_SIGINT);
    cr_expect(strstr(status_sentence(), "0 of 18 models are done, and --resume goes on"), "%s", status_sentence());
    stop = 0;
    other.begin = NULL;
    other.n_shard = 2; /* every other model; the rest is left to the second shard */
    cr_assert_eq(crossval_run(&summary, &other), OK, "%s", status_sentence());
    cr_assert_eq(json_integer_value(json_object_get(summary, "done")), 9);
    json_decref(summary);
    other.shard = 2;
    must_run(&other);
    folds_must_be_same(one.folder, other.folder, MODELS);

    /* A model that is lost is trained again, and a fold's files that are lost are joined again. */
    cr_assert_eq(foldjob_path(path, other.folder, (FoldJob){.repeat = 1, .fold = 2, .model = 1}, "summary.json"), OK);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(foldjob_path(path, other.folder, (FoldJob){.fold = 1, .model = -1}, "predictions.tsv"), OK);
    cr_assert_eq(unlink(path), 0);
    other.shard = other.n_shard = 1;
    must_run(&other);
    folds_must_be_same(one.folder, other.folder, MODELS);
}

#define HEAD "bag\ttask\tclass\ttarget\toutput\tprobability\tpart\trepeat\tfold\n"

/* A model's predictions are read back with care. */
Test(train_crossval, an_ensemble_checks_what_its_models_wrote, .timeout = 250)
{
    json_t *summary;
    char path[PATH_ROOM];
    config.crossval.ensemble = 2;
    CrossvalSetup s = setup(in_scratch("checked"), 2);
    must_run(&s);
    s.resume = true;
    cr_assert_eq(foldjob_path(path, s.folder, (FoldJob){.repeat = 1, .fold = 1, .model = 1}, "predictions.tsv"), OK);
    const char *damaged[] = {"bag\n", HEAD, HEAD "other\tstatus\t+\t1\t0.5\t0.5\ttest\t0\t0\n"};
    for (size_t k = 0; k < sizeof damaged / sizeof *damaged; k++) {
        cr_assert_eq(file_write_whole(path, damaged[k], strlen(damaged[k]), true), OK);
        cr_assert_eq(crossval_run(&summary, &s), ERR_FORMAT);
        cr_assert(strstr(status_sentence(), "rep01/fold01/model01/predictions.tsv: "), "%s", status_sentence());
    }
}
