/* SPDX-License-Identifier: MIT
 *
 * resume.h: a resumed run keeps the settings saved in it. One that is given again must agree; only the length of training
 * may grow, and data may lie elsewhere (place.h).
 */
#ifndef HOPSACK_RESUME_H
#define HOPSACK_RESUME_H

#include "run/config.h"

#include <stdbool.h>

/* Does the folder hold a run's config? */
bool resume_possible(const char *folder);

/* The settings of the run in `folder`, with what `yaml` (may be NULL) and the flags (as for config_read) say again.
 * ERR_CONFIG names the first setting that differs. On failure nothing is left to free. */
Status resume_config(Config *out, const char *folder, const char *yaml, const char *const *flag, int n_flag);

/* Data that `now` names at other places than the run in `folder` become its places (place.h). `now` is the caller's, also on
 * failure. */
Status resume_places(Config *now, const char *folder);

/* ERR_CONFIG unless two complete config texts agree but for a length that grew. `where` says whose `before` is. */
Status resume_agrees(const char *before, const char *now, const char *where);

#endif
