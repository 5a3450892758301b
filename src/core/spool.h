/* SPDX-License-Identifier: MIT
 *
 * spool.h: files that may be pipes. A table is looked at before it is read, and its digest is taken afterwards, but a
 * pipe gives its bytes once. So the bytes of a pipe are kept in a nameless temporary file when it is first opened;
 * opening the same path again opens that file.
 */
#ifndef HOPSACK_SPOOL_H
#define HOPSACK_SPOOL_H

#include "core/status.h"

#include <stdbool.h>
#include <stdio.h>

#define SPOOL_STDIN "/dev/stdin"

/* "-" as a path: SPOOL_STDIN, which messages can show. Other words stay as they are. */
const char *spool_path(const char *word);

/* A descriptor for reading from the start, which can be rewound; the caller closes it. Any thread may call it. ERR_IO: a
 * folder, a closed standard input, no room for the bytes of a pipe. */
Status spool_open(int *fd, const char *path);
FILE *spool_fopen(const char *path);  /* the same as a stream; NULL: `fail` has said why */
bool spool_is_pipe(const char *path); /* neither a file nor a folder, but something that can be read */

#endif
