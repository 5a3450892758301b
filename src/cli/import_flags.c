/* SPDX-License-Identifier: MIT */
#include "cli/import_flags.h"
#include "cli/help.h"
#include "data/bagfile/bagfile.h"
#include "data/bagfile/vectorspool.h"
#include "data/sequences/import_sequences.h"
#include "data/vectors/import_vectors.h"

#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(ImportFlags, field)

const Option import_flags_both[] = {
    {"o", OPTION_TEXT, AT(out), NULL, 0, 0, NULL, "FILE", "dataset to write"},
    {"metadata", OPTION_TEXT, AT(metadata), "null", 0, 0, NULL, "FILE",
     "label table, which is stored in the dataset"},
    {"id-column", OPTION_TEXT, AT(id_column), "auto", 0, 0, NULL, "COLUMN",
     "column of IDs in the label table; auto: the one that fits best, of ID, repertoire_id, sample_id, filename and "
     "other usual names first"},
    {"bags", OPTION_TEXT, AT(bags), "null", 0, 0, NULL, "FILE",
     "list of the bags to import, one ID a line or a table with an ID column; the others are left out"},
    {"compress", OPTION_CHOICE, AT(compress), "gzip", 0, 0, BAGFILE_COMPRESS, "",
     "compression of the dataset; 1 to 9: levels of gzip, which is 4 by itself; 9 takes three times as long to "
     "write, "
     "for a tenth less; none: three to six times faster to read"},
    {0},
};

const Option import_flags_reading[] = {
    {"format", OPTION_TEXT, AT(format), "auto", 0, 0, NULL, "NAME",
     "format of the files; auto: recognized by each file's header or first bytes"},
    {"bag", OPTION_TEXT, AT(bag), "null", 0, 0, NULL, "COLUMN",
     "column of bags. Vectors: without it bag_id or bag. Repertoires: without it repertoire_id, sample_id, "
     "sample_name, subject and the like, where they have several values; none: each file is one repertoire"},
    {"include", OPTION_TEXTS, AT(include), "[]", 0, 0, NULL, "COLUMN=VALUE",
     "rows to keep: those that hold one of the values given for each of the columns"},
    {"exclude", OPTION_TEXTS, AT(exclude), "[]", 0, 0, NULL, "COLUMN=VALUE",
     "rows to drop: those that hold one of these values"},
    {"separator", OPTION_CHOICE, AT(separator), "auto", 0, 0, "auto tab comma semicolon", "",
     "separator between cells"},
    {"extension", OPTION_TEXT, AT(extension), "auto", 0, 0, NULL, "TEXT",
     "ending of the files that are read in folders, with or without that of a compression behind it; auto: of "
     "repertoires .tsv, .csv, .txt, .tab, and zip archives, of vectors .csv"},
    {0},
};

const Option import_flags_repertoires[] = {
    {"sequence-column", OPTION_TEXT, AT(sequence_column), "null", 0, 0, NULL, "COLUMN",
     "column of amino-acid sequences; without it as the format defines it"},
    {"count-column", OPTION_TEXT, AT(count_column), "null", 0, 0, NULL, "COLUMN",
     "column of counts, or none; without it as the format defines it"},
    {"locus", OPTION_TEXT, AT(locus), "null", 0, 0, NULL, "LIST",
     "loci to keep, such as TRB or TRA,TRB, told by the column of loci or chains, else by the V or J gene"},
    {"header", OPTION_CHOICE, AT(header), "auto", 0, 0, "auto yes no", "",
     "header line; auto: there is none if the first line holds a junction or nucleotides. Without one columns go by "
     "number, such as --sequence-column=2"},
    {"short-rows", OPTION_CHOICE, AT(short_rows), "error", 0, 0, "error drop", "",
     "treatment of rows with fewer cells than needed; IMGT's rows of No results are always dropped"},
    {"merge", OPTION_CHOICE, AT(merge), "auto", 0, 0, "auto yes no", "",
     "merging of rows with equal sequences, whose counts are added; auto: yes, except with --format=deeprc"},
    {"empty", OPTION_CHOICE, AT(skip_empty), "error", 0, 0, "error skip", "",
     "treatment of a repertoire without rows; skip: it is left out and listed"},
    {"region", OPTION_CHOICE, AT(cdr3), "junction", 0, 0, "junction cdr3", "",
     "part of the receptor; cdr3: AIRR's cdr3_aa where it is filled, else the junction without its first and last "
     "residue. With --format=deeprc it is only noted in the file"},
    {"ends", OPTION_CHOICE, AT(ends), "auto", 0, 0, "auto cut keep", "",
     "first and last residue with --region=cdr3; auto: kept in columns known to hold CDR3s, else cut off"},
    {"name", OPTION_TEXT, AT(name), "null", 0, 0, NULL, "TEXT",
     "name of the repertoire, where one file or standard input is read"},
    {0},
};

