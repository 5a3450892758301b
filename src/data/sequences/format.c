/* SPDX-License-Identifier: MIT */
#include "data/sequences/format.h"
#include "data/sequences/foreign.h"
#include "data/sequences/rowcell.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

extern const FormatType format_10x, format_airr, format_bd, format_deeprc, format_imgt, format_immunarch,
    format_immunoseq, format_mixcr, format_named, format_olga, format_rtcr, format_trust4, format_vdjtools;

/* `named` comes early: a column that the user names needs no known format. */
const FormatType *const format_types[] = {
    &format_airr,     &format_named,     &format_immunoseq, &format_mixcr, &format_trust4,
    &format_vdjtools, &format_immunarch, &format_10x,       &format_bd,    &format_rtcr,
    &format_imgt,     &format_deeprc,    &format_olga,      NULL};

const FormatColumns format_no_columns = {.at = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}};
_Static_assert(N_COLUMN_ROLE == 14, "a -1 for each in format_no_columns");

Spellings format_v = {"v_call",
                      "v_gene",
                      "v",
                      "v_resolved",
                      "v.name",
                      "v_b_gene",
                      "v gene",
                      "vMaxResolved",
                      "allVHitsWithScore",
                      "bestVGene",
                      "V-GENE and allele",
                      "TRBV",
                      "v_segm",
                      NULL};
Spellings format_j = {"j_call",
                      "j_gene",
                      "j",
                      "j_resolved",
                      "j.name",
                      "j_b_gene",
                      "j gene",
                      "jMaxResolved",
                      "allJHitsWithScore",
                      "bestJGene",
                      "J-GENE and allele",
                      "TRBJ",
                      "j_segm",
                      NULL};
Spellings format_locus = {"locus", "chain", "topChains", "chains", "Chain_Type", NULL};

/* Columns that may tell people or samples apart, in the order in which they are preferred; letters and digits alone. */
static Spellings people = {
    "repertoireid", "repertoire", "sampleid",     "samplename",    "sample",      "sampleidentifier",
    "specimenid",   "specimen",   "biosample",    "origident",     "library",     "libraryid",
    "subjectid",    "subject",    "donorid",      "donor",         "donorname",   "patientid",
    "patient",      "individual", "individualid", "participantid", "participant", "personid",
    "person",       "animalid",   "animal",       "mouseid",       "mouse",       NULL};

const FormatType *format_find(const char *name)
{
    for (int i = 0; format_types[i]; i++)
        if (strcmp(format_types[i]->name, name) == 0) return format_types[i];
    return NULL;
}

/* ---- columns ---- */

Status format_count(FormatColumns *out, const Header *header, const FormatWish *wish, const char *const *usual)
{
    int *column = &out->at[COLUMN_COUNT];
    *column = -1;
    if (wish->count && strcmp(wish->count, "none") == 0) return OK;
    if (wish->count) return header_need(column, header, wish->count, "--count-column (or `none`)");
    if (usual) *column = header_find_any(header, usual);
    return OK;
}

static int find_usual(const FormatType *type, ColumnRole role, const Header *header)
{
    return type->column[role] ? header_find_any(header, type->column[role]) : -1;
}

bool format_holds_cdr3(const char *column)
{
    return strcasecmp(column, "cdr3_aa") == 0 || strcasecmp(column, "CDR3-IMGT") == 0 ||
           strcasestr(column, "CDR3_Translation") != NULL;
}

/* What a CDR3 lacks of its junction, F or W at the end, cannot be known for every locus. */
static Status no_junctions(const char *cdr3, const char *const *junction)
{
    char other[60] = "";
    if (junction) snprintf(other, sizeof other, " (%s)", junction[0]);
    return fail(ERR_FORMAT,
                "has CDR3s (%s) but no junctions%s, and the ends cannot be put back; import all files of the dataset "
                "with --region=cdr3",
                cdr3, other);
}

static Status bind_sequence(FormatColumns *out, const FormatType *type, const Header *header, const FormatWish *wish)
{
    int *junction = &out->at[COLUMN_SEQUENCE], *cdr3 = &out->at[COLUMN_CDR3];
    const char *const *names =
        type->column[COLUMN_SEQUENCE] ? type->column[COLUMN_SEQUENCE] : type->column[COLUMN_CDR3];
    const bool cdr3_named = wish->sequence && type->column[COLUMN_CDR3] && format_holds_cdr3(wish->sequence);
    if (wish->sequence && !cdr3_named) return header_need(junction, header, wish->sequence, "--sequence-column");
    *cdr3 = find_usual(type, COLUMN_CDR3, header);
    if (!cdr3_named) *junction = find_usual(type, COLUMN_SEQUENCE, header);
    if (*junction >= 0 || (wish->cdr3 && *cdr3 >= 0)) return OK;
    if (*cdr3 >= 0) return no_junctions(header->name[*cdr3], type->column[COLUMN_SEQUENCE]);
    return header_need(junction, header, cdr3_named ? wish->sequence : names[0], "--sequence-column");
}

