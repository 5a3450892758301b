/* SPDX-License-Identifier: MIT
 *
 * Tables of immunarch (immunR), mostly below a comment line.
 */
#include "data/sequences/format.h"

static Spellings sequence = {"CDR3.aa", NULL}, counts = {"Clones", "Umi.count", "Read.count", NULL},
                 v = {"V.name", NULL}, j = {"J.name", NULL}, locus = {"chain", NULL};

const FormatType format_immunarch = {.name = "immunarch",
                                     .line = "immunarch: CDR3.aa, Clones, V.name, J.name",
                                     .sign = {sequence},
                                     .column = {[COLUMN_SEQUENCE] = sequence,
                                                [COLUMN_COUNT] = counts,
                                                [COLUMN_LOCUS] = locus,
                                                [COLUMN_V] = v,
                                                [COLUMN_J] = j}};
