/* SPDX-License-Identifier: MIT
 *
 * configure.h: the config of a command line: a YAML file, if there is one, below the flags.
 */
#ifndef HOPSACK_CONFIGURE_H
#define HOPSACK_CONFIGURE_H

#include "cli/cli.h"
#include "run/config.h"

/* Sorts the words of the command line, at most two: *yaml becomes CONFIG, or NULL, and DATA the setting data.path, as
 * --data.path=DATA. A word that ends with .h5 or .hdf5, or is an HDF5 file, is DATA; one that ends with .yaml or .yml is
 * CONFIG; of others CONFIG comes first, or DATA if `data_first`. ERR_USAGE where both are the same, or --data.path names
 * another file. */
Status configure_words(const char **yaml, Cli *cli, bool data_first);

/* Also puts the resolved seed into `cli`, for the last line. */
Status configure(Config *out, Cli *cli, const char *yaml);

/* The same with --resume: of the run in `folder`, with what is given again, which must agree; without one, configure. */
Status configure_resume(Config *out, Cli *cli, const char *yaml, const char *folder);

#endif
