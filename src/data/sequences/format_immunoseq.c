/* SPDX-License-Identifier: MIT
 *
 * Exports of Adaptive's immunoSEQ in both dialects: camelCase names of older versions, snake_case of newer ones. Templates
 * are estimates of cells and the right unit; older assays leave them empty in every row, and only reads are known then.
 * Genes have Adaptive's names, as the file has them.
 */
#include "data/sequences/format.h"

extern const FormatType format_immunoseq;

static Spellings sequence = {"amino_acid", "aminoAcid", NULL},
                 others = {"frame_type",        "rearrangement", "reads",
                           "sequenceStatus",    "nucleotide",    "count (templates/reads)",
                           "count (templates)", "count (reads)", NULL},
                 templates = {"templates", "count (templates)",      "count (templates/reads)",
                              "count",     "estimatedNumberGenomes", NULL},
                 reads = {"reads", "seq_reads", "count (reads)", NULL},
                 frame = {"frame_type", "sequenceStatus", NULL}, in_frame = {"In", NULL}, bag = {"sample_name", NULL},
                 locus = {"locus", NULL}, v = {"v_resolved",   "v_gene",    "v_family",    "v_allele",
                                               "vMaxResolved", "vGeneName", "vFamilyName", NULL},
                 j = {"j_resolved",   "j_gene",    "j_family",    "j_allele",
                      "jMaxResolved", "jGeneName", "jFamilyName", NULL};

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    TRY(format_usual(out, &format_immunoseq, header, wish));
    if (wish->count || out->at[COLUMN_COUNT] >= 0) return OK;
    out->at[COLUMN_COUNT] = out->at[COLUMN_COUNT_TOO]; /* an export without templates */
    out->at[COLUMN_COUNT_TOO] = -1;
    return OK;
}

static bool no_templates(const CountsSeen *count, const CountsSeen *too)
{
    return count->n_positive == 0 && too->n_positive > 0;
}

const FormatType format_immunoseq = {.name = "immunoseq",
                                     .line =
                                         "immunoSEQ of Adaptive: aminoAcid or amino_acid, templates or else reads",
                                     .sign = {sequence, others},
                                     .column = {[COLUMN_SEQUENCE] = sequence,
                                                [COLUMN_COUNT] = templates,
                                                [COLUMN_COUNT_TOO] = reads,
                                                [COLUMN_KEEP] = frame,
                                                [COLUMN_REPERTOIRE] = bag,
                                                [COLUMN_LOCUS] = locus,
                                                [COLUMN_V] = v,
                                                [COLUMN_J] = j},
                                     .kept = in_frame,
                                     .bind = bind,
                                     .finish = no_templates};
