/* SPDX-License-Identifier: MIT
 *
 * rowgene.h: genes and locus of a row.
 */
#ifndef HOPSACK_ROWGENE_H
#define HOPSACK_ROWGENE_H

#include "data/sequences/locus.h"
#include "data/sequences/rowreader.h"
#include "data/text/names.h"

/* Number of the gene's name, -1: unknown. Of several genes separated by commas the first, as the format rewrites it. */
Status rowgene_read(int *out, const RowReader *r, const FormatType *format, Names *names, ColumnRole role);
bool rowgene_has_locus(const RowReader *r); /* has it a column that tells loci? */
Locus rowgene_locus(const RowReader *r);    /* by the column of loci, else V, else J; N_LOCUS: unknown */

#endif
