/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/habits.h"
#include "core/nearest.h"
#include "core/textout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(Cli, field)
const Option cli_everywhere[] = {
    {"threads", OPTION_INT, AT(threads), "0", 0, 1024, NULL, "",
     "number of threads; 0: all cores the process may use"},
    {"seed", OPTION_SEED, AT(seed), "0", 0, 0, NULL, "", "random seed"},
    {"quiet", OPTION_BOOL, AT(quiet), "false", 0, 0, NULL, "", "print only errors and warnings"},
    {"verbose", OPTION_BOOL, AT(verbose), "false", 0, 0, NULL, "", "print more messages"},
    {"dry-run", OPTION_BOOL, AT(dry_run), "false", 0, 0, NULL, "",
     "report what would be done, and about how long and with how much memory; write nothing"},
    {"force", OPTION_BOOL, AT(force), "false", 0, 0, NULL, "", "overwrite existing files"},
    {"json", OPTION_BOOL, AT(json), "false", 0, 0, NULL, "", "print the result as one JSON object"},
    {"help", OPTION_BOOL, AT(help), "false", 0, 0, NULL, "", "show the options people use; also -h"},
    {0},
};

const Command *cli_command(const char *name)
{
    for (const Command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, name) == 0) return *c;
    return NULL;
}

static const char *dash(const char *name)
{
    return name[1] ? "--" : "-";
}

static const Option *find(const Option *rows, const char *name)
{
    for (; rows && rows->name; rows++)
        if (strcmp(rows->name, name) == 0) return rows;
    return NULL;
}

static const Option *find_own(const Command *command, const char *name)
{
    const Option *row = NULL;
    for (const OptionGroup *g = command->groups; g->rows && !row; g++) row = find(g->rows, name);
    return row;
}

bool cli_has_output(const Command *command)
{
    const Option *row = find_own(command, "o");
    return row && !(row->standard && strcmp(row->standard, "null") == 0);
}

static bool is_short_name(const Command *command, const char *name)
{
    return section_long_name(command->short_names, name) != name;
}

#define OWNED_MORE 64 /* at a time */

static Status own(Cli *cli, void *owned)
{
    if (!owned) return OK;
    const bool full = cli->n_owned % OWNED_MORE == 0;
    void **grown = full ? realloc(cli->owned, (size_t)(cli->n_owned + OWNED_MORE) * sizeof *grown) : cli->owned;
    if (!grown) {
        free(owned);
        return fail(ERR_MEMORY, "no memory for the command line");
    }
    cli->owned = grown;
    cli->owned[cli->n_owned++] = owned;
    return OK;
}

/* No list can be longer than the command line. */
static Status reserve(Cli *cli)
{
    const size_t n = (size_t)cli->argc + CLI_SPARE;
    cli->word = calloc(n, sizeof *cli->word);
    cli->setting = calloc(n, sizeof *cli->setting);
    cli->setting_value = calloc(n, sizeof *cli->setting_value);
    cli->given = calloc(n, sizeof *cli->given);
    cli->given_value = calloc(n, sizeof *cli->given_value);
    cli->scratch = calloc(n, sizeof *cli->scratch);
    const bool all =
        cli->word && cli->setting && cli->setting_value && cli->given && cli->given_value && cli->scratch;
    return all ? OK : fail(ERR_MEMORY, "no memory for the command line");
}

/* ---- unknown names ---- */

static void offer(Nearest *near, const char *known, const char *name)
{
    char shown[NEAREST_ROOM];
    snprintf(shown, sizeof shown, "%s%s", dash(name), name);
    nearest_offer(near, known, shown);
}

static void offer_key(void *context, const SectionKey *key)
{
    offer(context, key->path, key->path);
    if (key->chooses) offer(context, key->section, key->path); /* --pooling=max */
}

static void add(Nearest *near, const char *name)
{
    char shown[NEAREST_ROOM];
    snprintf(shown, sizeof shown, "%s%s", dash(name), name);
    nearest_add(near, shown);
}

