/* SPDX-License-Identifier: MIT
 *
 * bytes.h: the bytes of a text, whatever it comes in: a file or pipe, plain, compressed, UTF-16, or a member of a zip
 * archive (path "cohort.zip/P01.tsv"; the path of an archive alone if it has one file). Encodings are told by the first
 * bytes, never by the name, and may lie in one another. Memory is one block an encoding.
 */
#ifndef HOPSACK_BYTES_H
#define HOPSACK_BYTES_H

#include "core/status.h"

#include <stddef.h>

typedef struct Bytes Bytes;

Status bytes_open(Bytes **out, const char *path); /* ERR_IO, ERR_FORMAT: an encoding that this program cannot read */
/* Up to n bytes; *got 0: the end. ERR_FORMAT: damaged or cut short. */
Status bytes_read(size_t *got, Bytes *b, char *to, size_t n);
Status bytes_rewind(Bytes *b);
const unsigned char *bytes_head(const Bytes *b, size_t *n); /* after opening: the first bytes, which are read later */
void bytes_close(Bytes *b);                                 /* accepts NULL */

/* SHA-256 of the file as it is, or of what an archive's member unpacks to. */
Status bytes_sha256(char hex[65], const char *path);

#endif
