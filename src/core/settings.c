/* SPDX-License-Identifier: MIT
 *
 * settings.c: entries of all layers stay side by side in one list; which of them counts is decided when somebody asks.
 * There are tens of them, so every search is a walk.
 */
#include "core/settings_parts.h"
#include "core/configpath.h"
#include "core/file.h"
#include "core/log.h"
#include "core/nearest.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST   ((size_t)1 << 20) /* bytes of a config file */
#define STDIN_NAME  "standard input"  /* no file: a path of this name is found as ./standard input */
#define ORIGIN_ROOM 4300

/* ---- memory ---- */

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the settings");
}

/* Room for one more in an array that doubles at powers of two. */
static void *grow(void *array, int n, size_t size)
{
    return n & (n - 1) ? array : realloc(array, (n ? 2 * (size_t)n : 1) * size);
}

Status settings_new(Settings **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? OK : no_memory();
}

void settings_free(Settings *s)
{
    if (!s) return;
    for (int i = 0; i < s->n_owned; i++) free(s->owned[i]);
    free(s->owned);
    free(s->entry);
    free(s->known);
    free(s);
}

Status settings_keep(Settings *s, void *owned)
{
    if (!owned) return OK;
    void **grown = grow(s->owned, s->n_owned, sizeof *grown);
    if (!grown) {
        free(owned);
        return no_memory();
    }
    s->owned = grown;
    s->owned[s->n_owned++] = owned;
    return OK;
}

Status settings_keep_text(Settings *s, const char **out, const char *text)
{
    char *copy = strdup(text);
    *out = copy;
    return copy ? settings_keep(s, copy) : no_memory();
}

static Status keep_value(Settings *s, OptionValue *out, const OptionValue *value)
{
    const char **text = calloc((size_t)value->n + 1, sizeof *text);
    if (!text) return no_memory();
    TRY(settings_keep(s, text));
    for (int i = 0; i < value->n; i++) TRY(settings_keep_text(s, &text[i], value->text[i]));
    *out = *value;
    out->text = text;
    return OK;
}

/* ---- layers ---- */

Status settings_push(Settings *s, const Entry *e)
{
    Entry *grown = grow(s->entry, s->n_entry, sizeof *grown);
    if (!grown) return no_memory();
    s->entry = grown;
    s->entry[s->n_entry++] = *e;
    return OK;
}

static Status add_entry(Settings *s, const char *path, const char *origin, YamlForm form, const OptionValue *value)
{
    for (int i = 0; i < s->n_entry; i++)
        if (s->entry[i].layer == s->layer && strcmp(s->entry[i].path, path) == 0)
            return fail(ERR_CONFIG, "%s: '%s' is given twice (before: %s); keep one", origin, path,
                        s->entry[i].origin);

    Entry e = {.layer = s->layer, .form = form};
    TRY(settings_keep_text(s, &e.path, path));
    TRY(settings_keep_text(s, &e.origin, origin));
    if (value) TRY(keep_value(s, &e.value, value));
    if (form == YAML_BLOCKS || (value && value->list))
        for (int i = 0; i < s->n_entry; i++)
            if (s->entry[i].layer < s->layer && settings_inside(s->entry[i].path, path)) s->entry[i].hidden = true;

    return settings_push(s, &e);
}

typedef struct {
    Settings *s; /* NULL: only look for base */
    const char *name;
    char base[PATH_ROOM]; /* what the key base says, behind the folder of this file; "": nothing */
    int base_folder;      /* bytes of that folder */
    int base_line;
} Source;

static Status note_base(Source *source, int line, const OptionValue *value)
{
    if (source->base_line) return fail(ERR_CONFIG, "%s:%d: 'base' is given twice; keep one", source->name, line);
    source->base_line = line;
    if (!value || value->list) return fail(ERR_CONFIG, "%s:%d: base: takes the name of one file", source->name, line);
    const char *name = value->null ? "" : value->text[0], *slash = strrchr(source->name, '/');
    const bool whole = !*name || *name == '/' || (name[0] == '~' && name[1] == '/');
    const int folder = slash && !whole ? (int)(slash - source->name + 1) : 0;
    const int n = snprintf(source->base, sizeof source->base, "%.*s%s", folder, source->name, name);
    source->base_folder = folder;
    if (n < (int)sizeof source->base) return OK;
    return fail(ERR_CONFIG, "%s:%d: base: the name is too long", source->name, line);
}

static Status take_entry(void *context, const char *path, int line, YamlForm form, const OptionValue *value)
{
    Source *source = context;
    char origin[ORIGIN_ROOM];
    if (settings_inside(path, "base")) return note_base(source, line, value);
    if (!source->s) return OK;
    snprintf(origin, sizeof origin, "%s:%d", source->name, line);
    return add_entry(source->s, path, origin, form, value);
}

