/* SPDX-License-Identifier: MIT */
#include "run/configflags.h"
#include "core/section.h"
#include "run/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const ShortName config_short_names[] = {
    {"target", "tasks.0.column", "column of the label to predict; replaces the tasks of CONFIG"},
    {"kind", "tasks.0.kind", "type of task, with --target"},
    {"positive", "tasks.0.positive", "value of the positive class, with --target"},
    {"group", "splits.group", NULL},
    {"batch-column", "splits.batch", NULL},
    {"splits", "splits.file", NULL},
    {"fold", "splits.fold", NULL},
    {"metadata", "data.metadata", NULL},
    {"id-column", "data.id_column", NULL},
    {0},
};

/* --target=COLUMN makes the one task. */
static Status add_target(Settings *s, const char *column, bool has_kind)
{
    TRY(settings_replace_list(s, "tasks", "--target"));
    TRY(settings_flag(s, "tasks.0.name", column, "--target"));
    TRY(settings_flag(s, "tasks.0.column", column, "--target"));
    return has_kind ? OK : settings_flag(s, "tasks.0.kind", "binary", "--target");
}

static bool is_flag(const char *flag, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(flag, name, n) == 0 && flag[n] == '=';
}

static bool has_flag(const char *const *flag, int n_flag, const char *name)
{
    for (int i = 0; i < n_flag; i++)
        if (is_flag(flag[i], name)) return true;
    return false;
}

/* has_kind: --kind says the kind of --target's task. */
static Status add_flag(Settings *s, const char *flag, bool has_kind)
{
    const char *equals = strchr(flag, '=');
    if (!equals) return fail(ERR_CONFIG, "--%s needs a value: --%s=VALUE", flag, flag);
    if (is_flag(flag, "target")) return add_target(s, equals + 1, has_kind);
    char *shown = NULL;
    if (asprintf(&shown, "--%.*s", (int)(equals - flag), flag) < 0) return fail(ERR_MEMORY, "no memory for a flag");
    const Status status = settings_flag(s, section_long_name(config_short_names, shown + 2), equals + 1, shown);
    free(shown);
    return status;
}

Status configflags_add(Settings *s, const char *const *flag, int n_flag)
{
    const bool has_kind = has_flag(flag, n_flag, "kind"), has_target = has_flag(flag, n_flag, "target");
    for (int i = 0; i < n_flag; i++) TRY(add_flag(s, flag[i], has_kind));
    if (has_flag(flag, n_flag, "positive") && !has_target)
        return fail(ERR_CONFIG,
                    "--positive goes with --target=COLUMN; for a task of the config, say --tasks.0.positive");
    if (has_kind && !has_target)
        return fail(ERR_CONFIG, "--kind goes with --target=COLUMN; for a task of the config, say --tasks.0.kind");
    return OK;
}
