/* SPDX-License-Identifier: MIT
 *
 * Clonotype tables of VDJtools, whose header may begin with #.
 */
#include "data/sequences/format.h"

static Spellings sequence = {"cdr3aa", NULL}, counts = {"count", NULL}, others = {"count", "freq", "cdr3nt", NULL},
                 v = {"v", NULL}, j = {"j", NULL};

const FormatType format_vdjtools = {.name = "vdjtools",
                                    .line = "VDJtools: cdr3aa, count, v, j",
                                    .sign = {sequence, others},
                                    .column = {[COLUMN_SEQUENCE] = sequence,
                                               [COLUMN_COUNT] = counts,
                                               [COLUMN_LOCUS] = format_locus,
                                               [COLUMN_V] = v,
                                               [COLUMN_J] = j}};
