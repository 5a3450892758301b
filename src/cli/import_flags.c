/* SPDX-License-Identifier: MIT */
#include "cli/import_flags.h"

#include <stdlib.h>
#include <string.h>

Status import_flags_word(int *out, const Cli *cli, const char *flag, const char *const *words)
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
    TRY(read_rules(&out->include, &out->n_include, &out->store[0], cli, "include"));
    return read_rules(&out->exclude, &out->n_exclude, &out->store[1], cli, "exclude");
}

void import_flags_free(ImportFlagsRules *rules)
{
    free(rules->include);
    free(rules->exclude);
    free(rules->store[0]);
    free(rules->store[1]);
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

Status import_flags_compress(bool *out, const Cli *cli)
{
    static const char *const words[] = {"gzip", "none", NULL};
    int number;
    TRY(import_flags_word(&number, cli, "compress", words));
    *out = number == 0;
    return OK;
}
