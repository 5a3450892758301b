/* SPDX-License-Identifier: MIT
 *
 * arrayreader.h: the numbers of an array of a file, in pieces.
 *
 *     ArrayFile file;
 *     ArrayReader *reader;
 *     TRY_DONE(arrayfile_open(&file, "heads.npz"));
 *     TRY_DONE(arrayreader_open(&reader, &file, &file.array[0]));
 *     while (…) TRY_DONE(arrayreader_next(row, reader, n_key));
 *     TRY_DONE(arrayreader_finish(reader));
 */
#ifndef HOPSACK_ARRAYREADER_H
#define HOPSACK_ARRAYREADER_H

#include "data/arrays/arrayfile.h"

typedef struct ArrayReader ArrayReader;
Status arrayreader_open(ArrayReader **out, const ArrayFile *file, const Array *a);
/* The next n numbers, row-major; there must be as many. Integers beyond 2^53 are rounded. */
Status arrayreader_next(double *to, ArrayReader *r, int64_t n);
Status arrayreader_finish(ArrayReader *r); /* after the last: the file ends where it should, its checksum holds */
void arrayreader_close(ArrayReader *r);    /* accepts NULL */

#endif
