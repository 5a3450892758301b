/* SPDX-License-Identifier: MIT
 *
 * test_loop_start.c: trainings that start from k-mers.
 */
#include "support/training.h"
#include "train/rarehits.h"
#include "train/sampler.h"

#define SUITE train_loop_start
TestSuite(SUITE, .init = training_set_up, .fini = training_tear_down);

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
    RareKmers rare;
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
    cr_assert_eq(rarehits_choose(&rare, cache, members, n, starts, n_start, 10), OK); /* a tenth of 100 draws */
    cr_assert_eq(rarehits_find(&hits, cache, members, n, &rare), OK);
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

/* ---- train.evaluate_instances ---- */

/* What an evaluation sees of a bag, by hand. */
static void sample(Bag *out, Arena *room, int member, const RareHits *hits)
{
    static uint64_t bits[MOST_SEQUENCES / 64 + 1];
    const Bag *whole;
    Rng rng = rng_stream(3, "evaluate", (uint64_t)member);
    cr_assert_eq(cache_bag(cache, &whole, bag[member], 0), OK);
    arena_rewind(room);
    sampler_draw_always(out, room, whole, 1000, hits->place[member], hits->count[member], &rng, bits);
    cr_assert_eq(out->n, 1000);
    cr_assert_eq(out->stands_for != NULL, hits->count[member] > 0);
}

/* Losses [train, validation] of the samples by theta, whose norm is set by the samples of the training bags. */
static void sampled_losses(double loss[2], const real *given, const RareHits *hits)
{
    Mil *m;
    Arena room = {0};
    Bag seen;
    cr_assert_eq(mil_new(&m, &model, bagfile_spec(file), &target, 1), OK);
    cr_assert_eq(mil_plan(m, 1, n_sequences, false), OK);
    const size_t n_z = (size_t)mil_n_z(m), size = mil_params(m)->size;
    real *theta = malloc(size * sizeof *theta), *z = malloc(BAGS * n_z * sizeof *z);
    int n_train = 0, n[2] = {0};
    memcpy(theta, given, size * sizeof *theta);
    mil_prepare(m, theta);
    sampler_plan(&room, bagfile_spec(file), n_sequences, 1000, false);
    cr_assert_eq(arena_reserve(&room, "test"), OK);
    for (int i = 0; i < BAGS; i++) {
        if (part[i] != PART_TRAIN) continue;
        sample(&seen, &room, i, hits);
        mil_vector(m, z + (size_t)n_train++ * n_z, &seen);
    }
    mil_calibrate(m, theta, z, n_train);
    loss[0] = loss[1] = 0;
    for (int i = 0; i < BAGS; i++) {
        real y;
        if (part[i] == PART_TEST) continue;
        sample(&seen, &room, i, hits);
        mil_predict(m, &y, &seen, NULL);
        loss[part[i] == PART_VALIDATION] += target.type->loss(&target, &y, &labels.target[i]);
        n[part[i] == PART_VALIDATION]++;
    }
    for (int j = 0; j < 2; j++) loss[j] /= n[j];
    arena_free(&room);
    free(theta), free(z);
    mil_free(m);
}

/* Whether updates draw 400 of the 1300 sequences or see all: a k-mer is rare in at most 40 of them, or in at most 100, a tenth
 * of what an evaluation sees. */
Test(SUITE, evaluations_see_rare_k_mers_always)
{
    training_tear_down();
    n_sequences = MOST_SEQUENCES;
    training_set_up();
    for (int k = 0; k < 2; k++) {
        int members[BAGS], all[BAGS], n = 0;
        TrainingRecords r = {0};
        RareHits hits;
        RareKmers rare;
        double loss[2];
        train_from_kmers(0);
        options.updates = 3;
        options.evaluate_every = 0;
        options.draws = k ? 0 : 400;
        options.evaluate_instances = 1;
        Loop *loop = new_loop();
        cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
        for (int i = 0; i < BAGS; i++) {
            all[i] = bag[i];
            if (part[i] == PART_TRAIN) members[n++] = bag[i];
        }
        cr_assert_eq(rarehits_choose(&rare, cache, members, n, starts, n_start, k ? 100 : 40), OK);
        cr_assert_eq(rarehits_find(&hits, cache, all, BAGS, &rare), OK);
        cr_expect_eq(rare.n, 1);
        sampled_losses(loss, loop_theta(loop), &hits);
        for (int j = 0; j < 2; j++) cr_expect_float_eq(r.record[j].loss, loss[j], 1e-9, "part %d", j);
        rarehits_free(&hits);
        loop_free(loop);
    }
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
            TrainingRecords r = {0};
            Loop *loop;
            LoopSetup setup = training_loop();
            setup.seed = (uint64_t)s;
            cr_assert_eq(loop_new(&loop, &setup), OK, "%s", status_sentence());
            cr_assert_eq(loop_run(loop, training_remember, &r), OK, "%s", status_sentence());
            auc += r.record[1].score[0][1] / SEEDS;
            loop_free(loop);
        }
        cr_expect_geq(auc, 0.85, "%s: mean AUC %g", pooling_types[p]->name, auc);
    }
}
