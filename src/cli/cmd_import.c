/* SPDX-License-Identifier: MIT */
#include "cli/import_bags.h"
#include "cli/import_flags.h"
#include "core/log.h"
#include "data/sequences/import_sequences.h"
#include "data/vectors/import_vectors.h"

#include <stdlib.h>

static const Flag flags[] = {
    {.name = "o", .value = "FILE", .help = "the dataset to write", .needed = true},
    {.name = "format",
     .value = "NAME",
     .standard = "auto",
     .help = "auto: told by each file's header or first bytes; else one of those listed below"},
    {.name = "metadata", .value = "FILE", .help = "label table, kept in the dataset"},
    {.name = "id-column",
     .value = "NAME",
     .standard = "auto",
     .help = "of the label table; auto: of ID, repertoire_id, sample_id, Sample, subject_id and filename the one "
             "that fits best"},
    {.name = "sequence-column",
     .value = "NAME",
     .help = "column of amino-acid sequences; default: as the format has it"},
    {.name = "count-column", .value = "NAME", .help = "column of counts, or none; default: as the format has it"},
    {.name = "include", .value = "COLUMN=VALUE", .help = "keep only rows that hold one of these", .repeat = true},
    {.name = "exclude", .value = "COLUMN=VALUE", .help = "drop rows that hold one of these", .repeat = true},
    {.name = "merge",
     .value = "yes|no",
     .standard = "yes",
     .help = "rows of equal sequence become one, their counts added; not with --format=deeprc"},
    {.name = "empty",
     .value = "error|skip",
     .standard = "error",
     .help = "a repertoire left without rows; skip: it is left out and listed"},
    {.name = "region",
     .value = "junction|cdr3",
     .standard = "junction",
     .help = "cdr3: AIRR's cdr3_aa where it is filled, else the first and last residue are cut off; with "
             "--format=deeprc only noted in the file"},
    {.name = "extension",
     .value = "TEXT",
     .standard = ".tsv",
     .help = "end of the names looked for in folders; the same with .gz behind it counts too"},
    {.name = "bag", .value = "NAME", .help = "vectors: the bag's column; default: bag_id or bag"},
    {.name = "label",
     .value = "NAME",
     .help = "vectors: the column of the bag's label, or none; default: label or bag_label"},
    {.name = "skip", .value = "COLUMN", .help = "vectors: a column that is no feature", .repeat = true},
    {.name = "n-features", .value = "N", .help = "vectors: how many there must be; another number is an error"},
    {.name = "sparse",
     .value = "auto|yes|no",
     .standard = "auto",
     .help = "vectors: keep only numbers other than 0; auto: where those are fewer than a tenth and there are more "
             "than 1000 features"},
    {.name = "allow-leak", .help = "vectors: a label or bag number among the features is a warning, no error"},
    {.name = "separator", .value = "auto|tab|comma|semicolon", .standard = "auto", .help = "between cells"},
    {.name = "compress", .value = "gzip|none", .standard = "gzip", .help = "none: three to six times faster to read"},
    {0}};

static Status read_options(ImportSequencesOptions *out, const Cli *cli)
{
    static const char *const yes_no[] = {"yes", "no", NULL};
    static const char *const regions[] = {"junction", "cdr3", NULL};
    static const char *const empties[] = {"error", "skip", NULL};
    int merge, region, empty;
    TRY(import_flags_word(&empty, cli, "empty", empties));
    TRY(import_flags_word(&merge, cli, "merge", yes_no));
    TRY(import_flags_word(&region, cli, "region", regions));
    *out = (ImportSequencesOptions){.extension = cli_text(cli, "extension"),
                                    .rules.format = format_find(cli_text(cli, "format"))};
    TRY(import_flags_separator(&out->rules.separator, cli));
    TRY(import_flags_options(&out->import, cli));
    out->rules.wish = (FormatWish){cli_text(cli, "sequence-column"), cli_text(cli, "count-column"), region == 1};
    out->rules.merge = merge == 0;
    out->rules.skip_empty = empty == 1;
    TRY(import_flags_format(cli));
    if (intake_converter(&out->rules) && cli_has(cli, "merge") && merge == 0)
        return fail(ERR_USAGE, "--merge=yes: DeepRC's converter merges nothing; leave out --format=deeprc");
    return OK;
}

