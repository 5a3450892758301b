/* SPDX-License-Identifier: MIT
 *
 * Contig tables of BD Rhapsody, below lines of comment. Its CDR3s lack the conserved ends. The tables by cell have both
 * chains in a row, and one of them must be named.
 */
#include "data/sequences/format.h"

#include <string.h>

extern const FormatType format_bd;

static Spellings cdr3 = {"CDR3_Translation", "CDR3_Translation_Dominant", NULL},
                 counts = {"Molecule_Count", "Read_Count", NULL}, productive = {"Productive", NULL},
                 v = {"V_gene", "V_gene_Dominant", NULL}, j = {"J_gene", "J_gene_Dominant", NULL},
                 locus = {"Chain_Type", NULL}, cell = {"Cell_Index", NULL};

static int find_chain(const Header *header)
{
    for (int c = 0; c < header->n; c++)
        if (strcasestr(header->name[c], "CDR3_Translation")) return c;
    return -1;
}

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)wish;
    return header_find_any(header, cell) >= 0 && find_chain(header) >= 0;
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    const int chain = find_chain(header);
    if (!wish->sequence && chain >= 0 && header_find_any(header, cdr3) < 0)
        return fail(ERR_FORMAT,
                    "has several chains in a row; name the column of one, such as --sequence-column=%s, and give "
                    "--region=cdr3",
                    header->name[chain]);
    return format_usual(out, &format_bd, header, wish);
}

const FormatType format_bd = {
    .name = "bd",
    .line = "contig tables of BD Rhapsody: CDR3_Translation, Molecule_Count; with --region=cdr3",
    .column = {[COLUMN_CDR3] = cdr3,
               [COLUMN_COUNT] = counts,
               [COLUMN_PRODUCTIVE] = productive,
               [COLUMN_LOCUS] = locus,
               [COLUMN_V] = v,
               [COLUMN_J] = j},
    .recognise = recognise,
    .bind = bind};
