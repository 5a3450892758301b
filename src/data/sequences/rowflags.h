/* SPDX-License-Identifier: MIT
 *
 * rowflags.h: what the columns of a row say against it: not productive, out of frame, a stop codon.
 */
#ifndef HOPSACK_ROWFLAGS_H
#define HOPSACK_ROWFLAGS_H

#include "data/sequences/rowreader.h"
#include "data/sequences/rowtally.h"

/* N_DROP: nothing. ERR_FORMAT: a cell is neither T nor F. */
Status rowflags_check(Drop *out, const RowReader *r);

#endif
