/* SPDX-License-Identifier: MIT
 *
 * path.h: names of files and folders as text.
 *
 *     char path[PATH_ROOM];
 *     if (!path_join(path, folder, "config.yaml")) return fail(ERR_USAGE, "-o: the path is too long");
 */
#ifndef HOPSACK_PATH_H
#define HOPSACK_PATH_H

#include "core/status.h"

#include <stdbool.h>

#define PATH_ROOM 4096 /* bytes of a path, with its NUL */

bool path_join(char path[PATH_ROOM], const char *folder, const char *name); /* "folder/name"; false: too long */

bool path_ends(const char *path, const char *ending); /* ending: ".h5"; something stands before it */

const char *path_last(const char *path); /* its last name; a slash at the end belongs to it */
void path_trim(char *path);              /* takes slashes off its end; "/" stays */

/* The ~ in front of a path: a shell expands it in a word of its own, but neither in --data.path=~/a.h5 nor in a config.
 * *out: the path with the home folder in place of a leading "~" or "~/", the caller's to free; NULL where it has none, or
 * no home folder is known. "~user" stays. */
Status path_expand_home(char **out, const char *path);

#endif