/* An abbreviation is nearer than any misspelling. */
static void offer_flag(Nearest *near, const char *name, bool whole)
{
    const size_t n = strlen(near->name);
    if (whole)
        offer(near, name, name);
    else if (n > 1 && strncmp(name, near->name, n) == 0)
        add(near, name);
}

static void offer_flags(Nearest *near, const Command *command, bool whole)
{
    for (const OptionGroup *g = command->groups; g->rows; g++)
        for (const Option *row = g->rows; row->name; row++) offer_flag(near, row->name, whole);
    for (const Option *row = cli_everywhere; row->name; row++) offer_flag(near, row->name, whole);
    for (const ShortName *s = command->short_names; s && s->name; s++) offer_flag(near, s->name, whole);
}

static Status unknown_flag(const Command *command, const char *name)
{
    Nearest near;
    char names[NEAREST_MOST * NEAREST_ROOM];
    const char *meant = habits_meant(command, name);
    if (strcmp(name, "version") == 0 || strcmp(name, "V") == 0)
        return fail(ERR_USAGE, "%s%s goes without a command: hopsack --version", dash(name), name);
    nearest_start(&near, name, nearest_limit(name));
    if (meant)
        add(&near, meant);
    else
        offer_flags(&near, command, false);
    if (near.n == 0) {
        offer_flags(&near, command, true);
        if (command->table) section_walk(command->table, offer_key, &near);
    }
    if (near.n > 0)
        return fail(ERR_USAGE, "unknown flag %s%s: did you mean %s? (hopsack help %s lists all)", dash(name), name,
                    nearest_text(names, sizeof names, &near), command->name);
    return fail(ERR_USAGE, "unknown flag %s%s; hopsack help %s lists all", dash(name), name, command->name);
}

/* ---- parsing ---- */

typedef struct {
    char **argv; /* what follows the command's name */
    int argc, at;
    const char *name;  /* of the flag under way, without dashes */
    const char *value; /* behind '=', or NULL */
} OptionWalk;

/* Splits "--name=value" or "-o"/"-ovalue"; the name is copied, because argv keeps the whole. */
static Status split_flag(Cli *cli, OptionWalk *walk)
{
    const char *word = walk->argv[walk->at];
    const bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    const size_t n = is_long ? strcspn(name, "=") : 1;
    char *copy = strndup(name, n);
    if (!copy) return fail(ERR_MEMORY, "no memory for the command line");
    walk->name = copy;
    walk->value = NULL;
    if (name[n] == '=')
        walk->value = name + n + 1;
    else if (name[n])
        walk->value = name + n;
    return own(cli, copy);
}

/* The value of a flag that needs one: behind '=', else the next word. */
static Status take_value(OptionWalk *walk)
{
    char shown[NEAREST_ROOM];
    const bool next = !walk->value;
    if (next && walk->at + 1 >= walk->argc)
        return fail(ERR_USAGE, "%s%s needs a value", dash(walk->name), walk->name);
    if (next) walk->value = walk->argv[++walk->at];
    snprintf(shown, sizeof shown, "%s%s", dash(walk->name), walk->name);
    return habits_value(shown, walk->value, next);
}

/* "no-quiet" → "quiet" */
static const char *without_no(const char *name)
{
    return strncmp(name, "no-", 3) == 0 ? name + 3 : name;
}

/* A switch may have a value all the same, as --resume=yes, or be turned off by --no-resume. */
static Status take_switch(OptionWalk *walk, bool off)
{
    if (off && walk->value) return fail(ERR_USAGE, "--%s takes no value", walk->name);
    if (!walk->value) walk->value = off ? "false" : "true";
    if (option_bool(walk->value) >= 0) return OK;
    return fail(ERR_USAGE, "--%s takes no value, or true or false", walk->name);
}

/* A short name given again, where its setting is a list, adds to it. */
static Status add_to_list(Cli *cli, int at, const char *value)
{
    char *both;
    if (asprintf(&both, "%s,%s", cli->setting_value[at], value) < 0)
        return fail(ERR_MEMORY, "no memory for the command line");
    cli->setting_value[at] = both;
    return own(cli, both);
}

typedef struct {
    const char *path;
    bool list, is_switch;
} Ask;

