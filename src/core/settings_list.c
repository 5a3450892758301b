/* SPDX-License-Identifier: MIT
 *
 * settings_list.c: lists of blocks, and blocks of which there may be several.
 */
#include "core/settings_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* "tasks.12.name" → 12; -1 if what follows the list's name is no number. */
static int list_place(const char *path, const char *list)
{
    const char *number = path + strlen(list) + 1;
    const size_t n = strspn(number, "0123456789");
    return n > 0 && n < 6 && (number[n] == '.' || !number[n]) ? atoi(number) : -1;
}

static bool has_inside(const Settings *s, const char *list, int place)
{
    char path[SETTINGS_KEY_ROOM];
    snprintf(path, sizeof path, "%s.%d", list, place);
    for (int i = 0; i < s->n_entry; i++)
        if (!s->entry[i].hidden && settings_inside(s->entry[i].path, path)) return true;
    return false;
}

static Status check_list_entry(const Entry *e, const char *list, int n)
{
    const bool itself = strcmp(e->path, list) == 0;
    const bool nothing = e->form == YAML_VALUE && (e->value.null || (e->value.list && e->value.n == 0));
    if (itself ? e->form == YAML_VALUE && !nothing : list_place(e->path, list) < 0)
        return fail(ERR_CONFIG, "%s: '%s' is a list of blocks; begin each with '- '", e->origin, list);
    if (!itself && list_place(e->path, list) >= n)
        return fail(ERR_CONFIG, "%s: '%s' has %d %s, numbered from 0", e->origin, list, n,
                    n == 1 ? "entry" : "entries");
    return OK;
}

/* --model.layers=[] is a list without entries: it takes the place of what files and earlier flags say. */
static void empty_by_flag(Settings *s, const char *list)
{
    for (int i = 0; i < s->n_entry; i++) {
        const Entry *flag = &s->entry[i];
        if (flag->layer != FLAG_LAYER || flag->form != YAML_VALUE || strcmp(flag->path, list) != 0) continue;
        if (flag->value.n != 1 || flag->value.null || strcmp(flag->value.text[0], "[]") != 0) continue;
        for (int j = 0; j < s->n_entry; j++)
            if ((s->entry[j].layer < FLAG_LAYER || j <= i) && settings_inside(s->entry[j].path, list))
                s->entry[j].hidden = true;
    }
}

Status settings_list(int *n, Settings *s, const char *path)
{
    TRY(settings_add_known(s, path, NULL, NULL));
    empty_by_flag(s, path);
    s->known[s->n_known - 1].list = true;
    for (*n = 0; has_inside(s, path, *n);) ++*n;
    for (int i = 0; i < s->n_entry; i++) {
        const Entry *e = &s->entry[i];
        if (!e->hidden && settings_inside(e->path, path)) TRY(check_list_entry(e, path, *n));
    }
    settings_mark_used(s, path);
    return OK;
}

/* ---- one block or a list of them ---- */

/* Is the entry a part of a list at `path`? 1, of one block there: -1, neither: 0. */
static int form_of(const Entry *e, const char *path)
{
    if (!settings_inside(e->path, path)) return 0;
    if (e->path[strlen(path)]) return list_place(e->path, path) >= 0 ? 1 : -1;
    return e->form == YAML_BLOCKS ? 1 : e->form == YAML_BLOCK ? -1 : 0;
}

/* A later file's block takes the place of a whole list. */
static void hide_lists(Settings *s, const char *path)
{
    int layer = 0;
    for (int i = 0; i < s->n_entry; i++) {
        const Entry *e = &s->entry[i];
        if (!e->hidden && e->layer < FLAG_LAYER && form_of(e, path) < 0 && e->layer > layer) layer = e->layer;
    }
    for (int i = 0; i < s->n_entry; i++)
        if (s->entry[i].layer < layer && form_of(&s->entry[i], path) > 0) s->entry[i].hidden = true;
}

static bool has_form(const Settings *s, const char *path, int form, bool flags)
{
    for (int i = 0; i < s->n_entry; i++) {
        const Entry *e = &s->entry[i];
        if (!e->hidden && (e->layer == FLAG_LAYER) == flags && form_of(e, path) == form) return true;
    }
    return false;
}

/* The settings of the one block become those of the list's entry 0. */
static Status make_first(Settings *s, const char *path)
{
    char name[SETTINGS_KEY_ROOM];
    for (int i = 0; i < s->n_entry; i++) {
        Entry *e = &s->entry[i];
        if (e->hidden || form_of(e, path) >= 0) continue;
        snprintf(name, sizeof name, "%s.0%s", path, e->path + strlen(path));
        for (int j = 0; e->form == YAML_VALUE && j < s->n_entry; j++)
            if (s->entry[j].layer == e->layer && strcmp(s->entry[j].path, name) == 0)
                return fail(ERR_CONFIG, "%s: '%s' is the setting of %s too; keep one", e->origin, e->path,
                            s->entry[j].origin);
        TRY(settings_keep_text(s, &e->path, name));
    }
    return OK;
}

/* Entry 0 of a list that flags alone make; it says nothing. */
static Status add_standard(Settings *s, const char *path)
{
    char name[SETTINGS_KEY_ROOM];
    Entry e = {.layer = FLAG_LAYER, .form = YAML_BLOCK};
    snprintf(name, sizeof name, "%s.0", path);
    TRY(settings_keep_text(s, &e.path, name));
    e.origin = e.path;
    return settings_push(s, &e);
}

static Status check_flags(const Settings *s, const char *path)
{
    for (int i = 0; i < s->n_entry; i++) {
        const Entry *e = &s->entry[i];
        if (e->hidden || e->layer != FLAG_LAYER || form_of(e, path) >= 0) continue;
        return fail(ERR_CONFIG, "%s: %s is a list here; say which entry: --%s.0%s=VALUE", e->origin, path, path,
                    e->path + strlen(path));
    }
    return OK;
}

Status settings_list_or_block(int *n, Settings *s, const char *path)
{
    *n = 0;
    hide_lists(s, path);
    if (!has_form(s, path, 1, false) && !has_form(s, path, 1, true)) return OK;
    if (has_form(s, path, 1, false)) TRY(check_flags(s, path));
    TRY(make_first(s, path));
    if (!has_form(s, path, 1, false) && !has_inside(s, path, 0)) TRY(add_standard(s, path));
    return settings_list(n, s, path);
}
