/* SPDX-License-Identifier: MIT
 *
 * test_loop.c: the training loop on the data of support/training.h.
 */
#include "core/parallel.h"
#include "support/training.h"
#include "train/keep.h"
#include "train/rarehits.h"
#include "train/sampler.h"
#include "train/schedule.h"

#include <stdatomic.h>

#define SUITE train_loop

/* ---- allocations are counted while `counting`; sanitizers have an allocator of their own ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef COUNTS_ALLOCATIONS
#define COUNTS_ALLOCATIONS 1
#endif

static atomic_bool counting;
static atomic_int allocations;

#if COUNTS_ALLOCATIONS
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

void *malloc(size_t n)
{
    if (counting) allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (counting) allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    if (counting) allocations++;
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    if (counting) allocations++;
    return __libc_memalign(alignment, n);
}
#endif

TestSuite(SUITE, .init = training_set_up, .fini = training_tear_down);

/* ---- tests ---- */

typedef struct {
    int n;
    LoopRecord record[16];
} Records;

static Status remember(void *context, const LoopRecord *record)
{
    Records *r = context;
    r->record[r->n++] = *record;
    return OK;
}

Test(SUITE, learns_and_keeps_the_best)
{
    Records r = {0};
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
    cr_assert_eq(r.n, 6); /* updates 50, 100 and 120, two parts each */
    const int updates[] = {50, 100, 120};
    double best = INFINITY;
    int at = 0;
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(r.record[2 * k].update, updates[k]);
        cr_assert_eq(r.record[2 * k].part, PART_TRAIN);
        cr_assert_eq(r.record[2 * k].n_bag, 14);
        cr_assert_eq(r.record[2 * k + 1].part, PART_VALIDATION);
        cr_assert_eq(r.record[2 * k + 1].n_bag, 6);
        const double loss = r.record[2 * k + 1].score[0][0];
        if (loss < best) at = updates[k];
        if (loss < best) best = loss;
    }
    cr_assert_eq(loop_kept(loop).update, at);
    cr_assert_eq(loop_kept(loop).loss, best);
    cr_assert_float_eq(r.record[0].epoch, 50.0 / 3, 1e-12); /* 14 bags by 5: three updates a pass */

    real output[BAGS] = {0};
    cr_assert_eq(loop_part(loop, PART_TEST, output), OK);
    for (int i = 0; i < BAGS; i++) {
        if (part[i] != PART_TEST)
            cr_assert_eq(output[i], 0);
        else
            cr_assert_eq(output[i] > 0, i % 2, "bag %d: %g", i, (double)output[i]);
    }
    loop_free(loop);
}

static void assert_threads_do_not_matter(void)
{
    real *theta[3];
    size_t n = 0;
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(parallel_start(k + 1), OK, "%s", status_sentence());
        options.updates = 20;
        options.evaluate_every = 0;
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, NULL, NULL), OK, "%s", status_sentence());
        n = mil_params(loop_mil(loop))->size;
        theta[k] = malloc(n * sizeof(real));
        memcpy(theta[k], loop_theta(loop), n * sizeof(real));
        loop_free(loop);
    }
    cr_assert_eq(parallel_start(1), OK);
    cr_assert_arr_eq(theta[0], theta[1], n * sizeof(real));
    cr_assert_arr_eq(theta[0], theta[2], n * sizeof(real));
    for (int k = 0; k < 3; k++) free(theta[k]);
}

Test(SUITE, threads_do_not_matter)
{
    assert_threads_do_not_matter();
}

Test(SUITE, threads_do_not_matter_with_norm_and_start)
{
    for (int p = 0; pooling_types[p]; p++) {
        if (!pooling_types[p]->start) continue;
        train_from_kmers(p);
        assert_threads_do_not_matter();
    }
}

/* Of ten updates and passes, after a first one. */
static int allocations_while_learning(void)
{
    real output[BAGS];
    Loop *loop = new_loop();
    allocations = 0;
    counting = true;
    void *volatile piece = malloc(100); /* does the counter count? */
    free(piece);
    counting = false;
    cr_assert_eq(allocations, 1);
    cr_assert_eq(loop_update(loop), OK);
    counting = true;
    for (int k = 0; k < 10; k++) {
        loop_update(loop);
        loop_pass(loop, BAGS, output);
    }
    counting = false;
    loop_free(loop);
    return allocations - 1;
}