/* Equal in letters and digits: "Sample ID" is sampleid. */
static bool is_spelt(const char *name, const char *plain)
{
    for (; *name; name++) {
        if (strchr(" _.-", *name)) continue;
        if ((*name | (*name >= 'A' && *name <= 'Z' ? 32 : 0)) != *plain) return false;
        plain++;
    }
    return *plain == '\0';
}

static int find_spelt(const Header *header, const char *plain)
{
    for (int c = 0; c < header->n; c++)
        if (is_spelt(header->name[c], plain)) return c;
    return -1;
}

/* The column that names repertoires, and the next that might. */
static Status bind_people(FormatColumns *out, const FormatType *type, const Header *header, const FormatWish *wish)
{
    int *bag = &out->at[COLUMN_REPERTOIRE];
    out->bags_named = wish->bag != NULL;
    if (wish->bag && strcmp(wish->bag, "none") == 0) return OK;
    if (wish->bag) return header_need(bag, header, wish->bag, "--bag (or `none`)");
    *bag = find_usual(type, COLUMN_REPERTOIRE, header);
    out->bags_named = type->bags_named && *bag >= 0;
    for (int i = 0; people[i] && out->at[COLUMN_PERSON] < 0; i++) {
        const int at = find_spelt(header, people[i]);
        if (at < 0 || at == *bag) continue;
        out->at[*bag < 0 ? COLUMN_REPERTOIRE : COLUMN_PERSON] = at;
    }
    return OK;
}

Status format_usual(FormatColumns *out, const FormatType *type, const Header *header, const FormatWish *wish)
{
    *out = format_no_columns;
    TRY(bind_sequence(out, type, header, wish));
    TRY(format_count(out, header, wish, type->column[COLUMN_COUNT]));
    if (wish->bare) return OK;
    for (int k = COLUMN_COUNT_TOO; k < N_COLUMN_ROLE; k++) out->at[k] = find_usual(type, (ColumnRole)k, header);
    if (wish->count) out->at[COLUMN_COUNT_TOO] = out->at[COLUMN_CELL] = -1;
    out->kept = type->kept;
    out->at[COLUMN_REPERTOIRE] = -1;
    return bind_people(out, type, header, wish);
}

/* The first of two columns of one name would be taken without a word. */
static Status check_twice(const FormatColumns *columns, const Header *header)
{
    for (int k = 0; k < N_COLUMN_ROLE; k++)
        if (columns->at[k] >= 0) TRY(header_check_once(header, columns->at[k]));
    return OK;
}

/* The first sequence of a table without header would be lost as a name. */
static Status check_name(const FormatColumns *columns, const Header *header)
{
    const int at = columns->at[COLUMN_SEQUENCE];
    if (at < 0 || header->row || header->sure) return OK;
    const char *name = header->name[at];
    if (strlen(name) < 8 || rowcell_letters(name) == LETTERS_OTHER) return OK;
    return fail(
        ERR_FORMAT,
        "column '%s' looks like a sequence: is there no header line? --header=no --sequence-column=%d reads the "
        "column by its number; --header=yes says that this is its name",
        name, at + 1);
}

Status format_bind(FormatColumns *out, const FormatType *type, const Header *header, const FormatWish *wish)
{
    TRY(type->bind ? type->bind(out, header, wish) : format_usual(out, type, header, wish));
    TRY(check_name(out, header));
    return check_twice(out, header);
}

/* ---- which format ---- */

static bool has_signs(const FormatType *type, const Header *header)
{
    for (int k = 0; k < 3 && type->sign[k]; k++)
        if (header_find_any(header, type->sign[k]) < 0) return false;
    return type->sign[0] != NULL;
}

const FormatType *format_known(const Header *header, const FormatWish *wish)
{
    for (int i = 0; format_types[i]; i++) {
        const FormatType *type = format_types[i];
        if (type->recognise ? type->recognise(header, wish) : has_signs(type, header)) return type;
    }
    return NULL;
}

Status format_recognise(const FormatType **out, const Header *header, const FormatWish *wish)
{
    Shortlist list;
    char hint[400];
    *out = format_known(header, wish);
    if (*out) return OK;
    if (header->row)
        return fail(ERR_FORMAT,
                    "has no header line; name the column of amino-acid sequences by its number, such as "
                    "--sequence-column=2, and that of counts with --count-column. If the first line is the header, "
                    "give --header=yes");
    if (foreign_says(header)) return fail(ERR_FORMAT, "%s", foreign_says(header));
    return fail(
        ERR_FORMAT,
        "is not in a known format; its columns are %s.%s For repertoires, name the column of amino-acid sequences "
        "with --sequence-column and that of counts with --count-column (by number with --header=no, if there is no "
        "header line). For vectors, name the bag column with --bag and the label column with --label, or give "
        "--format=folder if each file is a bag",
        header_list(&list, header), foreign_hint(hint, sizeof hint, header));
}
