/* SPDX-License-Identifier: MIT
 *
 * cli.h: what the commands share: the descriptor of a command, its flags as rows, the parsed command line, exit codes.
 *
 * A command is one file, cmd_NAME.c, that defines `const Command command_NAME`, and one row in the table of main.c.
 * From its rows come parsing, checks and --help. Its function prints results to stdout, returns a Status with the
 * sentence recorded by `fail`, and never exits.
 *
 *     static const Flag flags[] = {
 *         {.name = "o", .value = "FILE", .help = "where the dataset is written", .needed = true},
 *         {.name = "rate", .value = "SHARE", .standard = "0.01", .unit = "of the sequences", .help = "…"},
 *         {.name = "compat", .help = "a switch"},
 *         {0}};
 *     static Status run(Cli *cli) { const char *out = cli_text(cli, "o"); double rate; TRY(cli_number(…)); … }
 *     const Command command_simulate = {.name = "simulate", .line = "writes a simulated dataset",
 *                                       .usage = "[CONFIG.yaml] -o OUT.h5", .flags = flags, .least = 0, .most = 1,
 *                                       .run = run};
 */
#ifndef HOPSACK_CLI_H
#define HOPSACK_CLI_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One flag: `--name=VALUE` or `--name VALUE`; a name of one letter is `-o VALUE`. A table ends with {0}. */
typedef struct {
    const char *name, *value; /* value: what stands for it in --help, "FILE"; NULL: a switch */
    const char *standard;     /* default, as one would write it; NULL: none */
    const char *unit;         /* "bags", "bytes", …; NULL: none */
    const char *help;
    bool repeat; /* may be given more than once */
    bool needed; /* must be given */
} Flag;

typedef struct Cli Cli;
typedef struct Command Command;

struct Command {
    const char *name, *line, *usage; /* usage: what follows "hopsack name " */
    const char *about;               /* paragraphs for --help, or NULL */
    const Flag *flags;               /* ends with {0}; NULL: none of its own */
    int least, most;                 /* words that are not flags; most -1: any number */
    bool settings;                   /* takes config keys: --section.key=value */
    bool short_names;                /* and the short ones: --target, --fold, … */
    void (*more)(FILE *out);         /* prints what --help adds at its end, or NULL */
    Status (*run)(Cli *cli);
};

#define CLI_MOST 512 /* flags and words of one command line */

struct Cli {
    const Command *command;
    int argc; /* the whole command line as given, for the manifest */
    char **argv;

    int n_word; /* words that are not flags, in order */
    const char *word[CLI_MOST + 1];
    int n_setting; /* config keys given as flags: "section.key" and the text after '=', in order */
    const char *setting[CLI_MOST], *setting_value[CLI_MOST];
    int n_given; /* the command's own flags */
    const Flag *given[CLI_MOST];
    const char *given_value[CLI_MOST]; /* "" for a switch */

    /* flags of every command */
    int threads;     /* 0: all cores the process may use */
    bool seed_given; /* also in `setting` as "seed" where the command takes settings */
    uint64_t seed;   /* 0 by default; a command with a config puts the resolved one here, for the last line */
    bool quiet, verbose, dry_run, force, json;

    const char *store[CLI_MOST]; /* names cut off at '=', owned */
    int n_store;
};

/* ---- for commands ---- */
bool cli_has(const Cli *cli, const char *flag);                  /* was it given? */
const char *cli_text(const Cli *cli, const char *flag);          /* last value, else the default, else NULL */
const char *cli_next(const Cli *cli, const char *flag, int *at); /* repeatable: start with *at = 0; NULL at the end */
Status cli_int(int64_t *out, const Cli *cli, const char *flag, int64_t least, int64_t most);
Status cli_number(double *out, const Cli *cli, const char *flag, double least, double most);

/* Nearest of the names (NULL-ended) within a third of its letters, else NULL. */
const char *cli_nearest(const char *name, const char *const *names);

/* ---- for main ---- */
extern const Command *const commands[];        /* ends with NULL */
const Command *command_find(const char *name); /* NULL if there is none */

/* Sets *help instead of failing on missing words when --help is among the flags. */
Status cli_parse(Cli *cli, bool *help, const Command *command, int argc, char **argv);
void cli_free(Cli *cli);
void cli_help(const Command *command, FILE *out);
void cli_list(FILE *out); /* the commands, a line each */

#endif
