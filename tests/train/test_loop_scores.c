/* SPDX-License-Identifier: MIT
 *
 * test_loop_scores.c: evaluations during a training: the norm they set, the model they keep, and when they end it.
 */
#include "support/training.h"
#include "train/keep.h"
#include "train/sampler.h"
#include "train/schedule.h"

#define SUITE train_loop_scores
TestSuite(SUITE, .init = training_set_up, .fini = training_tear_down);

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
    TrainingRecords r = {0};
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
    MetricRank rank[BAGS];
    int n = 0;
    for (int i = 0; i < BAGS; i++)
        if (part[i] == PART_VALIDATION) y[n] = output[i], label[n] = labels.target[i], mask[n++] = labels.mask[i];
    const MetricInput in = {
        .n_bag = n, .n_out = 1, .n_target = 1, .output = y, .target = label, .mask = mask, .rank = rank};
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
    TrainingRecords r = {0};
    options.keep = KEEP_AUC;
    options.updates = 32;
    options.evaluate_every = 4;
    options.step.lr = 0.002;
    for (int i = 14; i < 20; i++) labels.target[i] = i == 15 || i == 16 || i == 18; /* hard to rank */
    Loop *loop = new_loop();
    cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
        TrainingRecords r = {0};
        options.min_delta = delta[k];
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
        TrainingRecords r = {0};
        options.evaluate_instances = cases[k].given;
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
            TrainingRecords r = {0};
            real said[BAGS], output[BAGS];
            options.evaluate_instances = k;
            Loop *loop = new_loop();
            cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
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
