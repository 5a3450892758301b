/* SPDX-License-Identifier: MIT */
#include "cli/cmd_import.h"
#include "cli/import_bags.h"
#include "cli/import_flags.h"
#include "cli/import_h5.h"
#include "cli/print.h"
#include "core/file.h"
#include "core/inputguard.h"
#include "core/log.h"
#include "core/number.h"
#include "core/spool.h"
#include "data/sequences/import_sequences.h"
#include "data/text/walk.h"
#include "data/vectors/import_vectors.h"

#include <stdlib.h>
#include <string.h>

static Status read_options(ImportSequencesOptions *out, const Cli *cli)
{
    const ImportFlags *flags = cli->flags;
    unsigned unused;
    *out = (ImportSequencesOptions){.import = import_flags_options(cli),
                                    .extension = flags->extension,
                                    .name = flags->name,
                                    .rules.format = format_find(flags->format)};
    out->rules.wish = (FormatWish){.sequence = flags->sequence_column,
                                   .count = flags->count_column,
                                   .bag = flags->bag,
                                   .cdr3 = flags->cdr3 == 1,
                                   .ends = (EndsWish)flags->ends};
    out->rules.lines = (RowLines){.separator = import_flags_separator(flags),
                                  .header = (HeaderWish)flags->header,
                                  .drop_short = flags->short_rows == 1};
    out->rules.merge = flags->merge != MERGE_NO;
    out->rules.skip_empty = flags->skip_empty == 1;
    out->rules.locus = flags->locus;
    TRY(locus_set(&unused, flags->locus));
    TRY(import_flags_format(flags));
    if (intake_converter(&out->rules) && flags->merge == MERGE_YES)
        return fail(ERR_USAGE, "--merge=yes: DeepRC's converter merges nothing; leave out --format=deeprc");
    if (intake_converter(&out->rules) && (flags->locus || flags->bag))
        return fail(ERR_USAGE, "--%s: DeepRC's converter reads sequences and counts alone; leave out --format=deeprc",
                    flags->locus ? "locus" : "bag");
    if (flags->ends != ENDS_AUTO && flags->cdr3 != 1) return fail(ERR_USAGE, "--ends: goes with --region=cdr3 only");
    return OK;
}

/* Rows that most users would want, and counts that are not those of the file, are mentioned under --quiet too. */
static void print_dropped(const RowTally *t)
{
    char text[300], sum[60];
    snprintf(sum, sizeof sum, "; %lld in all", (long long)(t->read - t->kept - t->merged));
    const bool any = *rowtally_dropped(text, sizeof text, t);
    const char *more = strchr(text, ',') ? sum : "";
    if (any && rowtally_is_odd(t))
        log_warn("dropped rows: %s%s", text, more);
    else if (any)
        log_info("dropped rows: %s%s", text, more);
    if (t->merged > 0) log_info("rows merged into an equal sequence: %lld", (long long)t->merged);
    if (t->count_one > 0) log_warn("counts blank or below 1, taken as 1: %lld", (long long)t->count_one);
}

static void print_summary(const ImportSequencesReport *report, const ImportOptions *options)
{
    const ImportReport *all = &report->import;
    if (all->n_unlabelled > 0)
        log_info("%d of %d repertoires without a row in %s are kept without labels", all->n_unlabelled, all->n_bag,
                 options->metadata);
    if (options->dry_run) {
        log_info("would import %d %s%s into %s", all->n_file, all->several ? "file" : "repertoire",
                 number_plural(all->n_file), options->output);
        print_estimate(&all->cost);
        return;
    }
    log_info("%s: %d repertoire%s, %lld sequence%s (%s, %s) of %lld row%s", options->output, all->n_bag,
             number_plural(all->n_bag), (long long)report->n_seq, number_plural(report->n_seq), all->format,
             report->region, (long long)report->total.read, number_plural(report->total.read));
    log_info("counts: %s", report->counted);
    print_dropped(&report->total);
}

