/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "core/nearest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Flag everywhere[] = {
    {.name = "threads", .value = "N", .standard = "0", .unit = "threads", .help = "0: all cores the process may use"},
    {.name = "seed", .value = "N", .standard = "0", .help = "seed of all that is drawn at random"},
    {.name = "quiet", .help = "errors and warnings only"},
    {.name = "verbose", .help = "more about what is done"},
    {.name = "dry-run", .help = "say what would be done; write nothing"},
    {.name = "force", .help = "overwrite what exists"},
    {.name = "json", .help = "print the result as one JSON object"},
    {.name = "help", .help = "this text"},
    {0},
};

/* Config keys that have a name of their own on the command line (see config.h). */
static const Flag short_settings[] = {
    {.name = "target", .value = "COLUMN", .help = "one binary task of this label column; replaces tasks"},
    {.name = "positive", .value = "CELL", .help = "the cell that means positive, with --target"},
    {.name = "group", .value = "COLUMN", .help = "splits.group: equal values stay in one part"},
    {.name = "splits", .value = "FILE", .help = "splits.file: table of bag and fold"},
    {.name = "fold", .value = "N", .standard = "0", .help = "splits.fold: which fold is the test part"},
    {.name = "metadata", .value = "FILE", .help = "data.metadata: label table"},
    {.name = "id-column", .value = "COLUMN", .standard = "auto", .help = "data.id_column: column of bag IDs"},
    {0},
};

/* ---- names ---- */

const char *cli_nearest(const char *name, const char *const *names)
{
    const char *best = NULL;
    int best_distance = 1 + ((int)strlen(name) + 1) / 3;
    for (; *names; names++) {
        const int d = nearest_distance(name, *names);
        if (d < best_distance) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}

const Command *command_find(const char *name)
{
    for (const Command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, name) == 0) return *c;
    return NULL;
}

static const Flag *find(const Flag *flags, const char *name)
{
    for (; flags && flags->name; flags++)
        if (strcmp(flags->name, name) == 0) return flags;
    return NULL;
}

static bool is_everywhere(const Flag *flag)
{
    return flag >= everywhere && flag < everywhere + sizeof everywhere / sizeof *everywhere;
}

static int gather(const char **names, int n, const Flag *flags)
{
    for (; flags && flags->name && n < CLI_MOST; flags++) names[n++] = flags->name;
    return n;
}

static Status unknown_flag(const Command *command, const char *name)
{
    const char *names[CLI_MOST + 1];
    int n = gather(names, 0, command->flags);
    n = gather(names, n, everywhere);
    if (command->short_names) n = gather(names, n, short_settings);
    names[n] = NULL;
    const char *near = cli_nearest(name, names);
    const char *dash = strlen(name) == 1 ? "-" : "--";
    if (near)
        return fail(ERR_USAGE, "unknown flag %s%s: did you mean %s%s? (hopsack %s --help lists all)", dash, name,
                    strlen(near) == 1 ? "-" : "--", near, command->name);
    return fail(ERR_USAGE, "unknown flag %s%s; hopsack %s --help lists all", dash, name, command->name);
}

/* ---- parsing ---- */

typedef struct {
    char **argv; /* what follows the command's name */
    int argc, at;
    const char *name;  /* of the flag under way, without dashes */
    const char *value; /* behind '=', or NULL */
} Walk;

/* Splits "--name=value" or "-o"/"-ovalue"; the name is copied, because argv keeps the whole. */
static Status split_flag(Cli *cli, Walk *walk)
{
    const char *word = walk->argv[walk->at];
    const bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    size_t n = is_long ? strcspn(name, "=") : 1;
    if (cli->n_store == CLI_MOST) return fail(ERR_USAGE, "more than %d flags", CLI_MOST);
    char *copy = strndup(name, n);
    if (!copy) return fail(ERR_MEMORY, "no memory for the command line");
    cli->store[cli->n_store++] = copy;
    walk->name = copy;
    walk->value = NULL;
    if (name[n] == '=')
        walk->value = name + n + 1;
    else if (name[n])
        walk->value = name + n;
    return OK;
}

