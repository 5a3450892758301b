/* SPDX-License-Identifier: MIT
 *
 * foldjob.h: a job of a cross-validation: one fold of one repetition, in a folder of its own below the run's.
 *
 *     RUN/rep00/fold03/      what `train --splits.repeat=0 --splits.fold=3` writes, and `lock`
 *
 * It is done when its config.yaml is that of this run and its summary.json, which is written last, is whole. Whoever
 * holds its lock does it, and nobody else.
 */
#ifndef HOPSACK_FOLDJOB_H
#define HOPSACK_FOLDJOB_H

#include "train/config.h"

#include <jansson.h>
#include <stdbool.h>

#define FOLDJOB_ROOM 4096 /* bytes of a path */

/* "rep00/fold03" */
void foldjob_name(char name[64], int repeat, int fold);
Status foldjob_path(char path[FOLDJOB_ROOM], const char *run, int repeat, int fold, const char *file); /* file: "" */

/* The run's settings with this repetition and fold; shares everything with `config`, not to be freed. */
Config foldjob_config(const Config *config, int repeat, int fold);

bool foldjob_done(const char *run, const Config *config, int repeat, int fold);

/* Its summary.json, the caller's to decref. ERR_FORMAT, ERR_IO. */
Status foldjob_summary(json_t **out, const char *run, int repeat, int fold);

#endif