Test(SUITE, allocates_nothing_while_it_learns)
{
    if (!COUNTS_ALLOCATIONS) cr_skip_test("the sanitizer has the allocator");
    options.step.l1 = options.step.l2 = options.step.clip_norm = 0.01;
    options.instance_drop = 0.3;
    for (int compat = COMPAT_NONE; compat <= COMPAT_DEEPRC; compat++)
        for (int p = 0; pooling_types[p]; p++)
            for (int steps = 0; steps <= 2; steps += 2) { /* with extra updates Hopfield pooling goes another path */
                model = test_model(0, p);
                model.compat = compat;
                if (!pooling_types[p]->ranks) model.select = SELECT_RANDOM;
                if (!test_option(model.pooling_options, pooling_types[p]->options, "steps", steps) && steps) continue;
                const int n = allocations_while_learning();
                cr_expect_eq(n, 0, "%d allocations, compat %d, %s, steps %d", n, compat, pooling_types[p]->name,
                             steps);
            }
}

Test(SUITE, allocates_nothing_with_norm_and_start)
{
    if (!COUNTS_ALLOCATIONS) cr_skip_test("the sanitizer has the allocator");
    options.instance_drop = 0.3;
    for (int p = 0; pooling_types[p]; p++)
        for (int select = SELECT_RANDOM; select <= SELECT_ALL; select++) {
            train_from_kmers(p);
            model.select = select;
            const int n = allocations_while_learning();
            cr_expect_eq(n, 0, "%d allocations, %s, selection %d", n, pooling_types[p]->name, select);
        }
}

/* The rate of a record is that of the update it follows, and learning goes on at it: with a decay that is next to nothing
 * all but the first epoch changes nothing any more. */
Test(SUITE, the_rate_falls_after_every_epoch)
{
    Records r = {0};
    options.updates = 8; /* three a pass */
    options.evaluate_every = 2;
    options.decay = 0.5;
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
    const double want[] = {0.01, 0.005, 0.005, 0.0025};
    for (int k = 0; k < 4; k++)
        cr_assert_float_eq(r.record[2 * k].lr, want[k], 1e-15, "update %d", r.record[2 * k].update);
    loop_free(loop);

    options.evaluate_every = 3;
    options.updates = 6;
    options.decay = 1e-30;
    r.n = 0;
    loop = new_loop();
    cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
    cr_assert_eq(r.record[0].update, 3);
    cr_assert_eq(r.record[0].loss, r.record[2].loss);
    loop_free(loop);
}

/* A step of plain SGD whose gradient may have no length goes nowhere; one of any length goes somewhere. */
Test(SUITE, the_gradient_is_clipped)
{
    double moved[2];
    options.optimizer = 2;
    options.updates = 1;
    options.evaluate_every = 0;
    for (int k = 0; k < 2; k++) {
        options.step.clip_norm = k ? 1e-4 : 0;
        options.step.lr = 1;
        Loop *loop = new_loop();
        const ParamList *params = mil_params(loop_mil(loop));
        real *start = malloc(params->size * sizeof *start);
        param_start(params, start, 3);
        cr_assert_eq(loop_run(loop, NULL, NULL), OK, "%s", status_sentence());
        moved[k] = 0;
        for (size_t i = 0; i < params->size; i++) {
            const double d = (double)loop_theta(loop)[i] - (double)start[i];
            moved[k] += d * d;
        }
        free(start);
        loop_free(loop);
    }
    cr_assert_gt(sqrt(moved[0]), 1e-3);
    cr_assert_float_eq(sqrt(moved[1]), 1e-4, 1e-6, "%g", sqrt(moved[1]));
}

