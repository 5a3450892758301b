/* SPDX-License-Identifier: MIT
 *
 * matobject.h: MATLAB files that hold objects, as PRTools' datasets are. matio knows structs but no objects, which are
 * structs with the name of their class: a copy of the file without that name is what it can read.
 *
 *   element    type u32, bytes u32, data padded to 8; or bytes u16 << 16 | type u16, data of up to 4 bytes
 *   matrix     (type 14) flags [class in the lowest byte], dimensions, name, [class name of an object], content
 *   compressed (type 15) zlib's stream of another element
 */
#ifndef HOPSACK_MATOBJECT_H
#define HOPSACK_MATOBJECT_H

#include "core/status.h"

/* A file in memory without a name, objects of the outermost level made structs, nothing compressed at that level.
 * The caller closes *fd. Little-endian files of version 5 only. */
Status matobject_as_struct(int *fd, const char *path);

#endif
