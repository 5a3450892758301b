/* SPDX-License-Identifier: MIT
 *
 * filetype.h: what a file is that is no text table, by its first bytes.
 */
#ifndef HOPSACK_FILETYPE_H
#define HOPSACK_FILETYPE_H

#include "core/status.h"

#include <stddef.h>

#define FILETYPE_PEEK 512 /* bytes that tell every kind */

/* "is a PDF document; …": what it is and, where there is one, the way out. NULL: nothing known, so it may be text. */
const char *filetype_of(const unsigned char *bytes, size_t n);
/* The same for a file, without decoding it; `fail` is not called. NULL: nothing known, or it cannot be read. */
const char *filetype_of_file(const char *path);

#endif
