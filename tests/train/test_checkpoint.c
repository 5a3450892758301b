/* SPDX-License-Identifier: MIT
 *
 * test_checkpoint.c: a loop that takes up a saved state goes on as if it had never stopped, and nothing but such a state
 * is taken up.
 */
#include "core/file.h"
#include "core/safetensors.h"
#include "run/resume.h"
#include "support/scratch.h"
#include "support/training.h"

#define SUITE train_checkpoint

/* Hundreds of checkpoints need not reach the disk here. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

#define CONFIG "train: {updates: 30, lr: 0.01}\n"

static void set_up(void)
{
    scratch_make();
    training_set_up();
    options.updates = 30;
    options.evaluate_every = 7;
    options.checkpoint_minutes = 0; /* after every update */
    options.step.l1 = 0.01;
    options.decay = 0.9;
    options.instance_drop = 0.2;
    model.select = SELECT_RANDOM;
}

static void tear_down(void)
{
    training_tear_down();
    scratch_remove();
}

TestSuite(SUITE, .init = set_up, .fini = tear_down);

/* ---- a run ---- */

typedef struct {
    Loop *loop;
    int n; /* records */
    LoopRecord record[64];
    int n_saved;
    int last_saved; /* update */
    int stop_at;    /* update after which a signal comes; -1: none */
} Run;

static const CheckpointFacts facts = {
    .config = CONFIG, .compare = resume_agrees, .data = "{}", .metrics = "{\"update\":7}\n"};

static const char *saved_path(int update)
{
    char name[32];
    snprintf(name, sizeof name, "%d.safetensors", update);
    return in_scratch(name);
}

static Status remember(void *context, const LoopRecord *record)
{
    Run *r = context;
    r->record[r->n++] = *record;
    return OK;
}

static Status save_numbered(void *context)
{
    Run *r = context;
    r->n_saved++;
    r->last_saved = loop_done(r->loop);
    if (r->last_saved == r->stop_at) stop = SIGINT;
    return loop_save(r->loop, saved_path(r->last_saved), &facts);
}

/* Begins, or goes on from update `from`, and runs until the end or signal. */
static Status run(Run *r, int from, int stop_at)
{
    char *metrics = NULL;
    *r = (Run){.stop_at = stop_at, .last_saved = -1};
    save_hook = save_numbered;
    stop = 0;
    r->loop = new_loop();
    if (from > 0) {
        cr_assert_eq(loop_load(r->loop, saved_path(from), &facts, &metrics), OK, "%s", status_sentence());
        cr_assert_str_eq(metrics, facts.metrics);
        cr_assert_eq(loop_done(r->loop), from);
        cr_assert_gt(loop_seconds(r->loop), 0);
        free(metrics);
    }
    const Status status = loop_run(r->loop, remember, r);
    stop = 0;
    return status;
}

static void assert_same_tensors(const char *one, const char *other)
{
    TensorFile a, b;
    cr_assert_eq(safetensors_read(&a, one), OK, "%s", status_sentence());
    cr_assert_eq(safetensors_read(&b, other), OK, "%s", status_sentence());
    cr_assert_eq(a.n, b.n);
    for (int k = 0; k < a.n; k++) {
        const Tensor *t = &a.tensor[k], *u = safetensors_find(&b, t->name);
        size_t bytes = t->type == TENSOR_F64 ? 8 : 4;
        for (int d = 0; d < t->n_dim; d++) bytes *= (size_t)t->shape[d];
        cr_assert_not_null(u);
        cr_assert_arr_eq(t->data, u->data, bytes, "%s", t->name);
    }
    safetensors_free(&a);
    safetensors_free(&b);
}

static void assert_same_records(const Run *whole, const Run *rest)
{
    for (int k = 0; k < rest->n; k++) {
        LoopRecord a = whole->record[whole->n - rest->n + k], b = rest->record[k];
        a.seconds = b.seconds = 0;
        cr_assert_eq(memcmp(&a, &b, sizeof a), 0, "record %d of update %d", k, a.update);
    }
}

/* ---- going on ---- */

