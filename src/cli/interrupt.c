/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
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
