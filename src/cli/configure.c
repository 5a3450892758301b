/* SPDX-License-Identifier: MIT */
#include "cli/configure.h"

#include <stdlib.h>
#include <string.h>

static Status join(char **out, const char *key, const char *value)
{
    const size_t n = strlen(key) + strlen(value) + 2;
    *out = malloc(n);
    if (!*out) return fail(ERR_MEMORY, "no memory for the command line");
    snprintf(*out, n, "%s=%s", key, value);
    return OK;
}

Status configure(Config *out, Cli *cli, const char *yaml)
{
    char *flag[CLI_MOST] = {0};
    Status status = OK;
    for (int i = 0; i < cli->n_setting; i++) TRY_DONE(join(&flag[i], cli->setting[i], cli->setting_value[i]));
    TRY_DONE(config_read(out, yaml, (const char *const *)flag, cli->n_setting));
    cli->seed = out->seed;
done:
    for (int i = 0; i < cli->n_setting; i++) free(flag[i]);
    return status;
}