Test(SUITE, goes_on_to_the_same_bits_from_every_update)
{
    Run whole, rest;
    cr_assert_eq(run(&whole, 0, -1), OK, "%s", status_sentence());
    cr_assert_eq(whole.n, 10); /* updates 7, 14, 21, 28 and 30, two parts each */
    cr_assert_eq(whole.n_saved, 30);
    rename(saved_path(30), in_scratch("whole"));
    const size_t bytes = mil_params(loop_mil(whole.loop))->size * sizeof(real);
    for (int from = 1; from < 30; from++) {
        cr_assert_eq(run(&rest, from, -1), OK, "%s", status_sentence());
        cr_assert_eq(rest.n_saved, 30 - from, "%d from update %d", rest.n_saved, from);
        cr_assert_arr_eq(loop_theta(whole.loop), loop_theta(rest.loop), bytes, "from update %d", from);
        cr_assert_eq(loop_kept(whole.loop).update, loop_kept(rest.loop).update);
        cr_assert_eq(loop_kept(whole.loop).loss, loop_kept(rest.loop).loss);
        cr_assert_eq(rest.n, 10 - from / 7 * 2, "%d records from update %d", rest.n, from);
        assert_same_records(&whole, &rest);
        assert_same_tensors(in_scratch("whole"), saved_path(30));
        loop_free(rest.loop);
    }
    loop_free(whole.loop);
}

/* Whatever the optimizer keeps between updates is in the checkpoint. */
Test(SUITE, goes_on_to_the_same_bits_with_every_optimizer)
{
    options.step.weight_decay = 0.1;
    options.step.momentum = 0.9;
    options.step.nesterov = true;
    options.step.clip_norm = 0.5;
    for (options.optimizer = 0; optimizer_types[options.optimizer]; options.optimizer++) {
        Run whole, rest;
        cr_assert_eq(run(&whole, 0, -1), OK, "%s", status_sentence());
        rename(saved_path(30), in_scratch("whole"));
        for (int from = 1; from < 30; from += 9) {
            cr_assert_eq(run(&rest, from, -1), OK, "%s", status_sentence());
            assert_same_records(&whole, &rest);
            assert_same_tensors(in_scratch("whole"), saved_path(30));
            loop_free(rest.loop);
        }
        loop_free(whole.loop);
    }
}

/* With model.norm, the mean, a start from k-mers some of which are drawn always, and what an evaluation sees bounded: also
 * what the model kept says in the end. */
Test(SUITE, goes_on_to_the_same_bits_with_norm_and_start)
{
    training_tear_down();
    n_sequences = 1010;
    training_set_up();
    options.updates = 12;
    options.evaluate_every = 5;
    options.checkpoint_minutes = 0;
    options.evaluate_instances = 1;
    options.instance_drop = 0.2;
    for (int p = 0; pooling_types[p]; p++) {
        Run whole, rest;
        real said[2][BAGS];
        if (!pooling_types[p]->start) continue;
        train_from_kmers(p);
        cr_assert_eq(run(&whole, 0, -1), OK, "%s", status_sentence());
        rename(saved_path(12), in_scratch("whole"));
        for (Part which = PART_TRAIN; which <= PART_TEST; which++)
            cr_assert_eq(loop_part(whole.loop, which, said[0]), OK);
        const size_t bytes = mil_params(loop_mil(whole.loop))->size * sizeof(real);
        for (int from = 1; from < 12; from += from == 4 || from == 9 ? 1 : 2) {
            cr_assert_eq(run(&rest, from, -1), OK, "%s", status_sentence());
            assert_same_records(&whole, &rest);
            assert_same_tensors(in_scratch("whole"), saved_path(12));
            cr_assert_eq(loop_kept(whole.loop).update, loop_kept(rest.loop).update);
            cr_assert_eq(loop_kept(whole.loop).loss, loop_kept(rest.loop).loss);
            for (Part which = PART_TRAIN; which <= PART_TEST; which++)
                cr_assert_eq(loop_part(rest.loop, which, said[1]), OK);
            cr_assert_arr_eq(said[0], said[1], sizeof said[0], "%s from update %d", pooling_types[p]->name, from);
            cr_assert_arr_eq(loop_theta(whole.loop), loop_theta(rest.loop), bytes);
            loop_free(rest.loop);
        }
        loop_free(whole.loop);
    }
}

Test(SUITE, a_signal_saves_and_the_rest_follows)
{
    Run whole, first, rest;
    cr_assert_eq(run(&whole, 0, -1), OK);
    const int stops[] = {1, 6, 7, 8, 29, 30};
    for (size_t k = 0; k < sizeof stops / sizeof *stops; k++) {
        cr_assert_eq(run(&first, 0, stops[k]), ERR_SIGINT);
        cr_assert_eq(first.last_saved, stops[k]);
        loop_free(first.loop);
        cr_assert_eq(run(&rest, stops[k], -1), OK);
        assert_same_records(&whole, &rest);
        cr_assert_eq(loop_kept(whole.loop).loss, loop_kept(rest.loop).loss);
        loop_free(rest.loop);
    }
    loop_free(whole.loop);
}

