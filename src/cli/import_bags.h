/* SPDX-License-Identifier: MIT
 *
 * import_bags.h: `hopsack import` of feature vectors.
 */
#ifndef HOPSACK_IMPORT_BAGS_H
#define HOPSACK_IMPORT_BAGS_H

#include "cli/cli.h"

Status import_bags_wanted(bool *out, const Cli *cli); /* by --format, or by what the first file is */
Status import_bags(Cli *cli);

#endif
