/* SPDX-License-Identifier: MIT */
#include "cli/configure.h"
#include "run/resume.h"

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

/* folder: of a run to go on with, or NULL. */
static Status read_config(Config *out, Cli *cli, const char *yaml, const char *folder)
{
    char *flag[CLI_MOST] = {0};
    Status status = OK;
    for (int i = 0; i < cli->n_setting; i++) TRY_DONE(join(&flag[i], cli->setting[i], cli->setting_value[i]));
    const char *const *flags = (const char *const *)flag;
    if (folder)
        TRY_DONE(resume_config(out, folder, yaml, flags, cli->n_setting));
    else
        TRY_DONE(config_read(out, yaml, flags, cli->n_setting));
    cli->seed = out->seed;
done:
    for (int i = 0; i < cli->n_setting; i++) free(flag[i]);
    return status;
}

Status configure(Config *out, Cli *cli, const char *yaml)
{
    return read_config(out, cli, yaml, NULL);
}

Status configure_resume(Config *out, Cli *cli, const char *yaml, const char *folder)
{
    return read_config(out, cli, yaml, resume_possible(folder) ? folder : NULL);
}
