/* SPDX-License-Identifier: MIT */
#include "cli/import_flags.h"
#include "cli/help.h"
#include "data/bagfile/vectorspool.h"
#include "data/sequences/import_sequences.h"
#include "data/vectors/import_vectors.h"

#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(ImportFlags, field)

const Option import_flags_both[] = {
    {"o", OPTION_TEXT, AT(out), NULL, 0, 0, NULL, "FILE", "dataset to write"},
    {"format", OPTION_TEXT, AT(format), "auto", 0, 0, NULL, "NAME",
     "format of the files; auto: recognized by each file's header or first bytes"},
    {"metadata", OPTION_TEXT, AT(metadata), "null", 0, 0, NULL, "FILE",
     "label table, which is stored in the dataset"},
    {"id-column", OPTION_TEXT, AT(id_column), "auto", 0, 0, NULL, "COLUMN",
     "column of IDs in the label table; auto: the one that fits best, of ID, repertoire_id, sample_id, filename and "
     "other usual names first"},
    {"bag", OPTION_TEXT, AT(bag), "null", 0, 0, NULL, "COLUMN",
     "column of bags. Vectors: without it bag_id or bag. Repertoires: without it repertoire_id, sample_id, "
     "sample_name, "
     "subject and the like, where they have several values; none: each file is one repertoire"},
    {"include", OPTION_TEXTS, AT(include), "[]", 0, 0, NULL, "COLUMN=VALUE",
     "rows to keep: those that hold one of the values given for each of the columns"},
    {"exclude", OPTION_TEXTS, AT(exclude), "[]", 0, 0, NULL, "COLUMN=VALUE",
     "rows to drop: those that hold one of these values"},
    {"separator", OPTION_CHOICE, AT(separator), "auto", 0, 0, "auto tab comma semicolon", "",
     "separator between cells"},
    {"extension", OPTION_TEXT, AT(extension), "auto", 0, 0, NULL, "TEXT",
     "ending of the files that are read in folders, with or without that of a compression behind it; auto: of "
     "repertoires .tsv, .csv, .txt, .tab, and zip archives, of vectors .csv"},
    {"compress", OPTION_CHOICE, AT(compress), "gzip", 0, 0, "gzip none", "",
     "compression of the dataset; none: three to six times faster to read"},
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
    {"skip", OPTION_TEXTS, AT(skip), "[]", 0, 0, NULL, "COLUMN", "column that is not a feature"},
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
                           .compress = flags->compress == 0,
                           .force = cli->force,
                           .dry_run = cli->dry_run};
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
