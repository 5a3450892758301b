/* SPDX-License-Identifier: MIT
 *
 * runsummary.h: summary.json of a finished run.
 */
#ifndef HOPSACK_RUNSUMMARY_H
#define HOPSACK_RUNSUMMARY_H

#include "core/status.h"

#include <jansson.h>

/* *out: an object, the caller's. ERR_FORMAT where the folder has none that can be read; `takes` says which folders are meant. */
Status runsummary_load(json_t **out, const char *folder, const char *takes);

#endif
