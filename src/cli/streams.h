/* SPDX-License-Identifier: MIT
 *
 * streams.h: keeps the descriptors 0, 1 and 2 open. Otherwise a file that is opened later could get one of these numbers,
 * and messages would be written into it.
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
