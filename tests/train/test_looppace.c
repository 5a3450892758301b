/* SPDX-License-Identifier: MIT
 *
 * test_looppace.c: short timings of a training, whose absolute values are the machine's.
 */
#include "support/training.h"
#include "train/looppace.h"

#define SUITE train_looppace
TestSuite(SUITE, .init = training_set_up, .fini = training_tear_down);

Test(SUITE, all_is_timed_and_nothing_is_changed)
{
    LoopPace pace;
    Part before[BAGS];
    memcpy(before, part, sizeof part);
    const TrainOptions same = options;
    const LoopSetup setup = training_loop();
    cr_assert_eq(looppace_measure(&pace, &setup), OK, "%s", status_sentence());
    cr_expect(pace.update > 0 && pace.pass > 0 && pace.read > 0 && pace.load > 0);
    cr_expect_arr_eq(before, part, sizeof part);
    cr_expect_eq(options.draws, same.draws);
}

/* Few draws are timed, and a line is drawn through them. */
Test(SUITE, larger_draws_take_longer)
{
    LoopPace few, many;
    n_sequences = MOST_SEQUENCES;
    training_tear_down();
    training_set_up();
    LoopSetup setup = training_loop();
    options.draws = 20;
    cr_assert_eq(looppace_measure(&few, &setup), OK);
    options.draws = 0;
    cr_assert_eq(looppace_measure(&many, &setup), OK);
    cr_expect(many.update > 2 * few.update, "%g and %g s", few.update, many.update);
}

Test(SUITE, without_bags)
{
    LoopPace pace;
    LoopSetup setup = training_loop();
    setup.n = 0;
    cr_expect_eq(looppace_measure(&pace, &setup), ERR_FORMAT);
    cr_expect_eq(pace.update, 0);
}
