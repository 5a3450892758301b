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

/* What an HDF5 file is: a dataset of ours or DeepRC's, features, or neither. */
typedef enum { SLIDE_NONE, SLIDE_FEATURES, SLIDE_OTHER } SlideKind;
Status slidefile_peek(SlideKind *kind, const char *path); /* ERR_FORMAT: damaged */

/* All rows are instances of the bag. */
Status slidefile_read(VectorIntake *in, const char *path, const char *key);

#endif
