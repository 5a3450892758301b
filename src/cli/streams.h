/* SPDX-License-Identifier: MIT
 *
 * streams.h: standard input, output and error are open, so that no file of ours gets one of their numbers and what is said
 * lands in none.
 */
#ifndef HOPSACK_STREAMS_H
#define HOPSACK_STREAMS_H

#include "core/status.h"

/* First of all: control characters of what is printed are escaped, and /dev/null is opened for those
 * that are closed. They are closed again for a program that is started. */
void streams_open(void);

/* ERR_IO if standard output was closed: for commands whose result goes there. */
Status streams_need_output(void);

/* ERR_IO if what was printed could not be written. */
Status streams_close_output(void);

#endif
