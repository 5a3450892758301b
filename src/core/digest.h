/* SPDX-License-Identifier: MIT
 *
 * digest.h: what names a file's content in manifests and provenance.
 */
#ifndef HOPSACK_DIGEST_H
#define HOPSACK_DIGEST_H

#include "core/status.h"

#include <stddef.h>

/* SHA-256 of a file, as 64 hex digits and a NUL. A pipe is kept (core/spool.h). */
Status digest_sha256(char hex[65], const char *path);
/* The same of the bytes that `next` gives until it gives none. */
Status digest_stream(char hex[65], Status (*next)(size_t *got, void *context, char *to, size_t n), void *context);

#endif