/* A run that drops is another run, the same with any threads; one instance a bag is left where nearly all go. */
Test(SUITE, instances_are_dropped)
{
    double loss[4];
    options.updates = 7;
    options.evaluate_every = 0;
    for (int k = 0; k < 4; k++) {
        cr_assert_eq(parallel_start(k == 2 ? 3 : 1), OK);
        options.instance_drop = k == 0 ? 0 : k == 3 ? 0.999999 : 0.5;
        Records r = {0};
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
        loss[k] = r.record[0].loss;
        loop_free(loop);
    }
    cr_assert_neq(loss[0], loss[1]);
    cr_assert_eq(loss[1], loss[2]);
    cr_assert_neq(loss[1], loss[3]);
    cr_assert_eq(parallel_start(1), OK);
}

Test(SUITE, draws_that_hold_all_are_the_bag)
{
    options.updates = 7;
    options.evaluate_every = 0;
    double loss[2];
    for (int k = 0; k < 2; k++) {
        options.draws = k ? 0 : SEQUENCES;
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, NULL, NULL), OK);
        loss[k] = loop_kept(loop).loss;
        loop_free(loop);
    }
    cr_assert_eq(loss[0], loss[1]);
}

Test(SUITE, epochs_are_passes)
{
    options.updates = 0;
    options.epochs = 4;
    Loop *loop = new_loop();
    cr_assert_eq(loop_updates(loop), 4 * 3);
    loop_free(loop);
}

Test(SUITE, without_validation_the_last_is_kept)
{
    for (int i = 0; i < BAGS; i++)
        if (part[i] == PART_VALIDATION) part[i] = PART_NONE;
    Records r = {0};
    options.updates = 11;
    options.evaluate_every = 5;
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
    cr_assert_eq(r.n, 3);
    cr_assert_eq(loop_kept(loop).update, 11);
    loop_free(loop);
}

Test(SUITE, divergence_is_said_and_the_last_good_state_kept)
{
    options.step.lr = (double)REAL_MAX / 4;
    options.evaluate_every = 1;
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, NULL, NULL), ERR_DIVERGED);
    cr_assert_not_null(strstr(status_sentence(), "update"), "%s", status_sentence());
    const size_t n = mil_params(loop_mil(loop))->size;
    for (size_t i = 0; i < n; i++) cr_assert(isfinite((double)loop_theta(loop)[i]));
    loop_free(loop);
}

static Status interrupt(void *context, const LoopRecord *record)
{
    (void)record;
    (void)context;
    stop = SIGTERM;
    return OK;
}

Test(SUITE, a_signal_ends_it_after_the_update)
{
    options.evaluate_every = 3;
    Loop *loop = new_loop();
    stop = 0;
    cr_assert_eq(loop_run(loop, interrupt, NULL), ERR_SIGTERM);
    cr_assert_not_null(strstr(status_sentence(), "update 3 of 120"), "%s", status_sentence());
    cr_assert_eq(loop_kept(loop).update, 3);
    stop = 0;
    loop_free(loop);
}

Test(SUITE, memory_is_foretold)
{
    const LoopSetup setup = training_loop();
    size_t bytes = 0, params = 0;
    cr_assert_eq(loop_memory(&setup, &bytes, &params), OK);
    Loop *loop = new_loop();
    cr_assert_eq(params, mil_params(loop_mil(loop))->size);
    cr_assert_gt(bytes, params * 5 * sizeof(real));
    loop_free(loop);
}

/* ---- model.norm ---- */

/* A last minibatch of one bag, which has no variance, is left out; the epoch is shorter by it. */
Test(SUITE, norm_has_no_minibatch_of_one_bag)
{
    options.updates = 0;
    options.epochs = 3;
    model.norm = NORM_BAGS;
    for (options.batch = 2; options.batch <= 16; options.batch++) { /* of 14 bags */
        Loop *loop = new_loop();
        const int rest = 14 % options.batch, want = 14 / options.batch + (rest > 1);
        cr_expect_eq(loop_updates(loop), 3 * want, "batches of %d", options.batch);
        cr_expect_eq(schedule_per_epoch(&options, &model, 14), want);
        loop_free(loop);
    }
    options.batch = 13;
    options.evaluate_every = 1;
    Records r = {0};
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
    cr_assert_eq(r.n, 6);
    for (int k = 0; k < 3; k++) cr_expect_eq(r.record[2 * k].epoch, k + 1);
    loop_free(loop);
    model.norm = NORM_NONE;
    loop = new_loop();
    cr_expect_eq(loop_updates(loop), 6, "without norm the bag that is left has an update of its own");
    loop_free(loop);
}

