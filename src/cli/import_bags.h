/* SPDX-License-Identifier: MIT
 *
 * import_bags.h: `hopsack import` of feature vectors.
 */
#ifndef HOPSACK_IMPORT_BAGS_H
#define HOPSACK_IMPORT_BAGS_H

#include "cli/cli.h"
#include "data/vectors/vectorformat.h"

/* By --format, or by what the first file is, which is left in `first`; the caller frees it. */
Status import_bags_wanted(bool *out, VectorPeek *first, const Cli *cli, const char *path);
Status import_bags(Cli *cli, const VectorPeek *first);

#endif
