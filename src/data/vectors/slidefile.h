/* SPDX-License-Identifier: MIT
 *
 * slidefile.h: HDF5 files of other programs that hold the features of one bag: a dataset `features`, [n, d] or [1, n, d] of
 * floating-point numbers, as TRIDENT and CLAM write for a slide. Other datasets of the file are not looked at.
 */
#ifndef HOPSACK_SLIDEFILE_H
#define HOPSACK_SLIDEFILE_H

#include "core/child.h"
#include "data/vectors/vectorintake.h"

#define SLIDEFILE_MAGIC "\x89HDF\r\n\x1a\n" /* first eight bytes */

extern const ChildVisitor slidefile_visitor; /* of all HDF5 files: ours go to bagfile_visitor */

/* *other: an HDF5 file that is no dataset of ours or DeepRC's. ERR_FORMAT: damaged. */
Status slidefile_peek(bool *other, const char *path);

/* All rows are instances of the bag. */
Status slidefile_read(VectorIntake *in, const char *path, const char *key);

#endif
