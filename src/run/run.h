/* SPDX-License-Identifier: MIT
 *
 * run.h: a run's folder and the files in it. Every file appears whole or not at all.
 */
#ifndef HOPSACK_RUN_H
#define HOPSACK_RUN_H

#include "cohort/partition.h"
#include "core/path.h"
#include "core/status.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    char folder[3840];
    char path[PATH_ROOM]; /* of run_path */
    char *metrics;        /* text of metrics.jsonl so far, ended by a NUL; NULL: "" */
    size_t n_metrics;
} Run;

/* ERR_IO where the folder holds a run (or anything else) and `force` is false. Touches nothing. */
Status run_check(const char *folder, bool force);

/* The same of a folder that is no run's. */
Status run_check_folder(const char *folder, bool force);

/* Makes the folder, or removes the files of the run that was there, once it is known that others can be written. */
Status run_begin(Run *run, const char *folder, bool force);
Status run_probe(Run *run);            /* can files be written there? What is replaced is not removed before */
Status run_remove(const char *folder); /* the files of a run, and nothing else */

/* The same for a run to be continued, or begun where there is none. ERR_IO where the folder holds something else. */
Status run_check_resume(const char *folder);

/* Goes on in the folder, making it if need be, whatever else is there: takes away what tells of an end, and what killed processes left behind.
 * `metrics`, "" or what metrics.jsonl held, is copied and written again. */
Status run_resume(Run *run, const char *folder, const char *metrics);
void run_remove_leftovers(Run *run); /* what killed processes left behind; the caller is alone in the folder */
void run_end(Run *run);

const char *run_path(Run *run, const char *file); /* valid until the next call */

Status run_write_json(Run *run, const char *file, json_t *value); /* takes over `value`; indented */
Status run_write_splits(Run *run, const Cohort *cohort, const Partition *partition);
Status run_add_metrics(Run *run, json_t *record); /* one more line of metrics.jsonl; takes over `record` */

#endif
