/* SPDX-License-Identifier: MIT
 *
 * join.h: which row of a label table belongs to which bag. An ID and a key agree if they are equal; else if they are
 * once folders are removed from the ID, and then the endings of compressions and the last extension from the key, and from
 * the ID too; else if one is the end of the other as a path. Paths may be those of Windows. What follows the last dot is an
 * extension if it begins with a letter, so that P1.2 and P1.3 stay two people. P1.pre is not P1.post either: endings that
 * differ are overlooked only where the key has that of a table.
 */
#ifndef HOPSACK_JOIN_H
#define HOPSACK_JOIN_H

#include "data/text/table.h"

/* row_of_key [n]: the table's row, -1: none. `where` names the place of the keys in messages. ERR_FORMAT: rows without a
 * key (some are listed), an ID twice, an ID that several keys answer to, a first line that is a row. */
Status join_ids(int *row_of_key, const char *const *key, int n, const char *where, const Table *table, int id_column);

/* The column of IDs: `name`, or with "auto" the one of a usual name (table.h) that fits most keys, the earlier where equal;
 * where none of them fits any, the column that does. *found: keys that have a row. ERR_FORMAT: two columns of a file fit
 * in every row, but not with the same keys. */
Status join_column(int *column, int *found, const Table *table, const char *name, const char *const *key, int n);

#endif
