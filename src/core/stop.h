/* SPDX-License-Identifier: MIT
 *
 * stop.h: a signal that ends long work in good order. Its handler stores the signal's number in a flag; the work reads the
 * flag where it can stop, and returns ERR_SIGINT or ERR_SIGTERM.
 */
#ifndef HOPSACK_STOP_H
#define HOPSACK_STOP_H

#include "core/status.h"

#include <signal.h>
#include <stdbool.h>

typedef volatile sig_atomic_t StopFlag; /* number of the signal; 0: none came */

bool stop_is_set(const StopFlag *flag); /* NULL: false */

/* OK while the flag is not set, or NULL. Then ERR_SIGINT or ERR_SIGTERM; the sentence is "interrupted" or "terminated" and
 * the text given, which brings its own blank or comma. */
Status stop_check(const StopFlag *flag, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool stop_is_cause(Status status); /* ERR_SIGINT, ERR_SIGTERM */

#endif
