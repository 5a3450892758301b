/* SPDX-License-Identifier: MIT
 *
 * litter.h: files that systems and editors leave in folders, which are nobody's data: hidden files, __MACOSX, Thumbs.db,
 * desktop.ini, and what Office puts beside an open document (~$name).
 */
#ifndef HOPSACK_LITTER_H
#define HOPSACK_LITTER_H

#include <stdbool.h>

bool litter_is(const char *name);    /* one file or folder by its own name */
bool litter_below(const char *path); /* is any part of the path, parted by slashes, litter? */

#endif
