/* SPDX-License-Identifier: MIT
 *
 * again.h: this program run once more, with another command, in a process of its own.
 */
#ifndef HOPSACK_AGAIN_H
#define HOPSACK_AGAIN_H

#include "core/stop.h"

#define AGAIN_BY "HOPSACK_RUN_BY" /* in its environment: the number of this process */

/* Runs it with these words and waits. Its standard output goes to the file `out`, which is made anew; standard error is
 * shared. A signal in *stop is passed on to it. *exit_code: that of the process, 128 + number of the signal that killed it.
 * ERR_IO: it cannot be started, or `out` cannot be written. */
Status again_run(int *exit_code, const char *const *word, int n, const char *out, const StopFlag *stop);

#endif
