/* SPDX-License-Identifier: MIT
 *
 * column.h: the column of a label table that a setting names.
 */
#ifndef HOPSACK_COLUMN_H
#define HOPSACK_COLUMN_H

#include "data/text/table.h"

/* Its place; blanks around names do not count. -1: none. The first where it stands twice. */
int column_place(const Table *t, const char *name);

/* The same for a column that must be there, once: ERR_FORMAT names the columns that come near, and the rows in which two
 * of the name differ. `use`: what it is for, "task 'ill'". */
Status column_find(int *column, const Table *t, const char *name, const char *use);

#endif