const Option import_flags_vectors[] = {
    {"label", OPTION_TEXT, AT(label), "null", 0, 0, NULL, "COLUMN",
     "column of the bag's label, or none; without it label or bag_label"},
    {"labels", OPTION_TEXTS, AT(labels), "[]", 0, 0, NULL, "COLUMNS",
     "further columns of labels of the bag, A,B,…, which the dataset keeps and which are no features"},
    {"skip", OPTION_TEXTS, AT(skip), "[]", 0, 0, NULL, "COLUMNS", "columns that are no features, A,B,…"},
    {"n-features", OPTION_INT, AT(n_features), "any", 1, VECTORSPOOL_FEATURES, "any", "",
     "number of features the files must have; another number is an error"},
    {"sparse", OPTION_CHOICE, AT(sparse), "auto", 0, 0, "auto yes no", "",
     "sparse storage of non-zero values; auto: where they are fewer than a tenth and there are more than 1000 "
     "features"},
    {"allow-leak", OPTION_BOOL, AT(allow_leak), "false", 0, 0, NULL, "",
     "warn, instead of failing, where a label or bag number is among the features"},
    {0},
};

static Status read_rules(RowRule **out, char **store, const OptionTexts *given, const char *flag)
{
    size_t bytes = 1;
    for (int i = 0; i < given->n; i++) bytes += strlen(given->text[i]) + 1;
    RowRule *rule = malloc((size_t)(given->n + 1) * sizeof *rule);
    char *to = *store = malloc(bytes);
    *out = rule;
    if (!rule || !to) return fail(ERR_MEMORY, "no memory for the rules of --%s", flag);
    for (int i = 0; i < given->n; i++) {
        strcpy(to, given->text[i]);
        char *equals = strchr(to, '=');
        if (!equals || equals == to) return fail(ERR_USAGE, "--%s=%s: write it as --%s=COLUMN=VALUE", flag, to, flag);
        rule[i] = (RowRule){.column = to, .value = equals + 1};
        to += strlen(to) + 1;
        *equals = '\0';
    }
    return OK;
}

Status import_flags_rules(ImportFlagsRules *out, const ImportFlags *flags)
{
    *out = (ImportFlagsRules){.rows = {.n_include = flags->include.n, .n_exclude = flags->exclude.n}};
    TRY(read_rules(&out->rule[0], &out->store[0], &flags->include, "include"));
    TRY(read_rules(&out->rule[1], &out->store[1], &flags->exclude, "exclude"));
    out->rows.include = out->rule[0];
    out->rows.exclude = out->rule[1];
    return OK;
}

void import_flags_free(ImportFlagsRules *rules)
{
    for (int k = 0; k < 2; k++) {
        free(rules->rule[k]);
        free(rules->store[k]);
    }
}

char import_flags_separator(const ImportFlags *flags)
{
    return "\0\t,;"[flags->separator];
}

ImportOptions import_flags_options(const Cli *cli)
{
    const ImportFlags *flags = cli->flags;
    return (ImportOptions){.path = cli->word,
                           .n_path = cli->n_word,
                           .output = flags->out,
                           .metadata = flags->metadata,
                           .id_column = flags->id_column,
                           .bags = flags->bags,
                           .compress = bagfile_compress(flags->compress),
                           .flags = import_flags_json,
                           .flags_context = flags,
                           .opened = flags->opened,
                           .scratch = flags->scratch,
                           .force = cli->force,
                           .dry_run = cli->dry_run};
}

/* ---- kept with a dataset ---- */

static const Option *const reading[] = {import_flags_reading, import_flags_repertoires, import_flags_vectors, NULL};

/* A text, a list of texts, or null. */
static json_t *value_json(const ImportFlags *flags, const Option *row)
{
    char buffer[OPTION_ROOM];
    const bool list = option_is_list(row);
    json_t *value = list ? json_array() : NULL;
    for (int i = 0; i < option_count(flags, row); i++) {
        const char *text = option_text(buffer, flags, row, i);
        json_t *one = text ? json_string(text) : json_null();
        if (!list) return one;
        json_array_append_new(value, one);
    }
    return list ? value : json_null();
}

