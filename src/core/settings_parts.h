/* SPDX-License-Identifier: MIT
 *
 * settings_parts.h: what the files of the settings share. settings.c keeps the layers and answers questions,
 * settings_list.c those about lists of blocks, settings_block.c those about blocks of free keys.
 */
#ifndef HOPSACK_SETTINGS_PARTS_H
#define HOPSACK_SETTINGS_PARTS_H

#include "core/settings.h"
#include "core/yaml.h"

#include <limits.h>
#include <string.h>

#define FLAG_LAYER INT_MAX

typedef struct {
    const char *path, *origin; /* "mil.yaml:12" or "--train.lr" */
    int layer;
    YamlForm form;
    OptionValue value; /* of a YAML_VALUE */
    bool used;         /* somebody asked for it */
    bool hidden;       /* a later layer's list or kind took its place */
    const char *by;    /* origin of that kind */
} Entry;

typedef struct {
    const char *path;
    const char *key,
        *kind; /* "kind" and the kind of the block it belongs to, which was not chosen; NULL: it counts */
    bool list; /* of blocks */
} Known;

struct Settings {
    Entry *entry; /* [n_entry] */
    int n_entry, layer;
    Known *known; /* [n_known] */
    int n_known;
    const char *missing, *missing_help; /* the first setting needed and not given */
    void **owned;                       /* [n_owned] */
    int n_owned;
    bool quiet; /* settings_quiet */
};

/* Is `path` equal to or inside `block`? All is inside "". */
static inline bool settings_inside(const char *path, const char *block)
{
    const size_t n = strlen(block);
    return n == 0 || (strncmp(path, block, n) == 0 && (path[n] == '.' || !path[n]));
}

Status settings_push(Settings *s, const Entry *e); /* behind the others; what it points to is the settings' */
Status settings_keep_text(Settings *s, const char **out, const char *text);
Status settings_add_known(Settings *s, const char *path, const char *key, const char *kind);
void settings_mark_used(Settings *s, const char *path);

#endif
