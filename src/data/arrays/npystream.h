/* SPDX-License-Identifier: MIT
 *
 * npystream.h: an array of NumPy as a stream: a file, or a member of a zip archive.
 *
 *   "\x93NUMPY", version u8 u8, length of the header u16 (version 1) or u32, little-endian
 *   header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }     a literal of Python, padded with blanks
 *   numbers
 */
#ifndef HOPSACK_NPYSTREAM_H
#define HOPSACK_NPYSTREAM_H

#include "data/arrays/arrayfile.h"
#include "data/text/ziparchive.h"

#include <stddef.h>
#include <stdio.h>

typedef struct {
    char *path;        /* of the file, or of archive and member; owned */
    FILE *file;        /* NULL: a member */
    ZipMember *member; /* NULL: a file */
    int64_t n_left;    /* bytes before the end */
} NpyStream;

/* n_archive: bytes of an archive's path within `path`; 0: a file. n_byte: of the member; of a file it is asked for.
 * ERR_IO, ERR_FORMAT, ERR_MEMORY; the caller closes it in any case. */
Status npystream_open(NpyStream *s, const char *path, size_t n_archive, int64_t n_byte);
/* Type and shape; afterwards the numbers follow, and are as many as the shape says. ERR_FORMAT: damaged, Fortran order,
 * big-endian, not numbers. */
Status npystream_header(Array *out, NpyStream *s);
Status npystream_read(NpyStream *s, void *to, size_t n); /* ERR_FORMAT: cut short, damaged */
Status npystream_end(NpyStream *s);                      /* ERR_FORMAT: bytes follow, a wrong checksum */
void npystream_close(NpyStream *s);                      /* accepts {0} */

#endif
