/* SPDX-License-Identifier: MIT
 *
 * interrupt.h: signals that end the program. They take its temporary files with them. While training, the first SIGINT or
 * SIGTERM asks for an orderly end instead, the second ends at once.
 */
#ifndef HOPSACK_INTERRUPT_H
#define HOPSACK_INTERRUPT_H

#include <signal.h>

extern volatile sig_atomic_t interrupted; /* the first signal's number; 0: none yet */

void interrupt_clean(void); /* at the start */
void interrupt_watch(void); /* while training, from here on */

/* For the tests of interruption, after each update of a training: with HOPSACK_TEST_STOP_AT=UPDATE:SIGNAL in the environment
 * it raises that signal number after that update, 0 before the first; once, though several trainings may run. */
void interrupt_for_tests(int update);

#endif
