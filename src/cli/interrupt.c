/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"
#include "core/temporary.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

volatile sig_atomic_t interrupted;

/* The signal comes again when this returns, and ends the process. */
static void end(int number)
{
    temporary_unlink_all();
    signal(number, SIG_DFL);
    raise(number);
}

void interrupt_clean(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction now;
        if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) signal(ending[i], end);
    }
}

static void on_signal(int number)
{
    interrupted = number;
    signal(SIGINT, end);
    signal(SIGTERM, end);
}

void interrupt_watch(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_for_tests(int update)
{
    static atomic_bool raised;
    int wanted, number;
    const char *text = getenv("HOPSACK_TEST_STOP_AT");
    if (text && sscanf(text, "%d:%d", &wanted, &number) == 2 && wanted == update && !atomic_exchange(&raised, true))
        raise(number);
}
