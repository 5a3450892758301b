/* SPDX-License-Identifier: MIT */
#include "cli/import_bags.h"
#include "cli/import_flags.h"
#include "core/log.h"
#include "core/number.h"
#include "data/vectors/import_vectors.h"

#include <stdlib.h>
#include <string.h>

/* What tells the format; the rest follows in read_options. */
static VectorRules read_names(const ImportFlags *flags)
{
    return (VectorRules){.format = vectorformat_find(flags->format),
                         .bag = flags->bag,
                         .label = flags->label,
                         .separator = import_flags_separator(flags)};
}

Status import_bags_wanted(bool *out, VectorPeek *first, const Cli *cli)
{
    const ImportFlags *flags = cli->flags;
    const VectorRules rules = read_names(flags);
    *first = (VectorPeek){0};
    *out = rules.format != NULL;
    if (strcmp(flags->format, "auto") != 0 || flags->sequence_column) return OK;
    return import_vectors_wanted(out, first, cli->word[0], &rules);
}

static void read_options(ImportVectorsOptions *out, const Cli *cli, const ImportFlagsRules *rules)
{
    const ImportFlags *flags = cli->flags;
    *out = (ImportVectorsOptions){.import = import_flags_options(cli), .rules = read_names(flags)};
    out->rules.rows = rules->rows;
    out->rules.skip = flags->skip.text;
    out->rules.n_skip = flags->skip.n;
    out->rules.n_feat = flags->n_features;
    out->rules.sparse = (SparseWish)flags->sparse;
    out->rules.allow_leak = flags->allow_leak;
}

static void print_summary(const ImportVectorsReport *r, const ImportOptions *options)
{
    const ImportReport *all = &r->import;
    log_info("%s%s: %d bag%s, %lld instance%s of %d feature%s (%s) of %lld row%s",
             options->dry_run ? "would write " : "", options->output, all->n_bag, number_plural(all->n_bag),
             (long long)r->n, number_plural(r->n), r->n_feat, number_plural(r->n_feat), all->format,
             (long long)r->n_row, number_plural(r->n_row));
    if (all->n_unlabelled > 0)
        log_info("%d of %d bags without a row in %s are kept without its labels", all->n_unlabelled, all->n_bag,
                 options->metadata);
    if (r->n_filtered > 0) log_info("rows dropped by --include and --exclude: %lld", (long long)r->n_filtered);
    if (r->sparse)
        log_info("stored sparse: %lld non-zero values, %.3g %%", (long long)r->n_number,
                 100 * (double)r->n_number / ((double)r->n * (double)r->n_feat));
}

Status import_bags(Cli *cli, const VectorPeek *first)
{
    ImportVectorsOptions options;
    ImportVectorsReport report = {0};
    ImportFlagsRules rules = {0};
    Status status;
    TRY(cli_none(cli, import_flags_repertoires, "only for repertoires, and the file holds vectors"));
    if (((const ImportFlags *)cli->flags)->bags)
        return fail(ERR_USAGE, "--bags: not for text of vectors; import all of it, and choose from the dataset "
                               "(hopsack import all.h5 --bags=FILE -o some.h5)");
    TRY_DONE(import_flags_rules(&rules, cli->flags));
    read_options(&options, cli, &rules);
    options.first = first;
    TRY_DONE(import_vectors_run(&report, &options));
    print_summary(&report, &options.import);
    if (cli->json && report.import.json) printf("%s\n", report.import.json);
done:
    free(report.import.json);
    import_flags_free(&rules);
    return status;
}
