/* SPDX-License-Identifier: MIT
 *
 * import_h5.h: `hopsack import` of datasets.
 */
#ifndef HOPSACK_IMPORT_H5_H
#define HOPSACK_IMPORT_H5_H

#include "cli/cli.h"

/* Are the words datasets? ERR_USAGE where only some are. */
Status import_h5_wanted(bool *out, const Cli *cli);
Status import_h5(Cli *cli);

#endif
