/* SPDX-License-Identifier: MIT
 *
 * matwhole.h: is a MATLAB file (level 5) all there? matio takes what a cut variable lacks for zeros.
 */
#ifndef HOPSACK_MATWHOLE_H
#define HOPSACK_MATWHOLE_H

#include "core/status.h"

/* OK for files of other levels, which are not looked at. ERR_FORMAT, ERR_IO. */
Status matwhole_check(const char *path);

#endif