Test(SUITE, minutes_apart_only_evaluations_save)
{
    Run r;
    options.checkpoint_minutes = 5;
    cr_assert_eq(run(&r, 0, -1), OK);
    cr_assert_eq(r.n_saved, 5); /* 7, 14, 21, 28, and 30 before its evaluation */
    loop_free(r.loop);
}

Test(SUITE, a_longer_run_goes_on_as_if_the_shorter_had_not_ended)
{
    Run whole, rest;
    options.updates = 45;
    cr_assert_eq(run(&whole, 0, -1), OK);
    options.updates = 30; /* which is no multiple of 7, so its last evaluation is none of the longer run's */
    Run first;
    cr_assert_eq(run(&first, 0, -1), OK);
    options.updates = 45;
    cr_assert_eq(run(&rest, 30, -1), OK);
    cr_assert_eq(rest.n, 6); /* 35, 42, 45 */
    assert_same_records(&whole, &rest);
    cr_assert_eq(loop_kept(whole.loop).update, loop_kept(rest.loop).update);
    loop_free(first.loop);
    loop_free(whole.loop);
    loop_free(rest.loop);
}

/* ---- patience ---- */

Test(SUITE, patience_ends_it_at_the_same_evaluation_after_a_resume)
{
    options.updates = 600;
    options.evaluate_every = 20;
    options.checkpoint_minutes = 1e9;
    options.patience = 3;
    options.step.lr = 0.05;
    for (int keep = KEEP_BEST; keep <= KEEP_LAST; keep++) {
        Run whole, rest;
        options.keep = keep;
        cr_assert_eq(run(&whole, 0, -1), OK, "%s", status_sentence());
        const int end = loop_done(whole.loop);
        cr_assert_lt(end, 600, "the loss never rose, so nothing is tested here");
        double lowest = INFINITY;
        int waited = 0;
        for (int k = 1; k < whole.n; k += 2) { /* of validation */
            cr_assert_lt(waited, 3);
            waited = whole.record[k].score[0][0] < lowest ? 0 : waited + 1;
            if (waited == 0) lowest = whole.record[k].score[0][0];
        }
        cr_assert_eq(waited, 3);
        cr_assert_eq(whole.record[whole.n - 1].update, end);
        if (keep == KEEP_LAST) cr_assert_eq(loop_kept(whole.loop).update, end);
        for (int from = end - 60; from <= end; from += 20) {
            cr_assert_eq(run(&rest, from, -1), OK);
            cr_assert_eq(loop_done(rest.loop), end, "from %d to %d, not %d", from, loop_done(rest.loop), end);
            cr_assert_eq(rest.n, (end - from) / 20 * 2);
            cr_assert_eq(loop_kept(rest.loop).update, keep == KEEP_LAST ? end : end - 60);
            cr_assert_arr_eq(loop_theta(whole.loop), loop_theta(rest.loop),
                             mil_params(loop_mil(whole.loop))->size * sizeof(real));
            loop_free(rest.loop);
        }
        loop_free(whole.loop);
    }
}

/* ---- what is refused ---- */

/* Loads `path` into a fresh loop: fails with this status and words, and the loop runs as if nothing had been tried. */
static void assert_refused(const char *path, const CheckpointFacts *expected, Status status, const char *words)
{
    char *metrics;
    save_hook = NULL;
    Loop *loop = new_loop();
    cr_assert_eq(loop_load(loop, path, expected, &metrics), status, "%s", status_sentence());
    cr_assert_not_null(strstr(status_sentence(), words), "%s", status_sentence());
    cr_assert_null(metrics);
    cr_assert_eq(loop_done(loop), 0);
    loop_free(loop);
}

static const char *a_checkpoint(void)
{
    Run r;
    cr_assert_eq(run(&r, 0, 9), ERR_SIGINT);
    loop_free(r.loop);
    return saved_path(9);
}

Test(SUITE, other_data_settings_or_models_are_refused)
{
    const char *path = a_checkpoint();
    CheckpointFacts other = facts;
    other.data = "{\"dataset\":\"1\"}";
    assert_refused(path, &other, ERR_MODEL, "other data");
    other = facts;
    other.config = "train: {updates: 30, lr: 0.02}\n";
    assert_refused(path, &other, ERR_CONFIG, "train.lr was 0.01 in the checkpoint and is 0.02 now");
    other.config = "train: {updates: 29, lr: 0.01}\n";
    assert_refused(path, &other, ERR_CONFIG, "train.updates was 30");
    assert_refused(in_scratch("none"), &facts, ERR_IO, "cannot read");
    options.updates = 8;
    assert_refused(path, &facts, ERR_MODEL, "is of update 9, the run has only 8");
    options.updates = 30;
    model.output_hidden = 1;
    model.output_unit = 3;
    assert_refused(path, &facts, ERR_MODEL, "tensor");
}

