/* SPDX-License-Identifier: MIT
 *
 * section.h: a config described by tables. A Section is a block of settings: the rows that fill a struct, at a path. What
 * describes a config is bound to settings, written as YAML and explained by walking the same table of sections.
 *
 * Some blocks are families: their key `kind` chooses which more rows there are, and the options struct they fill (the key
 * may have another name, if the block is about more than it). Some are lists, `tasks.0`, `tasks.1`, …: each entry has
 * the section's rows.
 */
#ifndef HOPSACK_SECTION_H
#define HOPSACK_SECTION_H

#include "core/option.h"
#include "core/settings.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *name;   /* word of `kind` */
    const Option *rows; /* of this kind alone; NULL: none */
} Member;

typedef struct {
    const char *standard, *help;            /* of the key `kind` */
    bool (*member)(Member *out, int place); /* false behind the last */
    const char *key;                        /* the key's name if it is not "kind". Then a later choice starts only the
                                               members' rows afresh, not the whole block */
} Family;

typedef struct {
    const char *path;     /* "model.selection"; "": the top. A table ends with NULL */
    const Option *rows;   /* NULL: none but the family's */
    size_t at;            /* offset of the struct that rows fill, in the whole; in a list, in its entry */
    const Family *family; /* NULL: none */
    size_t kind_at;       /* offset of the int that gets the place of `kind` */
    size_t options_at;    /* offset of what the member's rows fill */
    size_t entry_size;    /* of a list: bytes of an entry; 0: no list */
    int most;             /* one block or a list of up to so many; entries lie side by side, the first where the one
                             block does. 0: no such. Further sections of its path hold for one block only: beside a
                             list they have their defaults */
    bool inside;     /* a list alone, of up to `most`, whose entries lie within the whole, from list_at on. Nothing
                             is written of a list without entries: older versions can read the rest */
    size_t count_at; /* offset of the int that gets the number of entries */
    size_t list_at;  /* offset of the pointer to them */
    bool omits;      /* rows at their defaults are left out of what is written: older versions can read it */
    bool keeps;      /* a later `kind` starts nothing afresh: the rows mean the same for all kinds */
} Section;

/* Fills `whole`, which is {0} before. Sections with one first part of their paths stand together in the table. */
Status section_bind(const Section *table, void *whole, Settings *s);

/* YAML text of all settings, the caller's to free. Bound again it gives the same struct, and the same text. */
Status section_write(char **text, const Section *table, const void *whole);

/* ---- asking about keys ---- */

typedef struct {
    const char *path;       /* "train.lr", "tasks.0.name" */
    const char *section;    /* "train", "tasks" */
    const Option *row;      /* lasts as long as the visit */
    const char *key, *kind; /* "model.embedder.kind", "lstm": a setting of this kind alone; NULL: of all */
    bool chooses;           /* it is the key that chooses among kinds */
} SectionKey;
typedef void SectionVisit(void *context, const SectionKey *key);

void section_walk(const Section *table, SectionVisit *visit, void *context); /* every key, as in the table */

/* Another name of a setting on the command line: --group=COLUMN is --splits.group=COLUMN. A table ends with {0}. */
typedef struct {
    const char *name, *path;
    const char *help; /* NULL: that of the setting */
} ShortName;
const char *section_long_name(const ShortName *names, const char *name); /* its path; `name` if it is none of them */

#endif
