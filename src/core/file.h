/* SPDX-License-Identifier: MIT
 *
 * file.h: files that appear whole or not at all. A file is written under a temporary name in the same folder
 * (temporary.h), synced, renamed to the target, and the folder synced; until then the target keeps its former content. A
 * write that fails, a signal or a kill leave the target as it was (and at worst a file named .NAME.hopsack-tmp-…, which
 * the next writer of the target removes). No link is followed that stands at a file's own name.
 */
#ifndef HOPSACK_FILE_H
#define HOPSACK_FILE_H

#include "core/digest.h" /* SHA-256 of a file */
#include "core/number.h" /* the fewest digits that read back */
#include "core/path.h"
#include "core/status.h"
#include "core/textout.h" /* text line by line, gz or not */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    char path[PATH_ROOM], temporary[4352];
    int fd; /* of the temporary file */
    bool open, force;
} FileDraft; /* a file on its way */

/* Makes the temporary file, open for writing. ERR_IO if `path` exists and `force` is false ("… exists; --force overwrites
 * it"), or is a symbolic link or anything but a file, or its folder is missing or not writable. */
Status file_begin(FileDraft *draft, const char *path, bool force);

FILE *file_stream(const FileDraft *draft); /* for writing; the caller closes it before the commit; NULL: errno */
const char *file_place(char *out, const FileDraft *draft); /* a name by which libraries open it; out [FILE_PLACE] */
#define FILE_PLACE 4352

/* fsync, rename, fsync of the folder; removes the temporary file on failure. ERR_IO too where the target has come into being
 * since the beginning, and `force` is false. */
Status file_commit(FileDraft *draft);
void file_drop(FileDraft *draft); /* removes the temporary file; nothing after a commit; accepts NULL */

Status file_write_whole(const char *path, const void *bytes, size_t n, bool force);
Status file_check_target(const char *path, bool force); /* errors of file_begin, before long work; NULL: none */

/* Between the two, files that this thread commits stand in place at once, but are synced only in the end: the disk is waited
 * for once, not twice a file. They survive the death of the process as ever; if the machine dies, one of them may be there
 * and damaged, so what tells that they are whole has to be written after the end. file_batch_end does nothing where no
 * batch has begun. */
void file_batch_begin(void);
Status file_batch_end(void);

/* ERR_USAGE where both name one file: "… is both input and output"; "-" and NULL name none. */
Status file_check_apart(const char *output, const char *input);

/* Caller frees; a NUL is put behind. ERR_IO: unreadable; ERR_FORMAT: more than `most` bytes. */
Status file_read_whole(char **out, size_t *n, const char *path, size_t most);
Status file_make_folder(const char *path); /* and its parents; OK if it is there */

/* root/inside, where `inside` is one or more names; ERR_IO where one of them is a link or no folder. `root` may be a link. */
Status file_make_inside(const char *root, const char *inside);

/* ERR_IO if a symbolic link, or anything but a file (`folder`: but a folder), stands there; OK if nothing does. */
Status file_check_own(const char *path, bool folder);
bool file_exists(const char *path);
bool file_is_folder(const char *path); /* or a link to one */

/* path: folder/name; false: it does not exist. */
bool file_exists_in(char path[PATH_ROOM], const char *folder, const char *name);

#endif
