/* SPDX-License-Identifier: MIT
 *
 * inspect_heads.h: what the heads of another program's transformer do, as a table, as JSON and as a drawing.
 */
#ifndef HOPSACK_INSPECT_HEADS_H
#define HOPSACK_INSPECT_HEADS_H

#include "study/heads.h"

/* plot: SVG to write, or NULL. */
Status inspect_heads(const HeadOptions *o, const char *plot, bool force, bool json);

#endif
