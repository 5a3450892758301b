/* SPDX-License-Identifier: MIT
 *
 * walkname.h: endings of files, and what bags are called after them.
 */
#ifndef HOPSACK_WALKNAME_H
#define HOPSACK_WALKNAME_H

#include "data/text/walk.h"

#include <stddef.h>

const char *walkname_base(const char *path); /* what follows the last slash, of Windows too */
size_t walkname_packed(const char *name);    /* length without the ending of a compression */
/* Rank of the ending among those wanted, from 0; -1: another ending. */
int walkname_rank(const char *name, const char *extension);
bool walkname_is_other(const char *name); /* the ending of something known that is no table: .h5, .md, .pdf, … */

/* Gives files of one key the folder that tells them apart. ERR_FORMAT: a file twice; nothing tells them apart. */
Status walkname_settle(Walk *walk);

/* Length of a name without its extension and that of a compression; of its last part, which begins at *base. */
size_t walkname_stem(const char **base, const char *name);
/* The same, but only the extension of a table (.tsv, .csv, .txt, .tab) is taken off: P1.pre and P1.post stay two. */
size_t walkname_table_stem(const char **base, const char *name);
/* May the rest of two names whose stems are equal be overlooked? Not if the key is a name with a dot and no file. */
bool walkname_has_own_stem(const char *key);

#endif
