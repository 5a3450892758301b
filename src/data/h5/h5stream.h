/* SPDX-License-Identifier: MIT
 *
 * h5stream.h: rows one after another into a dataset, whose chunks are packed several at a time on several threads. The
 * bytes are the same for any thread count.
 */
#ifndef HOPSACK_H5STREAM_H
#define HOPSACK_H5STREAM_H

#include "data/h5/h5.h"

#define H5STREAM_CHUNKS 16          /* in memory at once */
#define H5STREAM_BYTES  (128 << 10) /* of a chunk, or one row where that is longer */

typedef struct {
    H5Set set;
    size_t row;       /* bytes of one */
    int64_t first, n; /* rows written; rows waiting */
    uint8_t *waiting; /* [H5STREAM_CHUNKS · chunk, row] */
    H5Packed packed[H5STREAM_CHUNKS];
    bool lost[H5STREAM_CHUNKS]; /* no memory to pack it */
} H5Stream;

Status h5stream_open(H5Stream *s, H5Id file, const char *path, const H5Array *array, int compress);
/* Room for the next row, zeroed; NULL: the rows that wait could not be written, *status says why. */
void *h5stream_next(H5Stream *s, Status *status);
Status h5stream_close(H5Stream *s); /* writes the rest; all n rows must have come, unless something failed */

#endif
