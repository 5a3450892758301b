/* SPDX-License-Identifier: MIT
 *
 * Contig tables of 10x Genomics (Cell Ranger), one row a chain of a cell. A clone is as large as it has cells: the count
 * is the number of different barcodes. Tables without barcodes (consensus_annotations) have molecules.
 */
#include "data/sequences/format.h"

static Spellings sequence = {"cdr3", NULL}, contig = {"contig_id", "consensus_id", "barcode", NULL},
                 others = {"umis", "reads", "v_gene", NULL}, cell = {"barcode", NULL},
                 counts = {"umis", "reads", NULL}, productive = {"productive", NULL}, v = {"v_gene", NULL},
                 j = {"j_gene", NULL}, locus = {"chain", NULL};

extern const FormatType format_10x;

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    TRY(format_usual(out, &format_10x, header, wish));
    if (out->at[COLUMN_CELL] >= 0) out->at[COLUMN_COUNT] = -1;
    return OK;
}

const FormatType format_10x = {.name = "10x",
                               .line = "contig tables of 10x Genomics: cdr3; the count is the number of barcodes",
                               .sign = {sequence, contig, others},
                               .column = {[COLUMN_SEQUENCE] = sequence,
                                          [COLUMN_COUNT] = counts,
                                          [COLUMN_CELL] = cell,
                                          [COLUMN_PRODUCTIVE] = productive,
                                          [COLUMN_LOCUS] = locus,
                                          [COLUMN_V] = v,
                                          [COLUMN_J] = j},
                               .bind = bind};
