/* SPDX-License-Identifier: MIT */
#include "cli/import_bags.h"
#include "cli/import_flags.h"
#include "cli/print.h"
#include "core/log.h"
#include "core/number.h"
#include "data/text/walk.h"
#include "data/sequences/format.h"
#include "data/vectors/import_vectors.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    Walk *walk;        /* [n_walk] of each word; empty: the word is no archive */
    const char **path; /* [n] borrowed from these, or words */
    int n_walk, n;
} ExpandedPaths;

/* What tells the format; the rest follows in read_options. */
static VectorRules read_names(const ImportFlags *flags)
{
    return (VectorRules){.format = vectorformat_find(flags->format),
                         .bag = flags->bag,
                         .label = flags->label,
                         .extension = strcmp(flags->extension, "auto") == 0 ? NULL : flags->extension,
                         .separator = import_flags_separator(flags)};
}

static bool is_repertoire(const VectorPeek *first)
{
    const FormatWish none = {0};
    return first->text && format_known(&first->first, &none);
}

Status import_bags_wanted(bool *out, VectorPeek *first, const Cli *cli, const char *path)
{
    const ImportFlags *flags = cli->flags;
    const VectorRules rules = read_names(flags);
    *first = (VectorPeek){0};
    *out = rules.format != NULL;
    if (strcmp(flags->format, "auto") != 0 || flags->sequence_column) return OK;
    TRY(import_vectors_wanted(out, first, path, &rules));
    if (*out && flags->bag && !flags->label) *out = !is_repertoire(first); /* --bag is a flag of both */
    return OK;
}

static void read_options(ImportVectorsOptions *out, const Cli *cli, const ImportFlagsRules *rules)
{
    const ImportFlags *flags = cli->flags;
    *out = (ImportVectorsOptions){.import = import_flags_options(cli), .rules = read_names(flags)};
    out->rules.rows = rules->rows;
    out->rules.n_feat = flags->n_features;
    out->rules.sparse = (SparseWish)flags->sparse;
    out->rules.allow_leak = flags->allow_leak;
}

/* Columns that an option names. */
typedef struct {
    const char **name; /* [n] in store */
    int n;
    char *store;
} ColumnList;

static void columns_free(ColumnList *l)
{
    free((void *)l->name);
    free(l->store);
}

/* Characters of the first name of a list: the longest that is a column, as names may hold commas, else up to a comma. */
static size_t name_length(const char *list, const Header *header)
{
    size_t longest = 0;
    for (int c = 0; c < header->n; c++) {
        const size_t n = strlen(header->name[c]);
        if (n > longest && strncmp(list, header->name[c], n) == 0 && (!list[n] || list[n] == ',')) longest = n;
    }
    return longest ? longest : strcspn(list, ",");
}

static void split_list(ColumnList *out, char *list, const Header *header)
{
    if (!*list) out->name[out->n++] = list; /* a column without a name */
    while (*list) {
        const size_t n = name_length(list, header);
        const bool last = !list[n];
        if (n > 0) out->name[out->n++] = list;
        list[n] = '\0';
        list += n + !last;
    }
}

/* "A,B" stands for two columns. */
static Status split_columns(ColumnList *out, const OptionTexts *given, const Header *header)
{
    size_t bytes = 1, most = 1;
    for (int i = 0; i < given->n; i++) {
        bytes += strlen(given->text[i]) + 1;
        for (const char *c = given->text[i]; c; c = strchr(c + 1, ',')) most++;
    }
    *out = (ColumnList){.name = calloc(most, sizeof *out->name), .store = calloc(bytes, 1)};
    if (!out->name || !out->store) return fail(ERR_MEMORY, "no memory for the names of columns");
    char *at = out->store;
    for (int i = 0; i < given->n; i++) {
        char *list = strcpy(at, given->text[i]);
        at += strlen(list) + 1;
        split_list(out, list, header);
    }
    return OK;
}

/* With --format the first file has not been looked at yet. */
static Status read_lists(VectorRules *rules, ColumnList *labels, ColumnList *skip, const ImportFlags *flags,
                         const VectorPeek *first, const char *path)
{
    VectorPeek own = {0};
    if (flags->labels.n == 0 && flags->skip.n == 0) return OK;
    if (!first->path) TRY(vectorformat_peek(&own, path, rules));
    const Header *header = first->path ? &first->first : &own.first;
    Status status = split_columns(labels, &flags->labels, header);
    if (status == OK) status = split_columns(skip, &flags->skip, header);
    rules->labels = labels->name, rules->n_labels = labels->n;
    rules->skip = skip->name, rules->n_skip = skip->n;
    vectorformat_peek_free(&own);
    return status;
}

static void expanded_free(ExpandedPaths *e)
{
    for (int i = 0; i < e->n_walk; i++) walk_free(&e->walk[i]);
    free(e->walk);
    free(e->path);
}

static Status add_word(ExpandedPaths *to, const char *word, const char *metadata)
{
    char *member;
    Walk *walk = &to->walk[to->n_walk];
    TRY(walk_first_member(&member, word));
    const bool archive = member != NULL;
    free(member);
    if (archive) TRY(walk_files(walk, &word, 1, WALK_AUTO, metadata));
    to->n_walk++;
    const int n = archive ? walk->n : 1;
    const char **grown = realloc(to->path, ((size_t)to->n + (size_t)n) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for the list of files");
    to->path = grown;
    for (int f = 0; f < n; f++) to->path[to->n++] = archive ? walk->file[f].path : word;
    return OK;
}

/* Archives become their members, in the place where they stand. */
static Status expand(ImportOptions *import, ExpandedPaths *to)
{
    to->walk = calloc((size_t)import->n_path + 1, sizeof *to->walk);
    if (!to->walk) return fail(ERR_MEMORY, "no memory for the list of files");
    for (int i = 0; i < import->n_path; i++) TRY(add_word(to, import->path[i], import->metadata));
    import->path = to->path;
    import->n_path = to->n;
    return OK;
}

static void print_summary(const ImportVectorsReport *r, const ImportOptions *options)
{
    const ImportReport *all = &r->import;
    log_info("%s%s: %d bag%s, %lld instance%s of %d feature%s (%s) of %lld row%s",
             options->dry_run ? "would write " : "", options->output, all->n_bag, number_plural(all->n_bag),
             (long long)r->n, number_plural(r->n), r->n_feat, number_plural(r->n_feat), all->format,
             (long long)r->n_row, number_plural(r->n_row));
    if (options->dry_run) print_estimate(&all->cost);
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
    ColumnList labels = {0}, skip = {0};
    const ImportFlags *flags = cli->flags;
    ExpandedPaths expanded = {0};
    Status status;
    TRY(cli_none(cli, import_flags_repertoires, "only for repertoires, and the file holds vectors"));
    if (flags->bags)
        return fail(ERR_USAGE, "--bags: not for text of vectors; import all of it, and choose from the dataset "
                               "(hopsack import all.h5 --bags=FILE -o some.h5)");
    TRY_DONE(import_flags_rules(&rules, flags));
    read_options(&options, cli, &rules);
    options.first = first;
    TRY_DONE(expand(&options.import, &expanded));
    TRY_DONE(read_lists(&options.rules, &labels, &skip, flags, first, options.import.path[0]));
    TRY_DONE(import_vectors_run(&report, &options));
    print_summary(&report, &options.import);
    if (cli->json && report.import.json) printf("%s\n", report.import.json);
done:
    free(report.import.json);
    import_flags_free(&rules);
    columns_free(&labels), columns_free(&skip);
    expanded_free(&expanded);
    return status;
}