Test(SUITE, norm_needs_two_training_bags)
{
    const LoopSetup setup = training_loop();
    Loop *loop;
    for (int i = 1; i < BAGS; i++) part[i] = PART_VALIDATION;
    cr_assert_eq(loop_new(&loop, &setup), OK);
    loop_free(loop);
    model.norm = NORM_BAGS;
    cr_assert_eq(loop_new(&loop, &setup), ERR_FORMAT);
    cr_assert_null(loop);
    cr_assert_str_eq(status_sentence(), "the training part holds one bag; model.norm bags needs at least two");
}

/* Outputs of all bags by theta, whose norm is set from the training bags first; whole bags. */
static void outputs_of(real *output, real *theta)
{
    const Bag *whole;
    Mil *m;
    int n = 0;
    cr_assert_eq(mil_new(&m, &model, bagfile_spec(file), &target, 1), OK);
    cr_assert_eq(mil_plan(m, 1, n_sequences, false), OK);
    real *z = calloc((size_t)(BAGS * mil_n_z(m)), sizeof *z);
    mil_prepare(m, theta);
    for (int i = 0; i < BAGS; i++) {
        if (part[i] != PART_TRAIN) continue;
        cr_assert_eq(cache_bag(cache, &whole, bag[i], 0), OK);
        mil_vector(m, z + mil_n_z(m) * n++, whole);
    }
    mil_calibrate(m, theta, z, n);
    for (int i = 0; i < BAGS; i++) {
        cr_assert_eq(cache_bag(cache, &whole, bag[i], 0), OK);
        mil_predict(m, &output[i], whole, NULL);
    }
    free(z);
    mil_free(m);
}

static double validation_value(KeepRule rule, const real *output)
{
    real y[BAGS], label[BAGS], mask[BAGS];
    int n = 0;
    for (int i = 0; i < BAGS; i++)
        if (part[i] == PART_VALIDATION) y[n] = output[i], label[n] = labels.target[i], mask[n++] = labels.mask[i];
    const MetricInput in = {.n_bag = n, .n_out = 1, .n_target = 1, .output = y, .target = label, .mask = mask};
    return keep_value(rule, &target, &in, NULL);
}

/* The frozen tensors of the model kept are the moments of the training bags under that model, to the bit, and what is
 * scored is what it predicts then. */
Test(SUITE, every_evaluation_calibrates_the_norm)
{
    for (int p = 0; pooling_types[p]; p++) {
        real said[BAGS], output[BAGS];
        train_from_kmers(p);
        options.updates = 20;
        options.evaluate_every = 6;
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, NULL, NULL), OK, "%s", status_sentence());
        const ParamList *list = mil_params(loop_mil(loop));
        const size_t bytes = list->size * sizeof(real);
        real *theta = malloc(bytes);
        memcpy(theta, loop_theta(loop), bytes);
        const Param *mean = param_find(list, "bag_norm.mean"), *var = param_find(list, "bag_norm.var");
        for (size_t f = 0; f < mean->size; f++) theta[mean->at + f] = 5, theta[var->at + f] = 7;
        outputs_of(output, theta);
        cr_expect_arr_eq(theta, loop_theta(loop), bytes, "%s", pooling_types[p]->name);
        for (Part which = PART_TRAIN; which <= PART_TEST; which++) cr_assert_eq(loop_part(loop, which, said), OK);
        cr_expect_arr_eq(said, output, sizeof said, "%s", pooling_types[p]->name);
        cr_expect_eq(loop_kept(loop).loss, validation_value(KEEP_BY_CALIBRATED_LOSS, output));
        free(theta);
        loop_free(loop);
    }
}

/* ---- what is kept, and when it ends ---- */

