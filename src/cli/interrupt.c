/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <stddef.h>

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