/* The value of a flag that needs one: behind '=', else the next word. */
static Status take_value(Walk *walk)
{
    if (walk->value) return OK;
    const char *dash = strlen(walk->name) == 1 ? "-" : "--";
    if (walk->at + 1 >= walk->argc) return fail(ERR_USAGE, "%s%s needs a value", dash, walk->name);
    walk->value = walk->argv[++walk->at];
    return OK;
}

static Status parse_whole(int64_t *out, const char *name, const char *text, int64_t least, int64_t most)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < least || value > most)
        return fail(ERR_USAGE, "--%s=%s is not a whole number from %lld to %lld", name, text, (long long)least,
                    (long long)most);
    *out = value;
    return OK;
}

static Status parse_seed(uint64_t *out, const char *text)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (end == text || *end || errno || *text == '-')
        return fail(ERR_USAGE, "--seed=%s is not a whole number from 0 to 18446744073709551615", text);
    return OK;
}

static Status take_everywhere(Cli *cli, bool *help, const Walk *walk)
{
    const char *name = walk->name;
    int64_t whole = 0;
    if (strcmp(name, "threads") == 0) TRY(parse_whole(&whole, name, walk->value, 0, 1024));
    cli->threads = strcmp(name, "threads") == 0 ? (int)whole : cli->threads;
    if (strcmp(name, "seed") == 0) {
        TRY(parse_seed(&cli->seed, walk->value));
        cli->seed_given = true;
    }
    if (strcmp(name, "quiet") == 0) cli->quiet = true;
    if (strcmp(name, "verbose") == 0) cli->verbose = true;
    if (strcmp(name, "dry-run") == 0) cli->dry_run = true;
    if (strcmp(name, "force") == 0) cli->force = true;
    if (strcmp(name, "json") == 0) cli->json = true;
    if (strcmp(name, "help") == 0) *help = true;
    return OK;
}

static Status take_setting(Cli *cli, const char *name, const char *value)
{
    if (cli->n_setting == CLI_MOST) return fail(ERR_USAGE, "more than %d settings", CLI_MOST);
    cli->setting[cli->n_setting] = name;
    cli->setting_value[cli->n_setting++] = value;
    return OK;
}

static Status take_given(Cli *cli, const Flag *flag, const char *value)
{
    const char *dash = strlen(flag->name) == 1 ? "-" : "--";
    if (cli->n_given == CLI_MOST) return fail(ERR_USAGE, "more than %d flags", CLI_MOST);
    if (!flag->repeat && cli_has(cli, flag->name)) return fail(ERR_USAGE, "%s%s is given twice", dash, flag->name);
    cli->given[cli->n_given] = flag;
    cli->given_value[cli->n_given++] = value ? value : "";
    return OK;
}

static Status take_flag(Cli *cli, bool *help, Walk *walk)
{
    TRY(split_flag(cli, walk));
    if (strcmp(walk->name, "h") == 0) walk->name = "help";
    const Command *command = cli->command;
    const Flag *flag = find(command->flags, walk->name);
    if (!flag) flag = find(everywhere, walk->name);
    const bool setting = !flag && ((command->settings && strchr(walk->name, '.')) ||
                                   (command->short_names && find(short_settings, walk->name)));
    if (!flag && !setting) return unknown_flag(command, walk->name);

    if (setting || flag->value)
        TRY(take_value(walk));
    else if (walk->value)
        return fail(ERR_USAGE, "--%s takes no value", walk->name);
    if (setting) return take_setting(cli, walk->name, walk->value);
    if (!is_everywhere(flag)) return take_given(cli, flag, walk->value);
    TRY(take_everywhere(cli, help, walk));
    if (strcmp(walk->name, "seed") == 0 && command->settings) return take_setting(cli, walk->name, walk->value);
    return OK;
}

static Status check_words(const Cli *cli)
{
    const Command *c = cli->command;
    if (cli->n_word < c->least || (c->most >= 0 && cli->n_word > c->most))
        return fail(ERR_USAGE, "%s: usage is hopsack %s %s",
                    cli->n_word < c->least ? "too few words" : cli->word[c->most], c->name, c->usage);
    for (const Flag *f = c->flags; f && f->name; f++)
        if (f->needed && !cli_has(cli, f->name))
            return fail(ERR_USAGE, "%s%s is missing: usage is hopsack %s %s", strlen(f->name) == 1 ? "-" : "--",
                        f->name, c->name, c->usage);
    return OK;
}