Test(SUITE, keep_auc_keeps_the_highest)
{
    Records r = {0};
    options.keep = KEEP_AUC;
    options.updates = 32;
    options.evaluate_every = 4;
    options.step.lr = 0.002;
    for (int i = 14; i < 20; i++) labels.target[i] = i == 15 || i == 16 || i == 18; /* hard to rank */
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
    int at = 1;
    bool differ = false;
    for (int k = 1; k < r.n; k += 2) {
        const double *now = r.record[k].score[0], *best = r.record[at].score[0];
        if (now[1] > best[1] || (now[1] == best[1] && now[0] < best[0])) at = k;
        differ |= now[1] != r.record[1].score[0][1];
    }
    cr_assert(differ, "one AUC all along tests nothing");
    cr_expect_eq(loop_kept(loop).update, r.record[at].update);
    cr_expect_float_eq(loop_kept(loop).loss, 1 - r.record[at].score[0][1] + 1e-6 * r.record[at].score[0][0], 1e-12);
    loop_free(loop);
}

/* What is better by less than min_delta does not count for patience, but is kept; where nothing can be better by that,
 * waiting ends at once. */
Test(SUITE, patience_begins_anew_by_min_delta_alone)
{
    static const double delta[] = {0, 0.1, 1000};
    int end[3];
    options.patience = 2;
    options.step.lr = 0.0002;
    options.evaluate_every = 20;
    options.updates = 80;
    for (int k = 0; k < 3; k++) {
        Records r = {0};
        options.min_delta = delta[k];
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
        end[k] = loop_done(loop);
        double best = INFINITY;
        for (int j = 1; j < r.n; j += 2) best = fmin(best, r.record[j].score[0][0]);
        cr_expect_eq(loop_kept(loop).loss, best);
        if (k == 1) cr_expect_gt(loop_kept(loop).update, 20, "the loss falls, so a later state is kept");
        loop_free(loop);
    }
    cr_expect_eq(end[0], 80);
    cr_expect_eq(end[1], 60); /* the first, and two that are not better by 0.1 */
    cr_expect_eq(end[2], 20);
}

/* ---- train.average ---- */

/* What is kept is the average of the parameters after every update, of which early ones count less. */
Test(SUITE, the_average_is_kept)
{
    enum { UPDATES = 12 };
    options.updates = UPDATES;
    options.evaluate_every = 0;
    options.keep = KEEP_LAST;
    Loop *loop = new_loop(); /* without an average every state can be kept in turn */
    const size_t n = mil_params(loop_mil(loop))->size;
    real *average = calloc(n, sizeof *average);
    loop_free(loop);
    for (int updates = 0; updates <= UPDATES; updates++) {
        const double early = (1. + updates) / (10 + updates), decay = early < 0.4 ? early : 0.4;
        options.updates = updates > 0 ? updates : 1;
        options.step.lr = updates > 0 ? 0.01 : 0; /* a step of 0 leaves the start */
        loop = new_loop();
        cr_assert_eq(loop_run(loop, NULL, NULL), OK, "%s", status_sentence());
        for (size_t i = 0; i < n; i++)
            average[i] = updates == 0
                             ? loop_theta(loop)[i]
                             : (real)(decay * (double)average[i] + (1 - decay) * (double)loop_theta(loop)[i]);
        loop_free(loop);
    }
    options.average = 0.4;
    loop = new_loop();
    cr_assert_eq(loop_run(loop, NULL, NULL), OK, "%s", status_sentence());
    for (size_t i = 0; i < n; i++)
        cr_assert_float_eq(loop_theta(loop)[i], average[i], REAL_IS_DOUBLE ? 1e-13 : 1e-6, "number %zu", i);
    loop_free(loop);
    free(average);
}

/* ---- train.evaluate_instances ---- */

static void larger_bags(void)
{
    training_tear_down();
    n_sequences = MOST_SEQUENCES;
    training_set_up();
    options.updates = 3;
    options.evaluate_every = 0;
}

