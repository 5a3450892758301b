/* SPDX-License-Identifier: MIT
 *
 * inspect_data.h: the part of `hopsack inspect` that looks at a dataset file.
 */
#ifndef HOPSACK_INSPECT_DATA_H
#define HOPSACK_INSPECT_DATA_H

#include "core/status.h"

#include <stdbool.h>

Status inspect_data(const char *path, bool json); /* prints to stdout: a table, or one JSON object */

#endif