static void ask_row(void *context, const SectionKey *key)
{
    Ask *ask = context;
    if (strcmp(key->path, ask->path) != 0) return;
    ask->list = option_is_list(key->row);
    ask->is_switch = key->row->kind == OPTION_BOOL;
}

static bool is_switch(const Command *command, const char *path)
{
    Ask ask = {.path = path};
    section_walk(command->table, ask_row, &ask);
    return ask.is_switch;
}

static Status take_setting(Cli *cli, const char *name, const char *value)
{
    Ask ask = {.path = section_long_name(cli->command->short_names, name)};
    if (ask.path != name) section_walk(cli->command->table, ask_row, &ask);
    for (int i = 0; ask.list && i < cli->n_setting; i++)
        if (strcmp(cli->setting[i], name) == 0) return add_to_list(cli, i, value);
    cli->setting[cli->n_setting] = name;
    cli->setting_value[cli->n_setting++] = value;
    return OK;
}

static Status take_row(Cli *cli, const Option *row, const char *value)
{
    const bool once = find(cli_everywhere, row->name) != row && !option_is_list(row);
    for (int i = 0; once && i < cli->n_given; i++)
        if (cli->given[i] == row) return fail(ERR_USAGE, "%s%s is given twice", dash(row->name), row->name);
    cli->given[cli->n_given] = row;
    cli->given_value[cli->n_given++] = value;
    return OK;
}

static const Option *find_row(const Command *command, const char *name)
{
    const Option *row = find_own(command, name);
    return row ? row : find(cli_everywhere, name);
}

static bool is_key(const Command *command, const char *name)
{
    return command->table && (strchr(name, '.') || is_short_name(command, name));
}

/* A boolean key of the config; true where the next word is none of its values. */
static Status take_key_switch(Cli *cli, OptionWalk *walk, const char *path)
{
    const bool off = path != walk->name && path == without_no(walk->name);
    const char *next = walk->at + 1 < walk->argc ? walk->argv[walk->at + 1] : "";
    if (!off && !walk->value && option_bool(next) >= 0) walk->value = walk->argv[++walk->at];
    if (!walk->value || off) TRY(take_switch(walk, off));
    return take_setting(cli, path, walk->value);
}

static bool may_be_empty(const Command *command, const Option *row, const char *name)
{
    Ask ask = {.path = section_long_name(command->short_names, name)};
    if (!row) section_walk(command->table, ask_row, &ask);
    return row ? option_is_list(row) : ask.list;
}

static Status take_valued(Cli *cli, OptionWalk *walk, const Option *row)
{
    const Command *command = cli->command;
    TRY(take_value(walk));
    if (!*walk->value && !may_be_empty(command, row, walk->name))
        return fail(ERR_USAGE, "%s%s= has no value; write it behind the '=' without a blank", dash(walk->name),
                    walk->name);
    if (!row) return take_setting(cli, walk->name, walk->value);
    TRY(take_row(cli, row, walk->value));
    return strcmp(walk->name, "seed") == 0 && command->table ? take_setting(cli, walk->name, walk->value) : OK;
}

/* --config=FILE: the word CONFIG. */
static Status take_config(Cli *cli, OptionWalk *walk)
{
    TRY(take_value(walk));
    cli->word[cli->n_word++] = walk->value;
    return OK;
}

static Status take_flag(Cli *cli, OptionWalk *walk)
{
    const Command *command = cli->command;
    TRY(habits_one_dash(command, walk->argv[walk->at]));
    TRY(split_flag(cli, walk));
    walk->name = strcmp(walk->name, "h") == 0 ? "help" : habits_name(command, walk->name);
    const char *plain = without_no(walk->name);
    const Option *row = find_row(command, walk->name), *off = row ? NULL : find_row(command, plain);
    if (off && off->kind != OPTION_BOOL) off = NULL;
    if (row && row->kind == OPTION_BOOL) off = row;
    if (off) {
        TRY(take_switch(walk, !row));
        return take_row(cli, off, walk->value);
    }
    if (row) return take_valued(cli, walk, row);
    if (command->table && strchr(plain, '.') && is_switch(command, plain)) return take_key_switch(cli, walk, plain);
    if (is_key(command, walk->name)) return take_valued(cli, walk, NULL);
    if (command->table && strcmp(walk->name, "config") == 0) return take_config(cli, walk);
    return unknown_flag(command, walk->name);
}

