/* SPDX-License-Identifier: MIT
 * patternset.h: patterns or cues from a file: a table with a row each, or the vectors of a dataset.
 */
#ifndef HOPSACK_PATTERNSET_H
#define HOPSACK_PATTERNSET_H

#include "core/real.h"
#include "core/status.h"

typedef struct {
    int n;
    Index d;
    double *x;        /* [n, d] NaN: unknown */
    char **name;      /* [n] ID; the number of the row, from 1, where there is no column of IDs */
    char **column;    /* [d] */
    const char *path; /* borrowed */
} PatternSet;

/* Stored patterns. Of a table all columns are entries but that of IDs (table_id_column), those named label, bag_label, class or
 * target, and `skip` [n_skip]; of a dataset all features, and an instance is named BAG, or BAG:ROW where its bag has several.
 * ERR_FORMAT: a cell that is no number or is missing, no row, no column, two of one name; ERR_USAGE: no such column to skip. */
Status patternset_read(PatternSet *out, const char *path, const char *const *skip, int n_skip);

/* Cues for `patterns`, whose columns are looked for by name. A missing cell is NaN. */
Status patternset_read_cues(PatternSet *out, const char *path, const PatternSet *patterns);

void patternset_free(PatternSet *p); /* accepts {0} */

#endif