/* A layer of one text. */
static Status add_layer(Settings *s, const char *text, size_t n, const char *name)
{
    Source source = {.s = s, .name = name};
    s->layer++;
    TRY(yaml_read(text, n, name, take_entry, &source));
    if (!*source.base) return OK;
    return fail(ERR_CONFIG, "%s:%d: base: this file cannot have a base of its own; only one level is read", name,
                source.base_line);
}

Status settings_yaml(Settings *s, const char *text, size_t n, const char *name)
{
    return add_layer(s, text, n, name);
}

static Status read_file(char **text, size_t *n, const char *path)
{
    const bool is_stdin = strcmp(path, STDIN_NAME) == 0;
    const Status status = file_read_whole(text, n, is_stdin ? "/dev/stdin" : path, FILE_MOST);
    return status == ERR_FORMAT ? fail(ERR_CONFIG, "%s", status_sentence()) : status;
}

static Status add_base(Settings *s, const Source *from)
{
    char path[PATH_ROOM], *text;
    size_t n;
    Status status = configpath_find(path, from->base, (size_t)from->base_folder);
    if (status == OK) status = read_file(&text, &n, path);
    if (status != OK) return fail_at(status, "%s:%d: base", from->name, from->base_line);
    status = add_layer(s, text, n, path);
    free(text);
    return status;
}

Status settings_file(Settings *s, const char *name)
{
    Status status = OK;
    char path[PATH_ROOM], *text;
    Source look = {.name = path};
    size_t n;
    if (strcmp(name, "-") == 0)
        snprintf(path, sizeof path, "%s", STDIN_NAME);
    else
        TRY(configpath_find(path, name, 0));
    TRY(read_file(&text, &n, path));
    TRY_DONE(yaml_read(text, n, path, take_entry, &look));
    if (*look.base) TRY_DONE(add_base(s, &look));
    Source source = {.s = s, .name = path};
    s->layer++;
    TRY_DONE(yaml_read(text, n, path, take_entry, &source));
done:
    free(text);
    return status;
}

Status settings_flag(Settings *s, const char *path, const char *value, const char *shown)
{
    s->layer = FLAG_LAYER;
    if (strlen(path) > SETTINGS_KEY_ROOM - 100) return fail(ERR_CONFIG, "%.60s…: the name is too long", shown);
    if (!yaml_is_utf8(value) || !yaml_is_utf8(path))
        return fail(ERR_CONFIG, "%s: the value is not UTF-8 text", shown);
    const OptionValue given = {.flag = true, .null = strcmp(value, "null") == 0, .n = 1, .text = &value};
    return add_entry(s, path, shown, YAML_VALUE, &given);
}

Status settings_replace_list(Settings *s, const char *path, const char *shown)
{
    s->layer = FLAG_LAYER;
    return add_entry(s, path, shown, YAML_BLOCKS, NULL);
}

/* ---- questions ---- */

/* The entry at `path` that counts: the highest layer's. */
static Entry *find(const Settings *s, const char *path)
{
    Entry *found = NULL;
    for (int i = 0; i < s->n_entry; i++) {
        Entry *e = &s->entry[i];
        if (!e->hidden && strcmp(e->path, path) == 0 && (!found || e->layer > found->layer)) found = e;
    }
    return found;
}

Status settings_add_known(Settings *s, const char *path, const char *key, const char *kind)
{
    Known *grown = grow(s->known, s->n_known, sizeof *grown);
    if (!grown) return no_memory();
    s->known = grown;
    s->known[s->n_known] = (Known){.key = key, .kind = kind};
    return settings_keep_text(s, &s->known[s->n_known++].path, path);
}

void settings_mark_used(Settings *s, const char *path)
{
    for (int i = 0; i < s->n_entry; i++)
        if (strcmp(s->entry[i].path, path) == 0) s->entry[i].used = true;
}

Status settings_apply(const OptionValue **out, Settings *s, const char *path, const char *needed)
{
    TRY(settings_add_known(s, path, NULL, NULL));
    const Entry *e = find(s, path);
    *out = NULL;
    if (e && e->form == YAML_VALUE) {
        settings_mark_used(s, path);
        *out = &e->value;
    }
    if (!needed || s->missing || (*out && !(*out)->null)) return OK;
    s->missing = s->known[s->n_known - 1].path;
    s->missing_help = needed;
    return OK;
}

Status settings_other_kind(Settings *s, const char *path, const char *key, const char *kind)
{
    for (int i = 0; i < s->n_known; i++) /* kinds may share a name */
        if (!s->known[i].kind && strcmp(s->known[i].path, path) == 0) return OK;
    return settings_add_known(s, path, key, kind);
}

