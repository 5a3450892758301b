/* SPDX-License-Identifier: MIT */
#include "study/settinglist.h"
#include "core/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 16

/* ---- a config's text, flat ---- */

/* The keys that a line stands below. An entry of a list is one level below the list's key, whose indent it shares. */
typedef struct {
    int n, level[DEEPEST];
    char key[DEEPEST][64];
} KeyPath;

static void leave(KeyPath *p, int level)
{
    while (p->n > 0 && p->level[p->n - 1] >= level) p->n--;
}

static void enter(KeyPath *p, int level, const char *key, size_t n)
{
    leave(p, level);
    if (p->n == DEEPEST) return;
    p->level[p->n] = level;
    snprintf(p->key[p->n++], sizeof *p->key, "%.*s", (int)n, key);
}

static void enter_entry(KeyPath *p, int level)
{
    char number[16] = "0";
    while (p->n > 0 && p->level[p->n - 1] > level) p->n--;
    if (p->n > 0 && p->level[p->n - 1] == level) snprintf(number, sizeof number, "%d", atoi(p->key[p->n - 1]) + 1);
    enter(p, level, number, strlen(number));
}

static Status add(SettingList *l, const KeyPath *p, const char *value)
{
    char path[DEEPEST * 65] = "";
    ListedSetting *grown = realloc(l->setting, ((size_t)l->n + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d settings", l->n + 1);
    l->setting = grown;
    for (int k = 0, at = 0; k < p->n; k++) at += sprintf(path + at, "%s%s", k ? "." : "", p->key[k]);
    grown[l->n] = (ListedSetting){.path = strdup(path), .value = strdup(value)};
    l->n++;
    return grown[l->n - 1].path && grown[l->n - 1].value ? OK : fail(ERR_MEMORY, "no memory for %d settings", l->n);
}

static Status read_line(SettingList *l, KeyPath *p, char *line)
{
    size_t indent = strspn(line, " ");
    for (; strncmp(line + indent, "- ", 2) == 0; indent += 2) enter_entry(p, 2 * (int)indent + 1);
    char *key = line + indent, *colon = strstr(key, ": ");
    if (!colon && path_ends(key, ":")) colon = key + strlen(key) - 1;
    if (!colon) return *key ? add(l, p, key) : OK;
    enter(p, 2 * (int)indent, key, (size_t)(colon - key));
    return colon[1] ? add(l, p, colon + 2) : OK;
}

static Status flatten(SettingList *out, const Config *config)
{
    char *text, *rest = NULL;
    KeyPath place = {.n = 0};
    Status status = OK;
    *out = (SettingList){.n = 0};
    TRY(config_text(&text, config));
    for (char *line = strtok_r(text, "\n", &rest); line && status == OK; line = strtok_r(NULL, "\n", &rest))
        status = read_line(out, &place, line);
    free(text);
    return status;
}

void settinglist_free(SettingList *l)
{
    for (int k = 0; k < l->n; k++) {
        free(l->setting[k].path);
        free(l->setting[k].value);
        free(l->setting[k].standard);
    }
    free(l->setting);
    *l = (SettingList){.n = 0};
}

const char *settinglist_value(const SettingList *l, const char *path)
{
    for (int k = 0; k < l->n; k++)
        if (strcmp(l->setting[k].path, path) == 0) return l->setting[k].value;
    return "";
}

/* ---- defaults ---- */

typedef enum { SETTING_FREE, SETTING_CHOICE, SETTING_NEEDED } SettingRole;

/* What must be given; what decides which other keys there are: kinds, and what a kind of splits needs. */
static SettingRole role_of(const ListedSetting *s)
{
    static const char *const path[] = {"splits.file",  "splits.columns",  "splits.group",
                                       "splits.batch", "train.optimizer", NULL};
    if (strcmp(s->path, "data.path") == 0 || strncmp(s->path, "tasks.", 6) == 0) return SETTING_NEEDED;
    if (strncmp(s->path, "search.", 7) == 0) return SETTING_FREE;
    if (path_ends(s->path, ".kind")) return SETTING_CHOICE;
    for (const char *const *name = path; *name; name++)
        if (strcmp(s->path, *name) == 0) return SETTING_CHOICE;
    return SETTING_FREE;
}

static bool is_given(const ListedSetting *s)
{
    return strcmp(s->value, "null") != 0 && strcmp(s->value, "[]") != 0;
}

/* "path=value" as a flag; lists lose their brackets, texts their quotes. NULL: no memory. */
static char *flag_of(const ListedSetting *s)
{
    char *flag;
    size_t n = strlen(s->value), from = 0;
    if (n >= 2 && strchr("[\"'", s->value[0]) && strchr("]\"'", s->value[n - 1])) from = 1, n -= 2;
    return asprintf(&flag, "%s=%.*s", s->path, (int)n, s->value + from) < 0 ? NULL : flag;
}

/* The settings of a config with the same values where the role is at least `least`, all else at its defaults. ERR_CONFIG: they need
 * more. */
static Status list_defaults(SettingList *out, const SettingList *l, SettingRole least)
{
    Config config;
    Status status = OK;
    int n = 0;
    char **flag = calloc((size_t)l->n + 1, sizeof *flag);
    if (!flag) return fail(ERR_MEMORY, "no memory for %d settings", l->n);
    for (int k = 0; k < l->n; k++) {
        if (role_of(&l->setting[k]) < least || !is_given(&l->setting[k])) continue;
        flag[n] = flag_of(&l->setting[k]);
        if (!flag[n++]) TRY_DONE(fail(ERR_MEMORY, "no memory for %d settings", l->n));
    }
    TRY_DONE(config_vary(&config, "seed: 0\n", "defaults", (const char *const *)flag, n));
    status = flatten(out, &config);
    config_free(&config);
done:
    for (int k = 0; k < n; k++) free(flag[k]);
    free((void *)flag);
    return status;
}

/* Settings of one role against a list of defaults. */
static Status compare(SettingList *l, const SettingList *standard, SettingRole role)
{
    for (int k = 0; k < l->n; k++) {
        ListedSetting *s = &l->setting[k];
        const char *value = settinglist_value(standard, s->path);
        if (role_of(s) != role || strcmp(value, s->value) == 0) continue;
        s->standard = strdup(value);
        if (!s->standard) return fail(ERR_MEMORY, "no memory for %d settings", l->n);
    }
    return OK;
}

static Status compare_all(SettingList *l)
{
    SettingList same_kinds = {.n = 0}, plain = {.n = 0};
    Status status = list_defaults(&same_kinds, l, SETTING_CHOICE);
    if (status == OK) status = list_defaults(&plain, l, SETTING_NEEDED);
    if (status == OK) status = compare(l, &same_kinds, SETTING_FREE);
    if (status == OK) status = compare(l, &plain, SETTING_CHOICE);
    l->compared = status == OK;
    settinglist_free(&same_kinds);
    settinglist_free(&plain);
    return status == ERR_CONFIG ? OK : status;
}

Status settinglist_make(SettingList *out, const Config *config)
{
    Status status = flatten(out, config);
    if (status == OK) status = compare_all(out);
    if (status != OK) settinglist_free(out);
    return status;
}
