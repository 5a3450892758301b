/* SPDX-License-Identifier: MIT
 *
 * walk.h: the files an import reads. A file stands for itself; a folder stands for every file below it, at any depth, whose
 * ending fits; a zip archive is like a folder, and its members are paths below it (ziparchive.h). An ending may be
 * followed by that of a compression. Hidden files and those of systems are not seen (litter.h).
 */
#ifndef HOPSACK_WALK_H
#define HOPSACK_WALK_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define WALK_AUTO "auto" /* extension: .tsv, .csv, .txt or .tab, and archives */

typedef struct {
    char *path; /* as one opens it */
    char *name; /* below the folder given, or the base name: what provenance records */
    char *
        key; /* the bag's: base name with extension but without that of a compression; where several files have one base
                   name, the folder that tells them apart */
    int64_t bytes; /* 0: unknown */
    uint64_t device, inode;
    bool sure; /* given by name, or of the first ending that its folder has; else it may be no table */
} WalkFile;

typedef struct {
    int n, room;
    WalkFile *file; /* [n] by path, in code point order */
} Walk;

/* `except`: a file that is none of them (the label table), or NULL. Warns of files that are left out. ERR_FORMAT: nothing
 * found, or two files of one key; ERR_IO: a link that leads nowhere, an unreadable folder. */
Status walk_files(Walk *out, const char *const *path, int n_path, const char *extension, const char *except);
/* Leaves out file i; the order stays. */
void walk_remove(Walk *walk, int i);
void walk_free(Walk *walk);

/* What is looked at first where `path` is an archive of several files: a member's path, which the caller frees. *out NULL:
 * `path` is none. */
Status walk_first_member(char **out, const char *path);

#endif