json_t *import_flags_json(const void *flags)
{
    json_t *out = json_object();
    for (int k = 0; reading[k]; k++)
        for (const Option *row = reading[k]; row->name; row++)
            if (strcmp(row->name, "name") != 0 && /* of one repertoire alone */
                json_object_set_new(out, row->name, value_json(flags, row)) != 0) {
                json_decref(out); /* not UTF-8 */
                return NULL;
            }
    return out;
}

static Status set_row(ImportFlags *out, const Option *row, const json_t *value, void **owned)
{
    const size_t n = json_is_array(value) ? json_array_size(value) : 1;
    const char **text = malloc((n + 1) * sizeof *text);
    if (!text) return fail(ERR_MEMORY, "no memory for the options of an import");
    text[0] = json_is_string(value) ? json_string_value(value) : row->standard;
    for (size_t i = 0; json_is_array(value) && i < n; i++) {
        const char *one = json_string_value(json_array_get(value, i));
        text[i] = one ? one : "";
    }
    const bool null = !json_is_array(value) && (json_is_null(value) || (!value && strcmp(text[0], "null") == 0));
    const OptionValue given = {.list = json_is_array(value), .flag = !value, .null = null, .n = (int)n, .text = text};
    const Status status = option_set(out, row, &given, owned);
    free((void *)text);
    return status == OK ? OK : fail_at(status, "--%s", row->name);
}

Status import_flags_fill(ImportFlags *out, const json_t *json, void *owned[IMPORT_FLAGS_MOST])
{
    int n = 0;
    *out = (ImportFlags){.id_column = "auto"};
    for (int k = 0; reading[k]; k++)
        for (const Option *row = reading[k]; row->name; row++, n++)
            if (n < IMPORT_FLAGS_MOST) TRY(set_row(out, row, json_object_get(json, row->name), &owned[n]));
    return OK;
}

/* What may differ from one import to the next without a difference in what a row means. */
static bool is_free(const Option *row)
{
    static const char *const names[] = {"label",     "allow-leak", "empty",      "sparse",
                                        "extension", "name",       "short-rows", NULL};
    for (const char *const *name = names; *name; name++)
        if (strcmp(row->name, *name) == 0) return true;
    return false;
}

static const char *shown(char *text, size_t room, const json_t *value)
{
    char *dump = json_dumps(value, JSON_ENCODE_ANY);
    snprintf(text, room, "%s", dump ? dump : "?");
    free(dump);
    return text;
}

/* json: changed where a free option is given. */
static Status agree_row(json_t *json, const Option *row, const ImportFlags *flags, const char *where)
{
    char before[200], now[200];
    json_t *value = value_json(flags, row);
    const json_t *old = json_object_get(json, row->name);
    const bool same = json_equal(value, old) != 0;
    if (same || is_free(row)) {
        json_object_set_new(json, row->name, value);
        return OK;
    }
    shown(now, sizeof now, value);
    json_decref(value);
    return fail(ERR_USAGE,
                "--%s is %s, and the data of %s were imported with %s; leave it out, or import the table first "
                "(hopsack import)",
                row->name, now, where, old ? shown(before, sizeof before, old) : "its default");
}

Status import_flags_agree(json_t *json, const Cli *cli, const ImportFlags *flags, const char *where)
{
    for (int k = 0; reading[k]; k++)
        for (const Option *row = reading[k]; row->name; row++)
            for (int i = 0; i < cli->n_given; i++)
                if (cli->given[i] == row) TRY(agree_row(json, row, flags, where));
    return OK;
}

/* ---- formats ---- */

const ImportKind *const import_flags_kinds[] = {&import_sequences_kind, &import_vectors_kind, NULL};

Status import_flags_format(const ImportFlags *flags)
{
    char known[800] = "auto";
    const char *name, *line;
    size_t n = strlen(known);
    if (strcmp(flags->format, "auto") == 0) return OK;
    for (int k = 0; import_flags_kinds[k]; k++)
        for (int i = 0; n < sizeof known && (name = import_flags_kinds[k]->format(&line, i)); i++) {
            if (strcmp(name, flags->format) == 0) return OK;
            n += (size_t)snprintf(known + n, sizeof known - n, ", %s", name);
        }
    return fail(ERR_USAGE, "--format=%s: choose one of %s", flags->format, known);
}

void import_flags_formats(FILE *out, const ImportKind *kind)
{
    const char *name, *line;
    for (int i = 0; (name = kind->format(&line, i)); i++) help_entry(out, name, line);
}
