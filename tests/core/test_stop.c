/* SPDX-License-Identifier: MIT */
#include "core/stop.h"

#include <criterion/criterion.h>

Test(core_stop, no_signal_no_failure)
{
    StopFlag flag = 0;
    cr_expect(!stop_is_set(NULL));
    cr_expect(!stop_is_set(&flag));
    cr_expect_eq(stop_check(NULL, " after bag %d", 1), OK);
    cr_expect_eq(stop_check(&flag, " after bag %d", 1), OK);
    cr_expect_str_eq(status_sentence(), "");
}

Test(core_stop, the_sentence_names_the_signal)
{
    StopFlag flag = SIGINT;
    cr_expect(stop_is_set(&flag));
    cr_expect_eq(stop_check(&flag, " after bag %d of %d", 3, 7), ERR_SIGINT);
    cr_expect_str_eq(status_sentence(), "interrupted after bag 3 of 7");
    flag = SIGTERM;
    cr_expect_eq(stop_check(&flag, "; nothing was written"), ERR_SIGTERM);
    cr_expect_str_eq(status_sentence(), "terminated; nothing was written");
    flag = SIGHUP; /* any other ends work as SIGINT does */
    cr_expect_eq(stop_check(&flag, " now"), ERR_SIGINT);
}

Test(core_stop, causes)
{
    cr_expect(stop_is_cause(ERR_SIGINT));
    cr_expect(stop_is_cause(ERR_SIGTERM));
    cr_expect(!stop_is_cause(OK));
    cr_expect(!stop_is_cause(ERR_DIVERGED));
}
