/* SPDX-License-Identifier: MIT
 *
 * settings.h: what files and flags say, by path ("model.embedder.kernel", "tasks.0.weight"), and how it fills structs.
 *
 * Layers: default < `base:` file (one level) < file < flags. A later layer's value takes the place of an earlier one's; its
 * list the place of the whole list (a flag --tasks.0.weight=1 changes one entry); and where it gives a block another
 * `kind`, the block starts afresh: what earlier layers said in it no longer counts.
 *
 *     Settings *s;
 *     TRY(settings_new(&s));
 *     TRY_DONE(settings_file(s, "mil.yaml"));
 *     TRY_DONE(settings_flag(s, "train.lr", "1e-3", "--train.lr"));
 *     TRY_DONE(settings_bind(s, sections, &config));
 *     TRY_DONE(settings_finish(s));      an entry that nothing used, a setting that must be given
 *
 * A Section is a table of rows at a path. A table of sections describes a config: it is bound, written and explained by
 * walking the same table.
 */
#ifndef HOPSACK_SETTINGS_H
#define HOPSACK_SETTINGS_H

#include "core/option.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One of the kinds a block can be of, and the rows that belong to it. */
typedef struct {
    const char *name;
    const Option *rows; /* NULL: none of its own */
} Member;

typedef struct {
    const char *path;   /* "model.selection"; "": the top; "tasks": see list */
    const Option *rows; /* always there; NULL: none */
    size_t at;          /* of the struct they fill */
    bool (*member)(Member *out,
                   int place);  /* of a family: kind number `place`, false behind the last; NULL: no family */
    size_t kind_at, options_at; /* family: of the int that gets the place of `kind`, and of what its rows fill */
    const char *standard;       /* family: kind by default; list: unused */
    size_t list_size; /* of a list of blocks "tasks.0", "tasks.1", …: bytes of an entry; 0: no list. Then `at` is of
                             * an int (number of entries) directly followed, at list_at, by a pointer to them, */
    size_t list_at;   /* and kind_at and options_at count from an entry, whose rows begin at its start */
} Section;

typedef struct Settings Settings;

Status settings_new(Settings **out);
void settings_free(Settings *s); /* accepts NULL; ends the life of texts and lists bound from it */

Status settings_file(Settings *s, const char *path); /* a layer, above that of its `base:` */
Status settings_yaml(Settings *s, const char *text, size_t n, const char *name); /* the same; `base:` is an error */
/* One setting of the layer of flags; `shown` is what the user typed, for messages. "null" is null, lists have commas. */
Status settings_flag(Settings *s, const char *path, const char *value, const char *shown);
Status settings_clear_list(Settings *s, const char *path); /* flags replace the whole list */

/* Fills the struct `whole` by a table of sections that ends with an empty one. */
Status settings_bind(Settings *s, const Section *sections, void *whole);
Status settings_finish(Settings *s);

bool settings_given(const Settings *s, const char *path); /* by any layer, and not null */

/* fail, with "where: path: " in front: file and line, or the flag, or (not given) nothing. */
Status settings_fail(const Settings *s, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* YAML text of all that sections describe, the caller's to free; and the text of `hopsack help config`. */
Status settings_write(char **out, const Section *sections, const void *whole);
void settings_help(FILE *out, const Section *sections);

#endif
