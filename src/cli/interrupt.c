/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"
#include "core/again.h"
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

static pid_t passer; /* what passes signals on to this process (core/again); 0: nothing does */

/* A key press and timeout(1) signal all processes of a group, so that what is passed on came before. */
static void on_second(int number, siginfo_t *info, void *unused)
{
    (void)unused;
    if (info->si_code != SI_USER || info->si_pid != passer) end(number);
}

static void watch(void (*handler)(int number, siginfo_t *info, void *unused))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void on_signal(int number, siginfo_t *info, void *unused)
{
    (void)info, (void)unused;
    interrupted = number;
    watch(on_second);
}

void interrupt_watch(void)
{
    const char *by = getenv(AGAIN_BY);
    passer = by ? (pid_t)strtol(by, NULL, 10) : 0;
    watch(on_signal);
}

void interrupt_for_tests(int update)
{
    static atomic_bool raised;
    int wanted, number;
    const char *text = getenv("HOPSACK_TEST_STOP_AT");
    if (text && sscanf(text, "%d:%d", &wanted, &number) == 2 && wanted == update && !atomic_exchange(&raised, true))
        raise(number);
}
