/* SPDX-License-Identifier: MIT
 *
 * crossval_folder.h: the top of a cross-validation's run folder: who may begin or continue there, and its files.
 */
#ifndef HOPSACK_CROSSVAL_FOLDER_H
#define HOPSACK_CROSSVAL_FOLDER_H

#include "core/stop.h"
#include "run/dataset.h"

#include <stdbool.h>

typedef struct {
    const char *folder;
    const Config *config;
    const Dataset *dataset; /* filled */
    bool force, resume;
    int argc;
    char **argv;
    const StopFlag *stop;
} CrossvalFolder;

/* ERR_IO where the folder holds something that is neither to be overwritten nor to be continued. Touches nothing. */
Status crossval_check(const char *folder, bool force, bool resume);

/* ERR_FORMAT where the splits.tsv of a run, if there is one, has as many columns and says otherwise. */
Status crossval_check_folds(const char *folder, const Dataset *dataset);

/* Under the folder's lock: writes config.yaml, manifest.json and splits.tsv, or, where they are there and the run is to be
 * continued, sees that settings (ERR_CONFIG) and data (ERR_FORMAT) are those of the beginning. `force` removes the run that
 * was there; ERR_IO if somebody works in it. */
Status crossval_begin(const CrossvalFolder *f);

/* Does the folder hold a run of these very settings? */
bool crossval_is_kept(const CrossvalFolder *f);

/* summary.md and summary.json. What lies beside the run is none of its results: "beside", sentences, goes into the text alone. */
#define CROSSVAL_BESIDE "beside"
Status crossval_write_summary(const char *folder, json_t *summary);

Status crossval_write_json(const char *folder, const char *file, json_t *value); /* does not take over `value` */

#endif
