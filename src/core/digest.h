/* SPDX-License-Identifier: MIT
 *
 * digest.h: what names a file's content in manifests and provenance.
 */
#ifndef HOPSACK_DIGEST_H
#define HOPSACK_DIGEST_H

#include "core/status.h"

#include <stddef.h>

/* SHA-256 of a file, as 64 hex digits and a NUL. */
Status digest_sha256(char hex[65], const char *path);
void digest_bytes(char hex[65], const void *bytes, size_t n); /* the same of n bytes */

#endif
