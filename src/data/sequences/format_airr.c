/* SPDX-License-Identifier: MIT
 *
 * AIRR Rearrangement tables (schema 1.x). Of the columns the schema requires, real files have many empty or not at all;
 * only junction_aa is needed, or cdr3_aa where CDR3s are wanted. Some writers leave out sequence_id too, so v_call tells
 * the format as well.
 */
#include "data/sequences/format.h"

#include <strings.h>

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)wish;
    return (header_find(header, "junction_aa") >= 0 || header_find(header, "cdr3_aa") >= 0) &&
           (header_find(header, "sequence_id") >= 0 || header_find(header, "v_call") >= 0);
}

/* What a CDR3 lacks of its junction, F or W at the end, cannot be known for every locus. */
static Status no_junctions(void)
{
    return fail(ERR_FORMAT,
                "has CDR3s (cdr3_aa) but no junctions (junction_aa), and the ends cannot be put back; import "
                "all files of the dataset with --region=cdr3");
}

static Status bind_sequence(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    const bool cdr3_named = wish->sequence && strcasecmp(wish->sequence, "cdr3_aa") == 0;
    if (wish->sequence && !cdr3_named)
        return header_need(&out->at[COLUMN_SEQUENCE], header, wish->sequence, "--sequence-column");
    out->at[COLUMN_CDR3] = header_find(header, "cdr3_aa");
    if (!cdr3_named) out->at[COLUMN_SEQUENCE] = header_find(header, "junction_aa");
    if (out->at[COLUMN_SEQUENCE] >= 0 || (wish->cdr3 && out->at[COLUMN_CDR3] >= 0)) return OK;
    if (out->at[COLUMN_CDR3] >= 0) return no_junctions();
    return header_need(&out->at[COLUMN_SEQUENCE], header, cdr3_named ? "cdr3_aa" : "junction_aa",
                       "--sequence-column");
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    static const char *const counts[] = {"duplicate_count", "umi_count", "consensus_count", NULL};
    *out = format_no_columns;
    TRY(bind_sequence(out, header, wish));
    out->at[COLUMN_PRODUCTIVE] = header_find(header, "productive");
    out->at[COLUMN_FRAME] = header_find(header, "vj_in_frame");
    out->at[COLUMN_STOP] = header_find(header, "stop_codon");
    out->at[COLUMN_REPERTOIRE] = header_find(header, "repertoire_id");
    out->at[COLUMN_V] = header_find(header, "v_call");
    out->at[COLUMN_J] = header_find(header, "j_call");
    return format_count(out, header, wish, counts);
}

const FormatType format_airr = {.name = "airr",
                                .line = "AIRR Rearrangement: junction_aa, duplicate_count, productive, v_call, …",
                                .recognise = recognise,
                                .bind = bind};
