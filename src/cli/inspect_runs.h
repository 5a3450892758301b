/* SPDX-License-Identifier: MIT
 *
 * inspect_runs.h: finished runs side by side, for hopsack inspect RUN RUN….
 */
#ifndef HOPSACK_INSPECT_RUNS_H
#define HOPSACK_INSPECT_RUNS_H

#include "core/status.h"

#include <stdbool.h>

/* See study/sides.h. */
Status inspect_runs(const char *const *word, int n_word, bool json);

#endif