Status cli_parse(Cli *cli, bool *help, const Command *command, int argc, char **argv)
{
    *cli = (Cli){.command = command, .argc = argc, .argv = argv};
    *help = false;
    bool only_words = false;
    Walk walk = {.argv = argv, .argc = argc, .at = 2};
    for (; walk.at < argc; walk.at++) {
        const char *word = argv[walk.at];
        if (!only_words && strcmp(word, "--") == 0)
            only_words = true;
        else if (!only_words && word[0] == '-' && word[1])
            TRY(take_flag(cli, help, &walk));
        else if (cli->n_word == CLI_MOST)
            return fail(ERR_USAGE, "more than %d words", CLI_MOST);
        else
            cli->word[cli->n_word++] = word;
    }
    return *help ? OK : check_words(cli);
}

void cli_free(Cli *cli)
{
    for (int i = 0; i < cli->n_store; i++) free((void *)(uintptr_t)cli->store[i]);
    cli->n_store = 0;
}

/* ---- what was given ---- */

bool cli_has(const Cli *cli, const char *flag)
{
    for (int i = 0; i < cli->n_given; i++)
        if (strcmp(cli->given[i]->name, flag) == 0) return true;
    return false;
}

const char *cli_text(const Cli *cli, const char *flag)
{
    for (int i = cli->n_given - 1; i >= 0; i--)
        if (strcmp(cli->given[i]->name, flag) == 0) return cli->given_value[i];
    const Flag *row = find(cli->command->flags, flag);
    return row ? row->standard : NULL;
}

const char *cli_next(const Cli *cli, const char *flag, int *at)
{
    while (*at < cli->n_given) {
        const int i = (*at)++;
        if (strcmp(cli->given[i]->name, flag) == 0) return cli->given_value[i];
    }
    return NULL;
}

Status cli_int(int64_t *out, const Cli *cli, const char *flag, int64_t least, int64_t most)
{
    return parse_whole(out, flag, cli_text(cli, flag), least, most);
}

Status cli_number(double *out, const Cli *cli, const char *flag, double least, double most)
{
    const char *text = cli_text(cli, flag);
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value) || value < least || value > most)
        return fail(ERR_USAGE, "--%s=%s is not a number from %g to %g", flag, text, least, most);
    *out = value;
    return OK;
}

/* ---- help ---- */

static void help_flags(const char *heading, const Flag *flags, FILE *out)
{
    if (!flags || !flags->name) return;
    fprintf(out, "\n%s\n", heading);
    for (const Flag *f = flags; f->name; f++) {
        char left[96];
        const int one = strlen(f->name) == 1;
        snprintf(left, sizeof left, "%s%s%s%s", one ? "-" : "--", f->name, f->value ? (one ? " " : "=") : "",
                 f->value ? f->value : "");
        fprintf(out, "  %-26s %s", left, f->help);
        if (f->standard)
            fprintf(out, " [%s%s%s]", f->standard, f->unit ? " " : "", f->unit ? f->unit : "");
        else if (f->unit)
            fprintf(out, " [%s]", f->unit);
        fprintf(out, "%s%s\n", f->repeat ? " (repeatable)" : "", f->needed ? " (needed)" : "");
    }
}

void cli_help(const Command *command, FILE *out)
{
    fprintf(out, "hopsack %s %s\n\n%s\n", command->name, command->usage, command->line);
    if (command->about) fprintf(out, "\n%s\n", command->about);
    help_flags("Options [default]", command->flags, out);
    if (command->short_names) help_flags("Short names of config keys", short_settings, out);
    help_flags("Options of every command", everywhere, out);
    if (!command->more) return;
    fputc('\n', out);
    command->more(out);
}

void cli_list(FILE *out)
{
    fprintf(out, "hopsack <command> [CONFIG.yaml] [--section.key=value ...] [options]\n\n");
    for (const Command *const *c = commands; *c; c++) fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->line);
    fprintf(out, "\nhopsack <command> --help: every option, its default and unit; hopsack help config: every key\n");
}
