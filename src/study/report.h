/* SPDX-License-Identifier: MIT
 *
 * report.h: one page about a run that people can show: the answer first, then what it rests on. It holds what the folders
 * hold and nothing else; of parts that are missing it gives the command that makes them.
 */
#ifndef HOPSACK_REPORT_H
#define HOPSACK_REPORT_H

#include "core/status.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    const char *run;            /* folder of hopsack train, crossval, stack, or of one method of baseline */
    const char *rivals, *stack; /* folders on the same folds; NULL: none */
    const char *explain;        /* folder of hopsack explain; NULL: none */
    const char *check;          /* JSON of hopsack check; NULL: none */
    const char *page;           /* to be written */
    const char *figures;        /* folder for the figures; NULL: they stand in the page alone */
    bool force, dry_run;        /* dry_run: checks all, writes nothing */
} ReportSetup;

/* Writes page and figures. *out, the caller's to decref: {"page", "run", "finished", "figures": [name], "answers": [sentence],
 * "alarms": [sentence], "missing": [what], "tasks": as sides.h has it}. Bytes depend on the folders alone. ERR_FORMAT: a folder
 * is not what it should be; ERR_IO: a file is there, and `force` is false. */
Status report_write(json_t **out, const ReportSetup *setup);

#endif
