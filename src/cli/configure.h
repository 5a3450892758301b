/* SPDX-License-Identifier: MIT
 *
 * configure.h: the config of a command line: a YAML file, if there is one, below the flags.
 */
#ifndef HOPSACK_CONFIGURE_H
#define HOPSACK_CONFIGURE_H

#include "cli/cli.h"
#include "run/config.h"

/* Also puts the resolved seed into `cli`, for the last line. */
Status configure(Config *out, Cli *cli, const char *yaml);

/* The same with --resume: of the run in `folder`, with what is given again, which must agree; without one, configure. */
Status configure_resume(Config *out, Cli *cli, const char *yaml, const char *folder);

#endif
