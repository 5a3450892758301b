/* SPDX-License-Identifier: MIT
 *
 * runfolder.h: what belongs to a run in its folder: files of fixed names, and the folders of its parts, repRR/foldFF/modelMM,
 * repRR/foldFF/innerII/modelMM and repRR/foldFF/trialTT/innerII, of which the cross-validations leave-batch-out, permuted/NN and batch-permuted/NN have some too.
 * Anything else in the folder is somebody else's: it is never opened, replaced or removed.
 */
#ifndef HOPSACK_RUNFOLDER_H
#define HOPSACK_RUNFOLDER_H

#include "core/path.h"
#include "core/status.h"

#include <stdbool.h>

/* "folder/name"; ERR_USAGE where that is too long. */
Status runfolder_path(char path[PATH_ROOM], const char *folder, const char *name);

extern const char *const runfolder_files[]; /* what a training writes, config.yaml last; ends with NULL */

/* ERR_IO where a symbolic link, or anything but a file or a folder, stands at one of the run's names, there or in its parts: a
 * run does not leave its folder. Touches nothing; OK where there is no such folder. */
Status runfolder_check(const char *folder);

/* Warns of files that are not the run's and stay, if there are any. */
void runfolder_warn_foreign(const char *folder);

/* Calls `each` with every folder WORDn directly in `folder`: rep, fold, trial, inner, model. */
Status runfolder_each(const char *folder, const char *word, Status (*each)(const char *folder));

/* Further cross-validations of a run, in its folder. */
#define RUNFOLDER_LEAVE_BATCH_OUT "leave-batch-out"
#define RUNFOLDER_WITHOUT         "without-inputs"
#define RUNFOLDER_PERMUTED        "permuted"
#define RUNFOLDER_BATCH_PERMUTED  "batch-permuted"
Status runfolder_each_subrun(const char *folder, Status (*each)(const char *folder));

#endif
