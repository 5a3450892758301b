/* SPDX-License-Identifier: MIT */
#include "cli/configure.h"
#include "core/path.h"
#include "run/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- words ---- */

static bool is_hdf5(const char *path)
{
    static const char mark[8] = "\x89HDF\r\n\x1a\n";
    char bytes[sizeof mark];
    struct stat s;
    FILE *file = stat(path, &s) == 0 && S_ISREG(s.st_mode) ? fopen(path, "rbe") : NULL; /* not from a pipe */
    const bool is = file && fread(bytes, sizeof bytes, 1, file) == 1 && memcmp(bytes, mark, sizeof mark) == 0;
    if (file) fclose(file);
    return is;
}

static bool is_data(const char *word)
{
    return path_ends(word, ".h5") || path_ends(word, ".hdf5") || is_hdf5(word);
}

static bool is_config(const char *word)
{
    return path_ends(word, ".yaml") || path_ends(word, ".yml") || path_ends(word, ".json");
}

/* The place of DATA among the words; -1: it is not there. */
static int data_place(const Cli *cli, bool data_first)
{
    const int n = cli->n_word;
    for (int i = 0; i < n; i++)
        if (is_data(cli->word[i])) return i;
    for (int i = 0; i < n; i++)
        if (is_config(cli->word[i])) return n == 2 ? 1 - i : -1;
    if (data_first && n > 0) return 0;
    return n == 2 ? 1 : -1;
}

static Status add_data(Cli *cli, const char *data)
{
    for (int i = 0; i < cli->n_setting; i++) {
        if (strcmp(cli->setting[i], "data.path") != 0) continue;
        if (strcmp(cli->setting_value[i], data) == 0) return OK;
        return fail(ERR_USAGE, "two datasets are given, %s and --data.path=%s; keep one", data,
                    cli->setting_value[i]);
    }
    cli->setting[cli->n_setting] = "data.path";
    cli->setting_value[cli->n_setting++] = data;
    return OK;
}

Status configure_words(const char **yaml, Cli *cli, bool data_first)
{
    const int data = data_place(cli, data_first);
    *yaml = NULL;
    for (int i = 0; i < cli->n_word; i++)
        if (i != data) *yaml = cli->word[i];
    if (*yaml && data >= 0 && is_data(*yaml))
        return fail(ERR_USAGE, "'%s': one dataset and at most one CONFIG are expected", *yaml);
    if (cli->n_word == 2 && is_config(cli->word[0]) && is_config(cli->word[1]))
        return fail(ERR_USAGE,
                    "two configs are given, %s and %s, but one dataset and at most one CONFIG are expected; a config "
                    "names another that it builds on as 'base: FILE'",
                    cli->word[0], cli->word[1]);
    return data >= 0 ? add_data(cli, cli->word[data]) : OK;
}

/* ---- settings ---- */

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
    char **flag = calloc((size_t)cli->n_setting + 1, sizeof *flag);
    if (!flag) return fail(ERR_MEMORY, "no memory for the command line");
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
    free(flag);
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
