/* SPDX-License-Identifier: MIT
 *
 * AIRR Rearrangement tables (schema 1.x). Of the columns the schema requires, real files have many empty or not at all;
 * only junction_aa is needed, or cdr3_aa where CDR3s are wanted. Tables of other tools have a cdr3_aa too, so that another
 * column of the schema must stand beside it.
 */
#include "data/sequences/format.h"

static Spellings junction = {"junction_aa", NULL}, cdr3 = {"cdr3_aa", NULL}, any = {"junction_aa", "cdr3_aa", NULL},
                 others = {"sequence_id", "v_call", "productive", NULL},
                 counts = {"duplicate_count", "umi_count", "consensus_count", NULL}, bag = {"repertoire_id", NULL},
                 productive = {"productive", NULL}, frame = {"vj_in_frame", NULL}, stop = {"stop_codon", NULL},
                 v = {"v_call", NULL}, j = {"j_call", NULL}, locus = {"locus", NULL};

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)wish;
    return header_find_any(header, junction) >= 0 ||
           (header_find_any(header, cdr3) >= 0 && header_find_any(header, others) >= 0);
}

const FormatType format_airr = {.name = "airr",
                                .line = "AIRR Rearrangement: junction_aa, duplicate_count, productive, v_call, …",
                                .bags_named = true,
                                .sign = {any, others},
                                .column = {[COLUMN_SEQUENCE] = junction,
                                           [COLUMN_CDR3] = cdr3,
                                           [COLUMN_COUNT] = counts,
                                           [COLUMN_PRODUCTIVE] = productive,
                                           [COLUMN_FRAME] = frame,
                                           [COLUMN_STOP] = stop,
                                           [COLUMN_REPERTOIRE] = bag,
                                           [COLUMN_LOCUS] = locus,
                                           [COLUMN_V] = v,
                                           [COLUMN_J] = j},
                                .recognise = recognise};
