/* SPDX-License-Identifier: MIT
 *
 * import_raw.h: raw tables in the place of a dataset. They are imported with the options of the data that a model was trained
 * on, which it keeps, into a file without a name: nothing is left of it, whatever happens.
 */
#ifndef HOPSACK_IMPORT_RAW_H
#define HOPSACK_IMPORT_RAW_H

#include "cli/import_flags.h"
#include "cv/apply.h"

/* How many of the command line's words are models; at least one follows, which is data. */
int import_raw_models(const Cli *cli);

/* Is this word an HDF5 file, or named like one? */
bool import_raw_is_dataset(const char *word);

/* Opens the words from `first` on as the cohort: a dataset, or raw tables. `flags`: import options that were given, which must
 * agree with the model's. ERR_MODEL: the models keep no options, or unlike ones. */
typedef struct {
    int first;
    const ImportFlags *flags;
    const char *metadata, *id_column;
    bool need_table;
} RawSource;
Status import_raw_open(Cohort *out, Cli *cli, const Apply *apply, const RawSource *source);

#endif