/* Mean loss of a part by theta, of the `most` instances of a bag that an evaluation sees. */
static double sampled_loss(const real *theta, Part which, int most)
{
    Mil *m;
    Arena room = {0};
    uint64_t bits[MOST_SEQUENCES / 64 + 1];
    double sum = 0;
    int n = 0;
    cr_assert_eq(mil_new(&m, &model, bagfile_spec(file), &target, 1), OK);
    cr_assert_eq(mil_plan(m, 1, n_sequences, false), OK);
    mil_prepare(m, theta);
    sampler_plan(&room, bagfile_spec(file), n_sequences, most, false);
    cr_assert_eq(arena_reserve(&room, "test"), OK);
    for (int i = 0; i < BAGS; i++) {
        const Bag *whole;
        Bag seen;
        real y;
        Rng rng = rng_stream(3, "evaluate", (uint64_t)i);
        if (part[i] != which) continue;
        cr_assert_eq(cache_bag(cache, &whole, bag[i], 0), OK);
        arena_rewind(&room);
        sampler_draw(&seen, &room, whole, 20, most, false, &rng, bits);
        cr_assert_eq(seen.n, most > 0 ? most : n_sequences);
        mil_predict(m, &y, &seen, NULL);
        sum += target.type->loss(&target, &y, &labels.target[i]);
        n++;
    }
    arena_free(&room);
    mil_free(m);
    return sum / n;
}

/* 20 bags share what an evaluation may see, but of none less than 1000; a bag's part is always the same. */
Test(SUITE, evaluations_see_no_more_than_they_may)
{
    static const struct {
        int given, seen; /* instances: of all bags, of one */
    } cases[] = {{0, 0}, {1, 1000}, {19999, 1000}, {22020, 1101}, {20 * 1300, 0}, {2000000000, 0}};
    larger_bags();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Records r = {0};
        options.evaluate_instances = cases[k].given;
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
        for (int j = 0; j < 2; j++)
            cr_expect_float_eq(r.record[j].loss,
                               sampled_loss(loop_theta(loop), j ? PART_VALIDATION : PART_TRAIN, cases[k].seen), 1e-9,
                               "%d instances in all", cases[k].given);
        loop_free(loop);
    }
}

/* The scores of the model kept are of whole bags, with a norm set by whole bags. */
Test(SUITE, the_end_sees_whole_bags)
{
    larger_bags();
    for (int norm = 0; norm < 2; norm++) {
        double loss[2];
        if (norm) train_from_kmers(0);
        for (int k = 0; k < 2; k++) {
            Records r = {0};
            real said[BAGS], output[BAGS];
            options.evaluate_instances = k;
            Loop *loop = new_loop();
            cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
            loss[k] = r.record[1].loss;
            const size_t bytes = mil_params(loop_mil(loop))->size * sizeof(real);
            real *theta = malloc(bytes);
            memcpy(theta, loop_theta(loop), bytes);
            outputs_of(output, theta);
            for (Part which = PART_TRAIN; which <= PART_TEST; which++) cr_assert_eq(loop_part(loop, which, said), OK);
            cr_expect_arr_eq(said, output, sizeof said, "norm %d, instances %d", norm, k);
            cr_expect_arr_eq(theta, loop_theta(loop), bytes, "the model written is the one that was scored");
            free(theta);
            loop_free(loop);
        }
        cr_expect_neq(loss[0], loss[1], "a sample is not the bag");
    }
}

/* ---- start from k-mers ---- */

/* A step of no length leaves what mil_start made of the drawn parameters, for the first training bag. */
Test(SUITE, it_starts_from_the_k_mers)
{
    train_from_kmers(0);
    part[0] = PART_TEST; /* so that bag 1 is the first */
    options.updates = 1;
    options.step.lr = 0;
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, NULL, NULL), OK, "%s", status_sentence());
    const ParamList *list = mil_params(loop_mil(loop));
    const Bag *first;
    Mil *m;
    int n;
    real *theta = malloc(list->size * sizeof *theta);
    cr_assert_eq(mil_new(&m, &model, bagfile_spec(file), &target, 1), OK);
    cr_assert_eq(mil_plan(m, 1, n_sequences, false), OK);
    param_start(list, theta, 3);
    cr_assert_eq(cache_bag(cache, &first, bag[1], 0), OK);
    cr_assert_eq(mil_start(m, &n, theta, starts, n_start, first), OK);
    cr_assert_eq(n, 2);
    for (int k = 0; k < list->n; k++) {
        const Param *p = &list->param[k];
        if (!p->frozen)
            cr_expect_arr_eq(theta + p->at, loop_theta(loop) + p->at, p->size * sizeof *theta, "%s", p->name);
    }
    free(theta);
    mil_free(m);
    loop_free(loop);
}

