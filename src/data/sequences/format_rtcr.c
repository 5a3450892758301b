/* SPDX-License-Identifier: MIT
 *
 * Tables of RTCR. Frame 0 is in frame.
 */
#include "data/sequences/format.h"

static Spellings sequence = {"Amino acid sequence", NULL}, counts = {"Number of reads", NULL},
                 frame = {"Frame", NULL}, in_frame = {"0", NULL}, v = {"V gene", NULL}, j = {"J gene", NULL};

const FormatType format_rtcr = {.name = "rtcr",
                                .line = "RTCR: Amino acid sequence, Number of reads, Frame",
                                .sign = {sequence, counts},
                                .column = {[COLUMN_SEQUENCE] = sequence,
                                           [COLUMN_COUNT] = counts,
                                           [COLUMN_KEEP] = frame,
                                           [COLUMN_V] = v,
                                           [COLUMN_J] = j},
                                .kept = in_frame};