Test(SUITE, files_that_are_no_checkpoint_are_refused)
{
    const float x[2] = {1, 2};
    const Tensor t = {.name = "a", .type = TENSOR_F32, .n_dim = 1, .shape = {2}, .data = x};
    static const char *const metadata[] = {
        NULL,
        "{}",
        "[]",
        "{\"checkpoint\":{}}",
        "no JSON",
        "{\"checkpoint\":{\"update\":-1,\"step\":0,\"evaluated\":0,\"kept_update\":0,\"waited\":0}}",
        "{\"checkpoint\":{\"update\":3,\"step\":2,\"evaluated\":0,\"kept_update\":0,\"waited\":0,\"kept_loss\":null,"
        "\"lowest\":null,\"smooth\":1,\"seconds\":1}}"};
    for (size_t k = 0; k < sizeof metadata / sizeof *metadata; k++) {
        const char *path = in_scratch("strange");
        cr_assert_eq(safetensors_write(path, &t, 1, metadata[k], true), OK);
        assert_refused(path, &facts, ERR_MODEL, "it is no checkpoint");
    }
}

Test(SUITE, damage_is_found)
{
    char *bytes;
    size_t n;
    cr_assert_eq(file_read_whole(&bytes, &n, a_checkpoint(), (size_t)1 << 30), OK);
    Rng rng = rng_stream(11, "damage", 0);
    char *metrics;
    save_hook = NULL;
    Loop *loop = new_loop();
    for (int k = 0; k < 500; k++) {
        const size_t at = rng_below(&rng, n), cut = k % 5 == 0 ? rng_below(&rng, n) : n;
        const char was = bytes[at];
        bytes[at] = (char)(was ^ (char)(1u << rng_below(&rng, 8)));
        unlink(in_scratch("damaged")); /* some file systems wait for the disk where a file is written again */
        const char *path = scratch_bytes("damaged", bytes, cut);
        cr_assert_eq(loop_load(loop, path, &facts, &metrics), ERR_MODEL, "byte %zu of %zu, cut at %zu", at, n, cut);
        bytes[at] = was;
    }
    cr_assert_eq(loop_load(loop, scratch_bytes("sound", bytes, n), &facts, &metrics), OK);
    loop_free(loop);
    free(metrics);
    free(bytes);
}

Test(SUITE, a_state_that_is_no_number_is_not_saved)
{
    const char *path = a_checkpoint();
    save_hook = NULL;
    Loop *loop = new_loop();
    ((real *)(uintptr_t)loop_theta(loop))[3] = NAN;
    cr_assert_eq(loop_save(loop, path, &facts), ERR_DIVERGED);
    loop_free(loop);
    Run rest;
    cr_assert_eq(run(&rest, 9, -1), OK, "what stood there before is still there");
    loop_free(rest.loop);
}

/* ---- settings given again ---- */

Test(SUITE, settings_agree_but_for_a_length_that_grew)
{
    static const struct {
        const char *before, *now, *words; /* NULL: they agree */
    } cases[] = {
        {"a: 1\n", "a: 1\n", NULL},
        {"train: {updates: 3}\n", "train: {updates: 4}\n", NULL},
        {"train: {updates: null, epochs: 3}\n", "train: {updates: null, epochs: 9}\n", NULL},
        {"train: {updates: 4}\n", "train: {updates: 3}\n", "train.updates was 4 in X and is 3 now"},
        {"train: {updates: 4}\n", "train: {updates: null}\n", "train.updates was 4"},
        {"train: {updates: null}\n", "train: {updates: 4}\n", "train.updates was null"},
        {"a: 1\nb: 2\n", "a: 1\n", "b was 2 in X and is not set now"},
        {"a: 1\n", "a: 1\nb: 2\n", "b was not set in X and is 2 now"},
        {"a: [1, 2]\n", "a: [1, 3]\n", "a was 1,2 in X and is 1,3 now"},
        {"tasks:\n  - {name: x}\n", "tasks:\n  - {name: y}\n", "tasks.0.name was x"},
        {"tasks:\n  - {name: x}\n", "tasks:\n  - {name: x}\n  - {name: y}\n", "tasks.1.name was not set"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Status status = resume_agrees(cases[k].before, cases[k].now, "X");
        cr_expect_eq(status, cases[k].words ? ERR_CONFIG : OK, "case %zu", k);
        if (cases[k].words) cr_expect_not_null(strstr(status_sentence(), cases[k].words), "%s", status_sentence());
    }
}
