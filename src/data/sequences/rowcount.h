/* SPDX-License-Identifier: MIT
 *
 * rowcount.h: the count of a row.
 */
#ifndef HOPSACK_ROWCOUNT_H
#define HOPSACK_ROWCOUNT_H

#include "data/sequences/rowreader.h"
#include "data/sequences/rowtally.h"

/* DeepRC's converter: the integer part; "null" is 0, negative is 1; other text is an error. */
Status rowcount_converter(int64_t *out, const RowReader *r);
/* All others: rounded; blank or below 1 is 1, and noted. `seen` is what the column, which is there, has
 * held so far. */
Status rowcount_read(int64_t *out, const RowReader *r, ColumnRole role, CountsSeen *seen, CountOdds *odds);

#endif
