/* SPDX-License-Identifier: MIT
 *
 * Reports of TRUST4. Two of its columns go by the names that VDJtools has too, so the others tell it.
 */
#include "data/sequences/format.h"

static Spellings sequence = {"CDR3aa", NULL}, counts = {"count", NULL}, others = {"cid", "frequency", NULL},
                 v = {"V", NULL}, j = {"J", NULL};

const FormatType format_trust4 = {
    .name = "trust4",
    .line = "reports of TRUST4: CDR3aa, count, V, J",
    .sign = {sequence, counts, others},
    .column = {[COLUMN_SEQUENCE] = sequence, [COLUMN_COUNT] = counts, [COLUMN_V] = v, [COLUMN_J] = j}};