static void print_dropped(const RowTally *t)
{
    char text[300];
    if (*rowtally_dropped(text, sizeof text, t)) log_info("dropped rows: %s", text);
    if (t->merged > 0) log_info("rows merged into an equal sequence: %lld", (long long)t->merged);
    if (t->count_one > 0) log_info("counts blank or below 1, taken as 1: %lld", (long long)t->count_one);
}

static void print_summary(const ImportSequencesReport *report, const ImportOptions *options)
{
    const ImportReport *all = &report->import;
    if (all->n_unlabelled > 0)
        log_info("%d of %d repertoires have no row in %s; they are kept without labels", all->n_unlabelled,
                 all->n_bag, options->metadata);
    if (options->dry_run) {
        log_info("would import %d %s into %s", all->n_file, all->several ? "files" : "repertoires", options->output);
        return;
    }
    log_info("%s: %d repertoires, %lld sequences (%s, %s) of %lld rows", options->output, all->n_bag,
             (long long)report->n_seq, all->format, report->region, (long long)report->total.read);
    print_dropped(&report->total);
}

static Status import_repertoires(const Cli *cli, VectorPeek *first)
{
    ImportSequencesOptions options;
    ImportSequencesReport report = {0};
    ImportFlagsRules rules = {0};
    Status status;
    TRY(read_options(&options, cli)); /* first, for a format that is none */
    TRY(import_flags_none(cli, import_bags_flags,
                          "only for bags of vectors, and the file is none that is known as such"));
    TRY_DONE(import_flags_rules(&rules, cli));
    options.rules.rows = rules.rows;
    options.first = first->in; /* still open */
    first->in = NULL;
    TRY_DONE(import_sequences_run(&report, &options));
    print_summary(&report, &options.import);
    if (cli->json && report.import.json) printf("%s\n", report.import.json);
done:
    free(report.import.json);
    import_flags_free(&rules);
    return status;
}

static Status run(Cli *cli)
{
    VectorPeek first;
    bool vectors;
    TRY(import_bags_wanted(&vectors, &first, cli));
    const Status status = vectors ? import_bags(cli, &first) : import_repertoires(cli, &first);
    vectorformat_peek_free(&first);
    return status;
}

static void print_formats(FILE *out)
{
    fprintf(out, "\nFormats of repertoires (--format=NAME):\n");
    import_flags_formats(out, &import_sequences_kind);
    fprintf(out, "\nFormats of vectors:\n");
    import_flags_formats(out, &import_vectors_kind);
}

const Command command_import = {
    .name = "import",
    .line = "text files → dataset",
    .usage = "[--metadata=LABELS.tsv] -o DATA.h5 FOLDER_OR_FILES…",
    .about =
        "Reads one repertoire a file, gzip or not, and writes one dataset. A repertoire is named after its file\n"
        "(without .gz), and IDs of the label table are compared with that, with or without extension. AIRR files\n"
        "with a column repertoire_id may hold several, which are named after it. V and J calls are kept.\n"
        "Sequences of 1 to 60 residues with the 20 usual letters are kept; rows dropped are counted by reason.\n"
        "--format=deeprc keeps what DeepRC's converter keeps: any length, no merging, counts as they are.\n"
        "\n"
        "Bags of vectors (Tiger, Musk, slide tiles): one row an instance; rows of a bag may lie apart. The bag's\n"
        "label is kept as column label: -1 and 1 become 0 and 1, other text stays. Cells must be finite numbers.\n"
        "A feature that repeats the label or the bag number is an error. Constant features, bags of one instance,\n"
        "labels of one class only, equal instances and bags, and features that tell the labels apart alone are\n"
        "said.",
    .flags = flags,
    .least = 1,
    .most = -1,
    .more = print_formats,
    .run = run};
