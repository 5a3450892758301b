/* SPDX-License-Identifier: MIT
 *
 * configpath.h: the file that the name of a config stands for.
 *
 *     hopsack train cohort/my.yaml       a path
 *     hopsack train repertoire           a bare name: the config repertoire.yaml that comes with hopsack
 *
 * A path that exists is taken as it is. A bare name (letters, digits, '-', '_') is looked up as NAME.yaml in
 *   1. the folder in the environment variable HOPSACK_CONFIGS, if set,
 *   2. the configs that come with the program: share/hopsack/configs of an installation, configs/ of the source tree
 *      for the program in its build folder,
 *   3. the folder where the name was used: the working folder, or that of the file with the line `base: NAME`.
 * If 3 holds another file than 1 or 2, neither is preferred: ERR_CONFIG asks for the path.
 */
#ifndef HOPSACK_CONFIGPATH_H
#define HOPSACK_CONFIGPATH_H

#include "core/path.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

bool configpath_is_name(const char *text); /* a bare name, whether or not there is such a config */

/* `path` is what was written, behind the name of the folder where it was used: its first n_folder bytes, 0 for the
 * working folder. ERR_CONFIG names the nearest config and the folders that were searched. A path that is not there is
 * returned as it is, for its reader to report, unless it ends in the name of a config: then ERR_IO suggests the name. */
Status configpath_find(char out[PATH_ROOM], const char *path, size_t n_folder);

#endif
