/* SPDX-License-Identifier: MIT
 *
 * file.h: files that appear whole or not at all. A file is written under a temporary name in the same folder, synced,
 * renamed over the target, and the folder synced; until then the target keeps its former content. A write that fails,
 * a signal or a kill leave the target as it was (and at worst a file named .NAME.hopsack-tmp-PID).
 */
#ifndef HOPSACK_FILE_H
#define HOPSACK_FILE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    char path[4096], temporary[4352];
    bool open;
} FileDraft; /* a file on its way */

/* ERR_IO if `path` exists and `force` is false ("… exists; --force overwrites it"), or its folder is missing or not
 * writable. Sets draft->temporary, which the caller creates and fills by any means (stdio, zlib, HDF5). */
Status file_begin(FileDraft *draft, const char *path, bool force);
Status file_commit(FileDraft *draft); /* fsync, rename, fsync of the folder */
void   file_drop(FileDraft *draft);   /* removes the temporary file; nothing after a commit; accepts NULL */

Status file_write_whole(const char *path, const void *bytes, size_t n, bool force);
Status file_read_whole(char **out, size_t *n, const char *path, size_t most); /* caller frees; a NUL is put behind */
Status file_make_folder(const char *path); /* and its parents; OK if it is there */
bool   file_exists(const char *path);

/* Text output: a path, "-" (stdout), or a name ending in .gz. Whole or not at all unless stdout. */
typedef struct TextOut TextOut;
Status textout_open(TextOut **out, const char *path, bool force);
void   textout_printf(TextOut *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void   textout_write(TextOut *out, const char *bytes, size_t n);
Status textout_commit(TextOut *out); /* reports the first error of all writes; frees */
void   textout_drop(TextOut *out);   /* frees without publishing; accepts NULL */

/* The fewest digits that read back as the same double (float); returns `buffer`. NaN and infinities give "". */
#define NUMBER_ROOM 32
const char *number_text(char buffer[NUMBER_ROOM], double value);
const char *number_text_float(char buffer[NUMBER_ROOM], float value);

/* SHA-256 of a file, as 64 hex digits and a NUL. */
Status file_sha256(char hex[65], const char *path);

#endif