static Status take_words(Cli *cli, int argc, char **argv)
{
    bool only_words = false;
    OptionWalk walk = {.argv = argv, .argc = argc, .at = 2};
    for (; walk.at < argc; walk.at++) {
        const char *word = argv[walk.at];
        if (!only_words && strcmp(word, "--") == 0)
            only_words = true;
        else if (!only_words && word[0] == '-' && word[1])
            TRY(take_flag(cli, &walk));
        else {
            if (!only_words) TRY(habits_word(word));
            cli->word[cli->n_word++] = word;
        }
    }
    return OK;
}

/* ---- the structs that rows fill ---- */

static Status missing(const Command *c, const Option *row)
{
    return fail(ERR_USAGE, "%s%s is missing: usage is hopsack %s %s", dash(row->name), row->name, c->name, c->usage);
}

/* What was given for the row, else its default. */
static Status fill_row(Cli *cli, void *base, const Option *row)
{
    const char **text = cli->scratch;
    int n = 0;
    for (int i = 0; i < cli->n_given; i++)
        if (cli->given[i] == row) text[n++] = cli->given_value[i];
    if (n == 0 && !row->standard) return missing(cli->command, row);
    const bool list = option_is_list(row);
    const OptionValue given = {.list = list, .n = n, .text = list ? text : text + n - 1};
    const OptionValue standard = {
        .flag = true, .null = row->standard && strcmp(row->standard, "null") == 0, .n = 1, .text = &row->standard};
    void *owned;
    const Status status = option_set(base, row, n ? &given : &standard, &owned);
    TRY(own(cli, owned));
    return status == OK ? OK : fail_at(status, "%s%s", dash(row->name), row->name);
}

static Status fill_rows(Cli *cli, void *base, const Option *rows)
{
    for (const Option *row = rows; row && row->name; row++) TRY(fill_row(cli, base, row));
    return OK;
}

static Status check_words(const Cli *cli)
{
    const Command *c = cli->command;
    if (cli->n_word >= c->min_words && (c->max_words < 0 || cli->n_word <= c->max_words)) return OK;
    return fail(ERR_USAGE, "%s: usage is hopsack %s %s",
                cli->n_word < c->min_words ? "too few words" : cli->word[c->max_words], c->name, c->usage);
}

Status cli_parse(Cli *cli, const Command *command, int argc, char **argv)
{
    *cli = (Cli){.command = command, .argc = argc, .argv = argv};
    cli->flags = cli->filled;
    assert(command->size <= sizeof cli->filled);
    TRY(reserve(cli));
    TRY(take_words(cli, argc, argv));
    TRY(fill_rows(cli, cli, cli_everywhere));
    if (cli->help) return OK;
    TRY(check_words(cli));
    for (const OptionGroup *g = command->groups; g->rows; g++) TRY(fill_rows(cli, cli->filled, g->rows));
    return OK;
}

void cli_free(Cli *cli)
{
    for (int i = 0; i < cli->n_owned; i++) free(cli->owned[i]);
    void *const lists[] = {cli->owned, cli->word,        cli->setting, cli->setting_value,
                           cli->given, cli->given_value, cli->scratch};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) free(lists[k]);
    cli->owned = NULL;
    cli->n_owned = 0;
}

/* ---- for commands ---- */

Status cli_none(const Cli *cli, const Option *rows, const char *why)
{
    for (; rows->name; rows++)
        for (int i = 0; i < cli->n_given; i++)
            if (cli->given[i] == rows) return fail(ERR_USAGE, "--%s: %s", rows->name, why);
    return OK;
}

Status cli_one_output(const Cli *cli, const char *table)
{
    if (!cli->json || !table || !textout_is_stdout(table)) return OK;
    return fail(ERR_USAGE, "-o %s and --json both go to standard output; give one", table);
}
