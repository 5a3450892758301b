/* SPDX-License-Identifier: MIT */
#include "cli/import_h5.h"
#include "cli/import_flags.h"
#include "cli/print.h"
#include "core/log.h"
#include "core/number.h"
#include "data/import/import_datasets.h"

#include <stdlib.h>
#include <string.h>

#define COPY_SECONDS 0.5e-6 /* an instance, on the reference machine (core/cost.h) */

Status import_h5_wanted(bool *out, const Cli *cli)
{
    int n = 0, other = 0;
    for (int i = 0; i < cli->n_word; i++) {
        bool is;
        TRY(bagfile_recognise(&is, cli->word[i]));
        n += is;
        if (!is) other = i;
    }
    *out = n > 0 && n == cli->n_word;
    if (n == 0 || *out) return OK;
    return fail(ERR_USAGE,
                "%s is no dataset, and others given are; import text first, then the datasets together "
                "(hopsack import a.h5 b.h5 -o both.h5)",
                cli->word[other]);
}

/* Options about text have no meaning here, but --region may say what files do not. */
static Status check_given(const Cli *cli)
{
    static const char *const why = "only for text, and the files are datasets already";
    TRY(cli_none(cli, import_flags_reading, why));
    TRY(cli_none(cli, import_flags_vectors, why));
    for (const Option *row = import_flags_repertoires; row->name; row++)
        for (int i = 0; i < cli->n_given && strcmp(row->name, "region") != 0; i++)
            if (cli->given[i] == row) return fail(ERR_USAGE, "--%s: %s", row->name, why);
    return OK;
}

static const char *given_region(const Cli *cli)
{
    const ImportFlags *flags = cli->flags;
    for (int i = 0; i < cli->n_given; i++)
        if (strcmp(cli->given[i]->name, "region") == 0) return flags->cdr3 == 1 ? "CDR3" : "junction";
    return NULL;
}

static void print_summary(const ImportDatasetsReport *r, const ImportOptions *options)
{
    const int n = r->import.n_bag;
    log_info("%s%s: %d bag%s, %lld %s of %d dataset%s", options->dry_run ? "would write " : "", options->output, n,
             number_plural(n), (long long)r->n, r->kind == BAG_SEQUENCES ? "sequences" : "instances",
             r->import.n_file, number_plural(r->import.n_file));
    if (options->dry_run) {
        const Cost cost = cost_of((0.03 + COPY_SECONDS * (double)r->n) * cost_pace(), 2 * COST_PROCESS);
        print_estimate(&cost);
    }
    if (r->n_left_out > 0) log_info("bags left out by --bags: %d", r->n_left_out);
    if (r->import.n_unlabelled > 0)
        log_info("%d of %d bags without a row in %s are kept without labels", r->import.n_unlabelled, n,
                 options->metadata);
}

Status import_h5(Cli *cli)
{
    const ImportDatasetsOptions options = {.import = import_flags_options(cli), .region = given_region(cli)};
    ImportDatasetsReport report;
    TRY(check_given(cli));
    TRY(import_datasets_run(&report, &options));
    print_summary(&report, &options.import);
    if (cli->json && report.import.json) printf("%s\n", report.import.json);
    free(report.import.json);
    return OK;
}
