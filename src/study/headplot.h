/* SPDX-License-Identifier: MIT
 *
 * headplot.h: the heads of a transformer as a drawing: a row for a layer, a cell for a head, coloured by its class.
 */
#ifndef HOPSACK_HEADPLOT_H
#define HOPSACK_HEADPLOT_H

#include "study/heads.h"

/* ERR_IO: it is there, and `force` is false. */
Status headplot_write(const char *path, const Heads *heads, bool force);

#endif
