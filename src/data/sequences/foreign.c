/* SPDX-License-Identifier: MIT */
#include "data/sequences/foreign.h"
#include "core/nearest.h"
#include "data/sequences/format.h"
#include "data/text/table.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MODEL  "is a recombination model of IGoR or OLGA, not a repertoire; leave it out"
#define LABELS "looks like a label table, not a repertoire; give it with --metadata"

/* Told by how the first name begins, or by columns that are there. */
static const struct {
    const char *start, *column[2], *says;
} kinds[] = {
    {"#GeneChoice", {NULL}, MODEL},
    {"GeneChoice", {NULL}, MODEL},
    {"@Event_list", {NULL}, MODEL},
    {"@v_choice", {NULL}, MODEL},
    {"$Dim", {NULL}, MODEL},
    {">",
     {NULL},
     "is a FASTA file of nucleotides or proteins; align it first (MiXCR, IgBLAST, IMGT/HighV-QUEST), and "
     "import the table of clones"},
    {NULL,
     {"anchor_index", "gene"},
     "is a table of the anchors of genes of IGoR or OLGA, not a repertoire; leave it out"},
    {NULL,
     {"cdr3s_aa", NULL},
     "has the chains of a cell in one cell of the table (10x clonotypes); import "
     "filtered_contig_annotations.csv instead"},
    {NULL, {"file_name", "sample_id"}, LABELS},
    {NULL, {"filename", NULL}, LABELS},
    {NULL,
     {"antigen.epitope", NULL},
     "is a table of receptors of known antigens (VDJdb), not a repertoire; name its column of sequences with "
     "--sequence-column if you want it as one"},
};

static bool has_columns(const Header *header, const char *const *column)
{
    if (!column[0]) return false;
    for (int i = 0; i < 2 && column[i]; i++)
        if (header_find(header, column[i]) < 0) return false;
    return true;
}

const char *foreign_says(const Header *header)
{
    for (size_t k = 0; header->n > 0 && k < sizeof kinds / sizeof *kinds; k++) {
        const char *start = kinds[k].start;
        if (start ? strncmp(header->name[0], start, strlen(start)) == 0 : has_columns(header, kinds[k].column))
            return kinds[k].says;
    }
    return NULL;
}

/* How many of a format's columns are there. */
static int count_columns(const FormatType *type, const Header *header)
{
    int n = 0;
    for (int k = 0; k < 3 && type->sign[k]; k++) n += header_find_any(header, type->sign[k]) >= 0;
    for (int k = 0; k < N_COLUMN_ROLE; k++) n += type->column[k] && header_find_any(header, type->column[k]) >= 0;
    return n;
}

static const FormatType *nearest_format(const Header *header)
{
    const FormatType *best = NULL;
    int most = 0;
    for (int i = 0; format_types[i]; i++) {
        const FormatType *type = format_types[i];
        const int n = type->sign[0] ? count_columns(type, header) : 0;
        if (n > most) best = type;
        if (n > most) most = n;
    }
    return best;
}

/* What is missing of a format: the first spelling of the sign that no column has. */
static const char *missing_sign(const FormatType *type, const Header *header)
{
    for (int k = 0; k < 3 && type->sign[k]; k++)
        if (header_find_any(header, type->sign[k]) < 0) return type->sign[k][0];
    return NULL;
}

/* A column that may hold the amino-acid sequences, by its name. */
static const char *likely_column(const Header *header)
{
    static const char *const words[] = {"junction_aa", "cdr3_aa", "cdr3aa",   "aaseq",
                                        "amino",       "cdr3",    "junction", NULL};
    for (int i = 0; words[i]; i++)
        for (int c = 0; c < header->n; c++) {
            const char *name = header->name[c];
            const bool bases = strcasestr(name, "nt") || strcasestr(name, "nuc") || strcasestr(name, "len");
            if (strcasestr(name, words[i]) && !bases) return name;
        }
    return NULL;
}

static const char *misspelt_column(const Header *header, const char *wanted)
{
    const char *const known[] = {wanted, NULL};
    for (int c = 0; c < header->n; c++)
        if (*header->name[c] && nearest_name(header->name[c], known)) return header->name[c];
    return NULL;
}

static bool has_ids(const Header *header)
{
    for (int c = 0; c < header->n; c++)
        if (table_is_id_name(header->name[c])) return true;
    return false;
}

const char *foreign_hint(char *text, size_t room, const Header *header)
{
    const FormatType *type = nearest_format(header);
    const char *missing = type ? missing_sign(type, header) : NULL;
    const char *meant = missing ? misspelt_column(header, missing) : NULL, *likely = likely_column(header);
    size_t at = 0;
    text[0] = '\0';
    if (missing)
        at += (size_t)snprintf(text, room, " The nearest known format is %s, which has a column '%s'", type->name,
                               missing);
    if (missing) at += (size_t)snprintf(text + at, room - at, meant ? " (is '%.40s' meant?)." : ".", meant);
    if (likely) snprintf(text + at, room - at, " Its column '%.40s' may hold the sequences.", likely);
    if (!likely && has_ids(header))
        snprintf(text + at, room - at, " It may be a label table; give that with --metadata.");
    return text;
}