/* ---- kinds ---- */

void settings_afresh(Settings *s, const char *path, const char *key, const char *standard, const char *within)
{
    char kind_path[SETTINGS_KEY_ROOM];
    const char *word = standard;
    const Entry *kind = NULL; /* the last that changed the word */
    snprintf(kind_path, sizeof kind_path, "%s.%s", path, key);
    for (int i = 0; i < s->n_entry; i++) { /* from the lowest layer up */
        const Entry *e = &s->entry[i];
        if (e->hidden || e->form != YAML_VALUE || e->value.list || strcmp(e->path, kind_path) != 0) continue;
        if (strcmp(e->value.text[0], word) == 0) continue;
        word = e->value.text[0];
        kind = e;
    }
    for (int i = 0; kind && i < s->n_entry; i++) {
        Entry *e = &s->entry[i];
        if (e->hidden || e->layer >= kind->layer || !settings_inside(e->path, within)) continue;
        e->hidden = true;
        if (e->form == YAML_VALUE && strcmp(e->path, kind_path) != 0) e->by = kind->origin;
    }
}

/* Of what a later kind took out, the kind itself may still know the name: then somebody should hear of it. */
static void print_again(const Settings *s)
{
    for (int i = 0; i < s->n_entry && !s->quiet; i++) {
        const Entry *e = &s->entry[i];
        for (int j = 0; e->by && j < s->n_known; j++)
            if (!s->known[j].kind && strcmp(s->known[j].path, e->path) == 0)
                log_warn("%s: %s no longer counts, as %s chooses another kind; set it again if it should", e->origin,
                         e->path, e->by);
    }
}

/* ---- what was wrong ---- */

bool settings_given(const Settings *s, const char *path)
{
    const Entry *e = find(s, path);
    return e && e->form == YAML_VALUE && !e->value.null;
}

Status settings_fail_at(Status status, const Settings *s, const char *path)
{
    const Entry *e = find(s, path);
    if (!e) return fail_at(status, "%s", path);
    if (!e->value.flag) return fail_at(status, "%s: %s", e->origin, path);
    if (strcmp(e->origin + 2, path) == 0) return fail_at(status, "%s", e->origin);
    return fail_at(status, "%s (%s)", e->origin, path);
}

Status settings_fail(const Settings *s, const char *path, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return settings_fail_at(fail(ERR_CONFIG, "%s", sentence), s, path);
}

/* The known paths, and for a block the blocks they are in. */
static void offer_known(Nearest *near, const Settings *s, bool blocks)
{
    for (int i = 0; i < s->n_known; i++) {
        char name[SETTINGS_KEY_ROOM];
        snprintf(name, sizeof name, "%s", s->known[i].path);
        if (!blocks) nearest_offer(near, name, name);
        for (char *dot; blocks && (dot = strrchr(name, '.'));) {
            *dot = 0;
            nearest_offer(near, name, name);
        }
    }
}

/* Says why nobody asked for the entry; OK if it is an empty block, or the head of one. */
static Status explain(const Settings *s, const Entry *e)
{
    for (int i = 0; i < s->n_known; i++) {
        const char *known = s->known[i].path;
        const bool equal = strcmp(known, e->path) == 0;
        if (equal && s->known[i].kind)
            return fail(ERR_CONFIG, "%s: %s is a setting of %s %s, which is not the %s chosen", e->origin, e->path,
                        s->known[i].key, s->known[i].kind, s->known[i].key);
        if (settings_inside(e->path, known) && !s->known[i].list)
            return fail(ERR_CONFIG, "%s: %s is one value, not a block", e->origin, known);
        if (!settings_inside(known, e->path)) continue;
        if (e->form == YAML_BLOCK || (e->form == YAML_VALUE && e->value.null)) return OK;
        return fail(ERR_CONFIG, "%s: %s is one block of settings; write them below it, as 'name: value'", e->origin,
                    e->path);
    }
    Nearest near;
    char names[NEAREST_MOST * NEAREST_ROOM];
    nearest_start(&near, e->path, INT_MAX);
    offer_known(&near, s, e->form != YAML_VALUE);
    return fail(ERR_CONFIG, "%s: unknown setting '%s'; did you mean %s?", e->origin, e->path,
                nearest_text(names, sizeof names, &near));
}

Status settings_finish(const Settings *s)
{
    for (int i = 0; i < s->n_entry; i++)
        if (!s->entry[i].used && !s->entry[i].hidden) TRY(explain(s, &s->entry[i]));
    print_again(s);
    if (!s->missing) return OK;
    return fail(ERR_CONFIG, "%s must be given (%s): write it into the config file, or --%s=VALUE", s->missing,
                s->missing_help, s->missing);
}
