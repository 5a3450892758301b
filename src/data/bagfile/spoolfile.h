/* SPDX-License-Identifier: MIT
 *
 * spoolfile.h: a file without a name beside the one that is being written, gone whatever happens.
 */
#ifndef HOPSACK_SPOOLFILE_H
#define HOPSACK_SPOOLFILE_H

#include <stdio.h>

FILE *spoolfile_open(const char *temporary); /* in the folder of that path, for update; NULL: errno says why */

#endif
