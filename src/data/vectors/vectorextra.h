/* SPDX-License-Identifier: MIT
 *
 * vectorextra.h: columns of a table of vectors that are text of the bag: further labels, and parts of splits. All rows of a
 * bag say the same.
 */
#ifndef HOPSACK_VECTOREXTRA_H
#define HOPSACK_VECTOREXTRA_H

#include "core/status.h"
#include "core/textout.h"

#include <stdbool.h>

typedef struct {
    int n, n_label; /* columns; the first are labels, the others tell parts of splits */
    char **name;    /* [n] */
    char **cell;    /* [room, n] of bags; NULL: not said yet */
    int room;
} VectorExtra; /* starts as {0} */

/* The columns, once; the same in every file. ERR_FORMAT, ERR_MEMORY. */
Status vectorextra_columns(VectorExtra *e, const char *const *name, int n, int n_label, const char *path);
/* The cell of a bag. ERR_FORMAT, without a place: another row of the bag says something else. */
Status vectorextra_set(VectorExtra *e, int bag, int column, const char *cell);
const char *vectorextra_cell(const VectorExtra *e, int bag, int column); /* "" if it was never said */
void vectorextra_free(VectorExtra *e);

bool vectorextra_is_split(const char *name); /* split, fold, set, part, …, and such with a number: fold_0 */

/* The columns about splits as a table `bag …`; key [n_bag]. */
void vectorextra_write(TextOut *out, const VectorExtra *e, char *const *key, int n_bag);

#endif
