/* SPDX-License-Identifier: MIT */
#include "cli/import_bags.h"
#include "cli/import_flags.h"
#include "core/log.h"
#include "data/vectors/import_vectors.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char *const import_bags_flags[] = {"bag", "label", "skip", "n-features", "sparse", "allow-leak", NULL};

/* What tells the format; the rest follows in read_options. */
static Status read_names(VectorRules *out, const Cli *cli)
{
    *out = (VectorRules){.bag = cli_text(cli, "bag"), .label = cli_text(cli, "label")};
    out->format = vectorformat_find(cli_text(cli, "format"));
    return import_flags_separator(&out->separator, cli);
}

Status import_bags_wanted(bool *out, VectorPeek *first, const Cli *cli)
{
    VectorRules rules;
    *first = (VectorPeek){0};
    TRY(read_names(&rules, cli));
    *out = rules.format != NULL;
    if (strcmp(cli_text(cli, "format"), "auto") != 0 || cli_has(cli, "sequence-column")) return OK;
    return import_vectors_wanted(out, first, cli->word[0], &rules);
}

static Status read_options(ImportVectorsOptions *out, const Cli *cli, const ImportFlagsRules *rules)
{
    static const char *const sparse[] = {"auto", "yes", "no", NULL};
    static const char *const others[] = {"sequence-column", "count-column", "merge", "empty",
                                         "region",          "extension",    NULL};
    int64_t n_feat = 0;
    int wish;
    TRY(import_flags_none(cli, others, "only for repertoires, and the file holds vectors"));
    TRY(import_flags_word(&wish, cli, "sparse", sparse));
    if (cli_has(cli, "n-features")) TRY(cli_int(&n_feat, cli, "n-features", 1, VECTORSPOOL_FEATURES));
    *out = (ImportVectorsOptions){0};
    TRY(read_names(&out->rules, cli));
    out->rules.rows = rules->rows;
    out->rules.n_feat = (int)n_feat;
    out->rules.sparse = (SparseWish)wish;
    out->rules.allow_leak = cli_has(cli, "allow-leak");
    return import_flags_options(&out->import, cli);
}

/* The columns of --skip, borrowed. */
static Status read_skips(const char ***out, int *n, const Cli *cli)
{
    int at = 0;
    const char **skip = malloc((size_t)CLI_MOST * sizeof *skip);
    *n = 0;
    *out = skip;
    if (!skip) return fail(ERR_MEMORY, "no memory for the columns of --skip");
    for (const char *text; (text = cli_next(cli, "skip", &at));) skip[(*n)++] = text;
    return OK;
}

static void print_summary(const ImportVectorsReport *r, const ImportOptions *options)
{
    const ImportReport *all = &r->import;
    log_info("%s%s: %d bags, %lld instances of %d features (%s) of %lld rows", options->dry_run ? "would write " : "",
             options->output, all->n_bag, (long long)r->n, r->n_feat, all->format, (long long)r->n_row);
    if (all->n_unlabelled > 0)
        log_info("%d of %d bags have no row in %s; they are kept without its labels", all->n_unlabelled, all->n_bag,
                 options->metadata);
    if (r->n_filtered > 0) log_info("rows left out by --include and --exclude: %lld", (long long)r->n_filtered);
    if (r->sparse)
        log_info("kept sparse: %lld numbers other than 0, %.3g %%", (long long)r->n_number,
                 100 * (double)r->n_number / ((double)r->n * (double)r->n_feat));
}

Status import_bags(Cli *cli, const VectorPeek *first)
{
    ImportVectorsOptions options;
    ImportVectorsReport report = {0};
    ImportFlagsRules rules = {0};
    const char **skip = NULL;
    Status status;
    TRY_DONE(import_flags_rules(&rules, cli));
    TRY_DONE(read_options(&options, cli, &rules));
    TRY_DONE(read_skips(&skip, &options.rules.n_skip, cli));
    options.rules.skip = skip;
    options.first = first;
    TRY_DONE(import_vectors_run(&report, &options));
    print_summary(&report, &options.import);
    if (cli->json && report.import.json) printf("%s\n", report.import.json);
done:
    free(report.import.json);
    free((void *)skip);
    import_flags_free(&rules);
    return status;
}
