/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "run/config.h"

#include <string.h>

static Status run(Cli *cli)
{
    const char *topic = cli->n_word > 0 ? cli->word[0] : NULL;
    if (!topic) {
        cli_list(stdout);
        return OK;
    }
    if (strcmp(topic, "config") == 0) {
        config_help(stdout);
        return OK;
    }
    const Command *command = command_find(topic);
    if (!command) return fail(ERR_USAGE, "no help on '%s'; topics are the commands and config", topic);
    cli_help(command, stdout);
    return OK;
}

const Command command_help = {.name = "help",
                              .line = "lists the commands; help COMMAND its options; help config every key",
                              .usage = "[COMMAND | config]",
                              .most = 1,
                              .run = run};
