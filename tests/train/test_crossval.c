/* SPDX-License-Identifier: MIT
 *
 * test_crossval.c: folds side by side, by several threads of one process: the same bits, each fold once. What commands and
 * several processes do is in tests/cli/test_crossval.py.
 */
#include "train/crossval.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "data/simulate.h"
#include "support/scratch.h"
#include "train/foldjob.h"

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
    char path[2][FOLDJOB_ROOM], *text[2];
    size_t n[2];
    snprintf(path[0], sizeof path[0], "%s/%s", a, file);
    snprintf(path[1], sizeof path[1], "%s/%s", b, file);
    for (int k = 0; k < 2; k++) cr_assert_eq(file_read_whole(&text[k], &n[k], path[k], 1 << 24), OK);
    cr_expect(n[0] == n[1] && memcmp(text[0], text[1], n[0]) == 0, "%s differs from %s", path[0], path[1]);
    free(text[0]);
    free(text[1]);
}

static void must_be_same(const char *a, const char *b)
{
    char file[128], name[64];
    must_equal(a, b, "predictions.tsv");
    must_equal(a, b, "splits.tsv");
    for (int r = 0; r < REPEATS; r++)
        for (int f = 0; f < FOLDS; f++) {
            foldjob_name(name, r, f);
            snprintf(file, sizeof file, "%s/model.safetensors", name);
            must_equal(a, b, file);
        }
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
    char path[FOLDJOB_ROOM];
    const CrossvalSetup s = setup(in_scratch("run"), 2);
    must_run(&s);
    for (int r = 0; r < REPEATS; r++)
        for (int f = 0; f < FOLDS; f++) cr_expect(foldjob_done(s.folder, &config, r, f));
    cr_expect_not(foldjob_done(s.folder, &config, 0, FOLDS));
    cr_expect_not(foldjob_done(s.folder, &config, REPEATS, 0));
    Config longer = config;
    longer.train.updates++;
    cr_expect_not(foldjob_done(s.folder, &longer, 0, 0), "it was done for other settings");
    cr_assert_eq(foldjob_path(path, s.folder, 0, 1, "summary.json"), OK);
    cr_assert_eq(truncate(path, 40), 0);
    cr_expect_not(foldjob_done(s.folder, &config, 0, 1), "half a summary");
    cr_assert_eq(foldjob_path(path, s.folder, 1, 1, "model.safetensors"), OK);
    cr_assert_eq(unlink(path), 0);
    cr_expect_not(foldjob_done(s.folder, &config, 1, 1), "no model");
}
