/* SPDX-License-Identifier: MIT
 *
 * test_loop.c: the training loop on the data of support/training.h.
 */
#include "core/parallel.h"
#include "support/training.h"

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

Test(SUITE, learns_and_keeps_the_best)
{
    TrainingRecords r = {0};
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
    real *theta[4];
    size_t n = 0;
    for (int k = 0; k < 4; k++) {
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
    for (int k = 1; k < 4; k++) cr_assert_arr_eq(theta[0], theta[k], n * sizeof(real), "%d threads", k + 1);
    for (int k = 0; k < 4; k++) free(theta[k]);
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
    TrainingRecords r = {0};
    options.updates = 8; /* three a pass */
    options.evaluate_every = 2;
    options.decay = 0.5;
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
    const double want[] = {0.01, 0.005, 0.005, 0.0025};
    for (int k = 0; k < 4; k++)
        cr_assert_float_eq(r.record[2 * k].lr, want[k], 1e-15, "update %d", r.record[2 * k].update);
    loop_free(loop);

    options.evaluate_every = 3;
    options.updates = 6;
    options.decay = 1e-30;
    r.n = 0;
    loop = new_loop();
    cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
        TrainingRecords r = {0};
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
    TrainingRecords r = {0};
    options.updates = 11;
    options.evaluate_every = 5;
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
