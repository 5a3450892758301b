/* SPDX-License-Identifier: MIT */
#include "core/log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(core_log, .init = cr_redirect_stderr);

Test(core_log, levels)
{
    log_detail("detail %d", 1);
    log_info("info %d", 2);
    log_warn("warning %d", 3);
    log_level(LOG_QUIET);
    log_info("info %d", 4);
    log_warn("warning %d", 5);
    log_level(LOG_VERBOSE);
    log_detail("detail %d", 6);
    fflush(stderr);
    cr_assert_stderr_eq_str("info 2\nhopsack: warning: warning 3\nhopsack: warning: warning 5\ndetail 6\n");
}

/* Names of files and cells of tables may hold anything; a terminal must not see it. */
Test(core_log, messages_are_escaped)
{
    log_warn("%s", "a\x1b[31m\n\xff\xc3\xbc");
    log_info("%s", "\tb\xc2\x9b");
    fflush(stderr);
    cr_assert_stderr_eq_str("hopsack: warning: a\\x1b[31m\\n\\xff\xc3\xbc\n\\tb\\xc2\\x9b\n");
}

/* Not a terminal: nothing for half a minute, then a line. */
Test(core_log, progress_is_sparing_in_files)
{
    Progress p;
    progress_start(&p, "training", "updates", 200);
    progress_update(&p, 1, "loss 0.7");
    p.said -= 31;
    p.started = log_seconds() - 100;
    progress_update(&p, 50, "loss 0.5");
    progress_update(&p, 51, "loss 0.5");
    p.started = log_seconds() - 125;
    p.done = 200;
    progress_end(&p, "loss 0.1");
    fflush(stderr);
    cr_assert_stderr_eq_str("training: 50/200 updates, 0.50/s, loss 0.5, 5:00 left\n"
                            "training: 200 updates in 2:05, loss 0.1\n");
}

Test(core_log, quiet_progress)
{
    Progress p;
    log_level(LOG_QUIET);
    progress_start(&p, "training", "updates", 0);
    p.said -= 31;
    progress_update(&p, 1, NULL);
    progress_end(&p, NULL);
    log_warn("end");
    fflush(stderr);
    cr_assert_stderr_eq_str("hopsack: warning: end\n");
}

Test(core_log, clocks_and_memory)
{
    const double seconds = log_seconds(), cpu = log_cpu_seconds();
    const int64_t before = log_peak_memory();
    enum { MORE = 64 << 20 };
    char *memory = malloc(MORE);
    memset(memory, 1, MORE);
    cr_assert_eq(memory[MORE - 1], 1);
    cr_assert_geq(log_seconds(), seconds);
    cr_assert_gt(log_cpu_seconds(), cpu);
    cr_assert_geq(log_peak_memory(), before + MORE / 2);
    free(memory);
}
