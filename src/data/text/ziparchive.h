/* SPDX-License-Identifier: MIT
 *
 * ziparchive.h: members of a zip archive, read as a stream. A member is named by a path: that of the archive, a slash, and
 * its name, which is only ever looked up in the archive.
 */
#ifndef HOPSACK_ZIPARCHIVE_H
#define HOPSACK_ZIPARCHIVE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool ziparchive_is(const unsigned char *bytes, size_t n); /* by the first four bytes */
/* Bytes of the archive's path within a member's path; 0: it is no such path. */
size_t ziparchive_split(const char *path);

typedef struct {
    int n;
    char **name;    /* [n] members that are files, without hidden ones and those of macOS, in the archive's order */
    int64_t *bytes; /* [n] unpacked */
} ZipList;

/* ERR_FORMAT: damaged; an Excel workbook or the like, which is named; this program is built without libzip. */
Status ziparchive_list(ZipList *out, const char *path);
void ziparchive_list_free(ZipList *list);

typedef struct ZipMember ZipMember;
/* `path` is a member's, of which the first n bytes are the archive's. ERR_FORMAT: not in it, encrypted, damaged. */
Status ziparchive_open(ZipMember **out, const char *path, size_t n);
Status ziparchive_open_only(ZipMember **out,
                            const char *path); /* of an archive with one file. ERR_FORMAT lists several */
Status ziparchive_read(size_t *got, ZipMember *m, void *to, size_t n); /* *got 0: the end */
Status ziparchive_rewind(ZipMember *m);
void ziparchive_close(ZipMember *m); /* accepts NULL */

const char *ziparchive_version(void); /* of libzip; NULL: built without */

#endif
