/* SPDX-License-Identifier: MIT
 *
 * interrupt.h: SIGINT and SIGTERM while training: the first asks for an orderly end, the second ends at once.
 */
#ifndef HOPSACK_INTERRUPT_H
#define HOPSACK_INTERRUPT_H

#include <signal.h>

extern volatile sig_atomic_t interrupted; /* the first signal's number; 0: none yet */

void interrupt_watch(void); /* from here on */

#endif
