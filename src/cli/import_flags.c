/* SPDX-License-Identifier: MIT */
#include "cli/import_flags.h"
#include "data/sequences/import_sequences.h"
#include "data/vectors/import_vectors.h"

#include <stdlib.h>
#include <string.h>

#define MOST_FORMATS 64

const ImportKind *const import_flags_kinds[] = {&import_sequences_kind, &import_vectors_kind, NULL};

Status import_flags_word(int *out, const Cli *cli, const char *flag, const char *const *words)
{
    char list[800] = "";
    size_t at = 0;
    const char *given = cli_text(cli, flag);
    for (*out = 0; words[*out]; ++*out) {
        if (strcmp(words[*out], given) == 0) return OK;
        if (at < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", *out ? ", " : "", words[*out]);
    }
    return fail(ERR_USAGE, "--%s=%s: choose one of %s", flag, given, list);
}

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

Status import_flags_rules(ImportFlagsRules *out, const Cli *cli)
{
    *out = (ImportFlagsRules){0};
    TRY(read_rules(&out->rule[0], &out->rows.n_include, &out->store[0], cli, "include"));
    TRY(read_rules(&out->rule[1], &out->rows.n_exclude, &out->store[1], cli, "exclude"));
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

Status import_flags_none(const Cli *cli, const char *const *flags, const char *why)
{
    for (int i = 0; flags[i]; i++)
        if (cli_has(cli, flags[i])) return fail(ERR_USAGE, "--%s: %s", flags[i], why);
    return OK;
}

Status import_flags_separator(char *out, const Cli *cli)
{
    static const char *const words[] = {"auto", "tab", "comma", "semicolon", NULL};
    int number;
    TRY(import_flags_word(&number, cli, "separator", words));
    *out = "\0\t,;"[number];
    return OK;
}

Status import_flags_options(ImportOptions *out, const Cli *cli)
{
    static const char *const words[] = {"gzip", "none", NULL};
    int compress;
    TRY(import_flags_word(&compress, cli, "compress", words));
    *out = (ImportOptions){.path = cli->word,
                           .n_path = cli->n_word,
                           .output = cli_text(cli, "o"),
                           .metadata = cli_text(cli, "metadata"),
                           .id_column = cli_text(cli, "id-column"),
                           .compress = compress == 0,
                           .force = cli->force,
                           .dry_run = cli->dry_run};
    return OK;
}

Status import_flags_format(const Cli *cli)
{
    const char *known[MOST_FORMATS + 1] = {"auto"}, *name, *line;
    int n = 1, unused;
    for (int k = 0; import_flags_kinds[k]; k++)
        for (int i = 0; n < MOST_FORMATS && (name = import_flags_kinds[k]->format(&line, i)); i++) known[n++] = name;
    return import_flags_word(&unused, cli, "format", known);
}

void import_flags_formats(FILE *out, const ImportKind *kind)
{
    const char *name, *line;
    for (int i = 0; (name = kind->format(&line, i)); i++) fprintf(out, "  %-12s %s\n", name, line);
}
