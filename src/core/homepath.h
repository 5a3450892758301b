/* SPDX-License-Identifier: MIT
 *
 * homepath.h: the ~ in front of a path. A shell expands it in a word of its own, but neither in --data.path=~/a.h5 nor in
 * a config file.
 */
#ifndef HOPSACK_HOMEPATH_H
#define HOPSACK_HOMEPATH_H

#include "core/status.h"

/* *out: the path with the home folder in place of a leading "~" or "~/", the caller's to free; NULL where it has none, or
 * no home folder is known. "~user" stays. */
Status homepath_expand(char **out, const char *path);

#endif
