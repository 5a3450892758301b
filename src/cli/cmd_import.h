/* SPDX-License-Identifier: MIT
 *
 * cmd_import.h: `hopsack import`, for commands that take raw tables too.
 */
#ifndef HOPSACK_CMD_IMPORT_H
#define HOPSACK_CMD_IMPORT_H

#include "cli/cli.h"

Status cmd_import_run(Cli *cli); /* cli->flags: ImportFlags; its words are folders and files */

#endif
