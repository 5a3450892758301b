/* SPDX-License-Identifier: MIT
 *
 * cli.h: what the commands share: the descriptor of a command, the parsed command line.
 *
 * A command is one file, cmd_NAME.c, that defines `const Command command_NAME`, and one row in the table of main.c. Its
 * options are rows of core/option.h that fill a struct, as the settings of a config are: parsing, checks and help follow
 * from the rows. Its function prints results to stdout, returns a Status with the sentence recorded by `fail`, and never
 * exits.
 *
 *     typedef struct { const char *out; bool compat; } Flags;
 *     static const Option rows[] = {
 *         {"o", OPTION_TEXT, offsetof(Flags, out), NULL, 0, 0, NULL, "FILE", "dataset to write"},
 *         {"compat", OPTION_BOOL, offsetof(Flags, compat), "false", 0, 0, NULL, "", "DeepRC's rules"},
 *         {0}};
 *     static Status run(Cli *cli) { const Flags *flags = cli->flags; … flags->out … }
 *     const Command command_convert = {.name = "convert", .line = "convert a dataset", .usage = "DATA -o FILE",
 *                                      .example = "hopsack convert a.h5 -o b.h5", .groups = {{.rows = rows}},
 *                                      .size = sizeof(Flags), .min_words = 1, .max_words = 1, .run = run};
 *
 * How a row is written on the command line: `--name=VALUE` or `--name VALUE`, and `-o VALUE` if the name is one letter. A
 * boolean is a switch: `--name`, or `--no-name` for false. A list is given by repeating its option; each value stays as it is.
 */
#ifndef HOPSACK_CLI_H
#define HOPSACK_CLI_H

#include "core/option.h"
#include "core/section.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CLI_GROUPS 6   /* tables of rows of one command */
#define CLI_FLAGS  512 /* bytes of the struct they fill */
#define CLI_SPARE  16  /* settings that a command may add */

typedef struct Cli Cli;

typedef struct {
    const char *title;  /* above its options in help; NULL: "Options" */
    const Option *rows; /* ends with {0} */
} OptionGroup;

typedef struct {
    const char *name, *line;        /* line: what it does, for the list of commands */
    const char *usage, *example;    /* usage: what follows "hopsack name "; example: whole lines that work */
    const char *about;              /* paragraphs for `hopsack help NAME`, or NULL */
    const char *common;             /* names of the options that --help shows, parted by blanks: those people use */
    OptionGroup groups[CLI_GROUPS]; /* of its own; ends with {0} */
    size_t size;                    /* of the struct that they fill, ≤ CLI_FLAGS */
    int min_words, max_words;       /* words that are not options; max -1: any number */
    const Section *table;           /* of the config keys it takes as --section.key=VALUE, or NULL: none */
    const ShortName *short_names;   /* of those keys; or NULL */
    void (*more)(FILE *out);        /* prints what `hopsack help NAME` adds at its end, or NULL */
    Status (*run)(Cli *cli);
} Command;

struct Cli {
    const Command *command;
    int argc; /* the whole command line as given, for the manifest */
    char **argv;

    int n_word;        /* words that are not options, in order */
    const char **word; /* [n_word] */
    int n_setting;     /* config keys given as options: "section.key" or a short name, and the value, in order */
    const char **setting, **setting_value; /* [n_setting], and CLI_SPARE more that the command may add */
    const void *flags;                     /* the struct of the command's rows */

    /* options of every command */
    int threads;   /* 0: all cores the process may use */
    uint64_t seed; /* also in `setting` where it is given and the command takes settings; such a command puts the
                      resolved one here, for the last line */
    bool quiet, verbose, dry_run, force, json, help;

    /* inside */
    int n_given;
    const Option **given;     /* [n_given] */
    const char **given_value; /* "true" of a switch */
    const char **scratch;     /* values of one row */
    int n_owned;
    void **owned; /* [n_owned] */
    _Alignas(8) unsigned char filled[CLI_FLAGS];
};

/* ---- for commands ---- */
/* ERR_USAGE if one of the table's rows was given: "--name: why". */
Status cli_none(const Cli *cli, const Option *rows, const char *why);
/* ERR_USAGE if a table goes to standard output, where --json writes too. */
Status cli_one_output(const Cli *cli, const char *table);

/* ---- for main and help ---- */
extern const Command *const commands[];       /* ends with NULL */
const Command *cli_command(const char *name); /* NULL if there is none */
bool cli_has_output(const Command *command);  /* is its result written to -o? */
extern const Option cli_everywhere[];         /* options of every command; they fill Cli */

/* With cli->help nothing else is checked. */
Status cli_parse(Cli *cli, const Command *command, int argc, char **argv);
void cli_free(Cli *cli);

#endif
