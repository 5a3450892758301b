/* SPDX-License-Identifier: MIT
 *
 * split_foreign.h: split files of other programs, as a table of bag and part or of bag and fold.
 */
#ifndef HOPSACK_SPLIT_FOREIGN_H
#define HOPSACK_SPLIT_FOREIGN_H

#include "data/text/table.h"

bool split_foreign_is_json(const char *path);
Status split_foreign_json(Table *out, const char *path); /* nnU-Net. ERR_FORMAT */

bool split_foreign_is_clam(const Table *t); /* has columns train and test */
Status split_foreign_clam(Table *out, const Table *t);

#endif