static Status import_repertoires(const Cli *cli, VectorPeek *first)
{
    ImportSequencesOptions options;
    ImportSequencesReport report = {0};
    ImportFlagsRules rules = {0};
    Status status;
    TRY(read_options(&options, cli)); /* first, for a format that is none */
    if (file_exists(cli->word[0]))    /* a missing file is reported as such */
        TRY(cli_none(cli, import_flags_vectors,
                     "only for bags of vectors, and the file is not in a format of vectors"));
    TRY_DONE(import_flags_rules(&rules, cli->flags));
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

/* "-" as a word; its bytes cannot be two things. */
static Status take_standard_input(Cli *cli)
{
    const ImportFlags *flags = cli->flags;
    const bool labels = flags->metadata && strcmp(spool_path(flags->metadata), SPOOL_STDIN) == 0;
    for (int i = 0; i < cli->n_word; i++) {
        cli->word[i] = spool_path(cli->word[i]);
        if (labels && strcmp(cli->word[i], SPOOL_STDIN) == 0)
            return fail(ERR_USAGE, "--metadata=%s: standard input is the table to import already; name a file",
                        flags->metadata);
    }
    return OK;
}

Status cmd_import_run(Cli *cli)
{
    VectorPeek first;
    bool vectors, datasets;
    char *member;
    inputguard_begin();
    TRY(import_h5_wanted(&datasets, cli));
    if (datasets) return import_h5(cli);
    TRY(take_standard_input(cli));
    TRY(walk_first_member(&member, cli->word[0]));
    Status status = import_bags_wanted(&vectors, &first, cli, member ? member : cli->word[0]);
    if (status == OK) status = vectors ? import_bags(cli, &first) : import_repertoires(cli, &first);
    vectorformat_peek_free(&first);
    free(member);
    return status;
}

static void print_formats(FILE *out)
{
    fprintf(out, "\nFormats of repertoires (--format=NAME):\n");
    import_flags_formats(out, &import_sequences_kind);
    fprintf(out, "\nFormats of vectors (--format=NAME):\n");
    import_flags_formats(out, &import_vectors_kind);
}

const Command command_import = {
    .name = "import",
    .line = "convert repertoire or feature files to a dataset",
    .usage = "[--metadata=LABELS.tsv] -o DATA.h5 FOLDER_OR_FILE...",
    .example = "hopsack import --metadata=metadata.csv -o cohort.h5 repertoires/\n"
               "hopsack import --bag=bag_id --label=label -o tiger.h5 tiger.csv.gz",
    .about =
        "Repertoires: one table for each repertoire, plain or compressed, or a zip archive of them. A repertoire "
        "is named after its file. IDs of the label table match that name with or without extension. A table of "
        "several people is split by repertoire_id, sample_id, subject or the like (--bag). Columns are found by "
        "name; docs/files.md lists the names of each format. Sequences of 1 to 60 residues of the 20 standard "
        "amino acids are kept; dropped rows are counted by reason. --format=deeprc keeps what DeepRC's converter "
        "keeps: any length, no merging, unchanged counts.\n\n"
        "Bags of vectors (Tiger, Musk, slide tiles): the bag's label is stored as column label; -1 and 1 become 0 "
        "and 1, other text is kept. Cells must be finite numbers. A feature that repeats the label, the bag "
        "number or the row number is an error. Import reports constant features, single-instance bags, a single "
        "class, identical instances and bags, and features that separate the classes alone.\n\n"
        "Datasets: several become one (hopsack import a.h5 b.h5 -o both.h5), or one is copied with the bags of "
        "--bags or the labels of --metadata. They must agree in what their bags mean. Label columns are joined by "
        "name.",
    .common =
        "o metadata id-column format sequence-column count-column include exclude locus bag label skip dry-run force",
    .groups = {{NULL, import_flags_both},
               {"Options for reading tables", import_flags_reading},
               {"Options for repertoires", import_flags_repertoires},
               {"Options for bags of vectors", import_flags_vectors}},
    .size = sizeof(ImportFlags),
    .min_words = 1,
    .max_words = -1,
    .more = print_formats,
    .run = cmd_import_run};