/* The first update by hand: of the bags in their order, draws that hold the places of the rare k-mer, one step of plain SGD. */
Test(SUITE, rare_k_mers_are_drawn_always)
{
    RareHits hits;
    int members[BAGS], order[BAGS], place_of[BAGS], n = 0, n_always = 0;
    Bag drawn[5];
    Arena room[5] = {{0}};
    uint64_t bits[MOST_SEQUENCES / 64 + 1];
    real label[5], mask[5];
    train_from_kmers(0);
    options.updates = 1;
    options.optimizer = 2;
    options.step.lr = 0.5;
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, NULL, NULL), OK, "%s", status_sentence());
    const ParamList *list = mil_params(loop_mil(loop));
    real *theta = malloc(list->size * sizeof *theta), *grad = calloc(list->size, sizeof *grad);
    const Bag *whole;
    Mil *m;
    for (int i = 0; i < BAGS; i++)
        if (part[i] == PART_TRAIN) place_of[i] = n, members[n++] = i;
    cr_assert_eq(rarehits_find(&hits, cache, members, n, starts, n_start, 10), OK); /* a tenth of 100 draws */
    sampler_epoch(order, members, n, 3, 0);
    for (int s = 0; s < 5; s++) {
        const int k = place_of[order[s]];
        Rng rng = rng_stream(3, "draw", (uint64_t)s);
        sampler_plan(&room[s], bagfile_spec(file), n_sequences, 100, false);
        cr_assert_eq(arena_reserve(&room[s], "test"), OK);
        cr_assert_eq(cache_bag(cache, &whole, order[s], s), OK);
        sampler_draw_always(&drawn[s], &room[s], whole, 100, hits.place[k], hits.count[k], &rng, bits);
        label[s] = labels.target[order[s]], mask[s] = 1;
        n_always += hits.count[k];
    }
    cr_assert_gt(n_always, 5);
    cr_assert_eq(mil_new(&m, &model, bagfile_spec(file), &target, 1), OK);
    cr_assert_eq(mil_plan(m, 5, 100, true), OK);
    param_start(list, theta, 3);
    cr_assert_eq(cache_bag(cache, &whole, members[0], 0), OK);
    cr_assert_eq(mil_start(m, &n, theta, starts, n_start, whole), OK);
    const Batch batch = {.n_bag = 5, .bag = drawn, .target = label, .mask = mask};
    mil_learn(m, grad, theta, &batch, 3, 1, NULL);
    double moved = 0;
    for (int k = 0; k < list->n; k++)
        for (size_t i = list->param[k].at; !list->param[k].frozen && i < list->param[k].at + list->param[k].size;
             i++) {
            cr_assert_float_eq((double)loop_theta(loop)[i], (double)theta[i] - 0.5 * (double)grad[i], 1e-6, "%s",
                               list->param[k].name);
            moved = fmax(moved, 0.5 * fabs((double)grad[i]));
        }
    cr_assert_gt(moved, 1e-2);
    for (int s = 0; s < 5; s++) arena_free(&room[s]);
    rarehits_free(&hits);
    free(theta), free(grad);
    mil_free(m);
    loop_free(loop);
}

/* It ranks the validation bags before it has learned anything; six bags, so over some seeds. */
Test(SUITE, k_mers_rank_bags_at_once)
{
    enum { SEEDS = 8 };
    for (int p = 0; pooling_types[p]; p++) {
        double auc = 0;
        if (!pooling_types[p]->start) continue;
        train_from_kmers(p);
        test_option(model.pooling_options, pooling_types[p]->options, "init", 1);
        options.updates = 2;
        options.evaluate_every = 0;
        options.step.lr = 1e-6;
        for (int s = 0; s < SEEDS; s++) {
            Records r = {0};
            Loop *loop;
            LoopSetup setup = training_loop();
            setup.seed = (uint64_t)s;
            cr_assert_eq(loop_new(&loop, &setup), OK, "%s", status_sentence());
            cr_assert_eq(loop_run(loop, remember, &r), OK, "%s", status_sentence());
            auc += r.record[1].score[0][1] / SEEDS;
            loop_free(loop);
        }
        cr_expect_geq(auc, 0.85, "%s: mean AUC %g", pooling_types[p]->name, auc);
    }
}
