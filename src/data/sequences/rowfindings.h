/* SPDX-License-Identifier: MIT
 *
 * rowfindings.h: what is odd about repertoires that are imported: sequences that do not look like the region they should
 * be, columns without counts, several units of counts.
 */
#ifndef HOPSACK_ROWFINDINGS_H
#define HOPSACK_ROWFINDINGS_H

#include "core/status.h"
#include "data/sequences/rowtally.h"

#include <stdbool.h>

/* How many repertoires are odd, and the file of the first. */
typedef struct {
    int n;
    const char *path; /* borrowed */
} Oddity;

typedef struct {
    char *unit;              /* column of counts of the first file; NULL: no file yet */
    const char *other_unit;  /* path of the first file that has another; NULL: none */
    Oddity odd, blank, cdr3; /* no junctions; no counts; junctions among CDR3s */
    Oddity mixed;            /* partly junctions, partly not */
    Oddity shares, bases;    /* counts below 1 throughout; nucleotides */
    Oddity loci;             /* several loci */
    Oddity too;              /* files whose second column of counts holds */
} RowFindings;               /* starts as {0} */

void rowfindings_bag(RowFindings *f, const char *path, const RowTally *tally);
/* count_column NULL: it has none; too: it is the second choice. */
Status rowfindings_file(RowFindings *f, const char *path, const char *count_column, bool too);
void rowfindings_warn(const RowFindings *f, int n_bag, const RowTally *total);
void rowfindings_free(RowFindings *f);

#endif
