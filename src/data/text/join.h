/* SPDX-License-Identifier: MIT
 *
 * join.h: which row of a label table belongs to which bag. An ID and a key agree if they are equal; else if they are
 * once folders are removed from the ID, and then ".gz" and the last extension from the key, and from the ID too. What
 * follows the last dot is an extension if it begins with a letter, so that P1.2 and P1.3 stay two people.
 */
#ifndef HOPSACK_JOIN_H
#define HOPSACK_JOIN_H

#include "data/text/table.h"

#include <stddef.h>

/* row_of_key [n]: the table's row, -1: none. `where` names the place of the keys in messages. ERR_FORMAT: rows without a
 * key (some are listed), an ID twice, an ID that several keys answer to. */
Status join_ids(int *row_of_key, const char *const *key, int n, const char *where, const Table *table, int id_column);

/* How many rows' IDs are found among the keys, each under one of them only; -1: no memory. */
int join_count(const char *const *key, int n, const Table *table, int id_column);

/* Length of a name without ".gz" and its extension; of its last part, which begins at *base. */
size_t join_stem(const char **base, const char *name);

#endif
