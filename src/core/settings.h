/* SPDX-License-Identifier: MIT
 *
 * settings.h: what files and flags say, by path ("model.embedder.kernel", "tasks.0.weight"). core/section.h fills structs
 * from it.
 *
 * Layers: default < `base:` file (one level) < file < flags. A later layer's value takes the place of an earlier one's;
 * its list the place of the whole list (a flag --tasks.0.weight=1 changes one entry); and where it gives a block another
 * `kind`, the block starts afresh: what earlier layers said in it no longer counts.
 *
 *     Settings *s;
 *     TRY(settings_new(&s));
 *     TRY_DONE(settings_file(s, "mil.yaml"));
 *     TRY_DONE(settings_flag(s, "train.lr", "1e-3", "--train.lr"));
 *     TRY_DONE(section_bind(sections, &config, s));
 *     TRY_DONE(settings_finish(s));
 */
#ifndef HOPSACK_SETTINGS_H
#define HOPSACK_SETTINGS_H

#include "core/option.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_KEY_ROOM 600 /* bytes of a key with its path, such as train.lr */

typedef struct Settings Settings;

Status settings_new(Settings **out);
void settings_free(Settings *s); /* accepts NULL; ends the life of all texts and lists that came from it */

/* ---- layers, from the lowest up ---- */
/* A path, or a bare name as told in core/configpath.h; below it, the file it calls base, a path or a bare name too. */
Status settings_file(Settings *s, const char *name);
Status settings_yaml(Settings *s, const char *text, size_t n, const char *name); /* a text without base */
/* A setting of the layer of flags, the last; `shown` is the flag's name as typed. "null" is null, lists have commas. */
Status settings_flag(Settings *s, const char *path, const char *value, const char *shown);
Status settings_replace_list(Settings *s, const char *path, const char *shown); /* flags replace the whole list */

/* Makes one list of texts of the free keys inside the block `path`, before it is asked for: "KEY=VALUE|VALUE" each, with KEY
 * below `path`. In a list of blocks (`blocks`) each becomes one text, "KEY=VALUE; KEY=VALUE". The last layer that has any
 * replaces those before. Where the last layer has a list of texts, nothing is done. */
Status settings_texts(Settings *s, const char *path, bool blocks);
void settings_quiet(Settings *s); /* settings_finish does not warn of what a later kind took out */

/* ---- questions; a path asked for is known from then on ---- */
/* The value at `path`, NULL if not given. `needed`: what it is, if it must be given, else NULL. */
Status settings_apply(const OptionValue **out, Settings *s, const char *path, const char *needed);
Status settings_list(int *n, Settings *s, const char *path); /* how many blocks a list of blocks has */
/* The same of what may be one block or a list of them: 0 if it is one block, not in a list. Flags may add entries to
 * one block, which then is entry 0. */
Status settings_list_or_block(int *n, Settings *s, const char *path);
/* Applies a later choice by `key` ("kind") in block `path`, whose choice is `standard` where no layer says it: what
 * earlier layers said in `within`, the block or a part of it, no longer counts. */
void settings_afresh(Settings *s, const char *path, const char *key, const char *standard, const char *within);
/* `path` is a setting only where `key` ("kind") of its block chooses `kind`, which it does not. */
Status settings_other_kind(Settings *s, const char *path, const char *key, const char *kind);
Status settings_keep(Settings *s, void *owned); /* frees `owned` (may be NULL) with the settings, or now on failure */
/* Names an entry that nobody asked for, and the nearest known name; then what is needed and was not given. Warns of
 * settings that a later kind took out although it knows them too. */
Status settings_finish(const Settings *s);
bool settings_given(const Settings *s, const char *path); /* by any layer, and not null */

/* ERR_CONFIG with "file:line: path: " or "--flag: " in front; for a default, "path: ". */
Status settings_fail(const Settings *s, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
Status settings_fail_at(Status status, const Settings *s, const char *path); /* the same for a sentence recorded */

#endif
