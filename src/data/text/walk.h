/* SPDX-License-Identifier: MIT
 *
 * walk.h: the files an import reads. A folder stands for every regular file below it, at any depth, whose name ends in
 * the extension or in the extension and ".gz"; names that begin with a dot are not seen. A file stands for itself.
 */
#ifndef HOPSACK_WALK_H
#define HOPSACK_WALK_H

#include "core/status.h"

typedef struct {
    char *path; /* as one opens it */
    char *name; /* below the folder given, or the base name: what provenance records */
    char *key;  /* base name with extension but without ".gz": the bag's key */
} WalkFile;

typedef struct {
    int n, room;
    WalkFile *file; /* [n] by path, in code point order */
} Walk;

/* `except`: a file that is none of them (the label table), or NULL. ERR_FORMAT: nothing found, or two files of one
 * key. */
Status walk_files(Walk *out, const char *const *path, int n_path, const char *extension, const char *except);
void walk_free(Walk *walk);

#endif
