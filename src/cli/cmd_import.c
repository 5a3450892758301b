/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "core/log.h"
#include "data/import.h"

#include <stdlib.h>
#include <string.h>

static const Flag flags[] = {
    {.name = "o", .value = "FILE", .help = "the dataset to write", .needed = true},
    {.name = "format",
     .value = "NAME",
     .standard = "auto",
     .help = "auto: told by each file's header; airr: AIRR Rearrangement; deeprc: as DeepRC's own converter; named: "
             "any table"},
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
    {.name = "separator", .value = "auto|tab|comma|semicolon", .standard = "auto", .help = "between cells"},
    {.name = "compress", .value = "gzip|none", .standard = "gzip", .help = "none: three to six times faster to read"},
    {0}};

/* The place of the flag's word among `words`; ERR_USAGE lists them. */
static Status one_of(int *out, const Cli *cli, const char *flag, const char *const *words)
{
    char list[200] = "";
    size_t at = 0;
    const char *given = cli_text(cli, flag);
    for (*out = 0; words[*out]; ++*out) {
        if (strcmp(words[*out], given) == 0) return OK;
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", *out ? ", " : "", words[*out]);
    }
    return fail(ERR_USAGE, "--%s=%s: choose one of %s", flag, given, list);
}

/* COLUMN=VALUE of a repeatable flag; texts are cut in `store`, which the caller frees. */
static Status read_rules(RowRule **out, int *n, char **store, const Cli *cli, const char *flag)
{
    size_t bytes = 1;
    int at = 0;
    *n = 0;
    for (const char *text; (text = cli_next(cli, flag, &at)); ++*n) bytes += strlen(text) + 1;
    RowRule *rule = malloc((size_t)(*n + 1) * sizeof *rule);
    char *to = *store = malloc(bytes);
    *out = rule;
    if (!rule || !to) return fail(ERR_MEMORY, "no memory for the rules of --%s", flag);
    at = 0;
    for (int i = 0; i < *n; i++) {
        strcpy(to, cli_next(cli, flag, &at));
        char *equals = strchr(to, '=');
        if (!equals || equals == to) return fail(ERR_USAGE, "--%s=%s: write it as --%s=COLUMN=VALUE", flag, to, flag);
        rule[i] = (RowRule){.column = to, .value = equals + 1};
        to += strlen(to) + 1;
        *equals = '\0';
    }
    return OK;
}

static Status read_format(ImportOptions *out, const Cli *cli)
{
    const char *name = cli_text(cli, "format");
    const char *known[32] = {"auto"};
    int n = 1;
    if (strcmp(name, "auto") == 0) return OK;
    if ((out->rules.format = format_find(name))) return OK;
    for (int i = 0; format_types[i] && n < 31; i++) known[n++] = format_types[i]->name;
    int unused;
    return one_of(&unused, cli, "format", known);
}

static Status read_options(ImportOptions *out, const Cli *cli)
{
    static const char *const yes_no[] = {"yes", "no", NULL}, *const packing[] = {"gzip", "none", NULL};
    static const char *const regions[] = {"junction", "cdr3", NULL};
    static const char *const separators[] = {"auto", "tab", "comma", "semicolon", NULL};
    static const char *const empties[] = {"error", "skip", NULL};
    int merge, compress, region, separator, empty;
    TRY(one_of(&empty, cli, "empty", empties));
    TRY(one_of(&merge, cli, "merge", yes_no));
    TRY(one_of(&compress, cli, "compress", packing));
    TRY(one_of(&region, cli, "region", regions));
    TRY(one_of(&separator, cli, "separator", separators));
    *out = (ImportOptions){.path = cli->word,
                           .n_path = cli->n_word,
                           .output = cli_text(cli, "o"),
                           .extension = cli_text(cli, "extension"),
                           .metadata = cli_text(cli, "metadata"),
                           .id_column = cli_text(cli, "id-column"),
                           .compress = compress == 0,
                           .force = cli->force,
                           .dry_run = cli->dry_run};
    out->rules.wish = (FormatWish){cli_text(cli, "sequence-column"), cli_text(cli, "count-column"), region == 1};
    out->rules.merge = merge == 0;
    out->rules.skip_empty = empty == 1;
    out->rules.separator = "\0\t,;"[separator];
    TRY(read_format(out, cli));
    if (intake_converter(&out->rules) && cli_has(cli, "merge") && merge == 0)
        return fail(ERR_USAGE, "--merge=yes: DeepRC's converter merges nothing; leave out --format=deeprc");
    return OK;
}

static void print_dropped(const Tally *t)
{
    char text[300];
    if (*tally_dropped(text, sizeof text, t)) log_info("dropped rows: %s", text);
    if (t->merged > 0) log_info("rows merged into an equal sequence: %lld", (long long)t->merged);
    if (t->count_one > 0) log_info("counts blank or below 1, taken as 1: %lld", (long long)t->count_one);
}

static void print_summary(const ImportReport *report, const ImportOptions *options)
{
    if (report->n_unlabelled > 0)
        log_info("%d of %d repertoires have no row in %s; they are kept without labels", report->n_unlabelled,
                 report->n_bag, options->metadata);
    if (options->dry_run) {
        log_info("would import %d %s into %s", report->n_file, report->several ? "files" : "repertoires",
                 options->output);
        return;
    }
    log_info("%s: %d repertoires, %lld sequences (%s, %s) of %lld rows", options->output, report->n_bag,
             (long long)report->n_seq, report->format, report->region, (long long)report->total.read);
    print_dropped(&report->total);
}

static Status run(Cli *cli)
{
    ImportOptions options;
    ImportReport report = {0};
    char *store[2] = {NULL};
    RowRule *rule[2] = {NULL};
    Status status;
    TRY(read_options(&options, cli));
    TRY_DONE(read_rules(&rule[0], &options.rules.n_include, &store[0], cli, "include"));
    TRY_DONE(read_rules(&rule[1], &options.rules.n_exclude, &store[1], cli, "exclude"));
    options.rules.include = rule[0];
    options.rules.exclude = rule[1];
    TRY_DONE(import_run(&report, &options));
    print_summary(&report, &options);
    if (cli->json && report.json) printf("%s\n", report.json);
done:
    free(report.json);
    for (int i = 0; i < 2; i++) {
        free(store[i]);
        free(rule[i]);
    }
    return status;
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
        "--format=deeprc keeps what DeepRC's converter keeps: any length, no merging, counts as they are.",
    .flags = flags,
    .least = 1,
    .most = -1,
    .run = run};
