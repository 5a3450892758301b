/* SPDX-License-Identifier: MIT
 *
 * option.h: one row a setting. From the row come the YAML key, the --section.key=value flag, the range check, the line
 * of --help, and the entry of the saved config.
 *
 * A table of rows fills one struct. Tables live beside the struct they fill and end with an empty row.
 */
#ifndef HOPSACK_OPTION_H
#define HOPSACK_OPTION_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    OPTION_INT,    /* int */
    OPTION_SEED,   /* uint64_t */
    OPTION_NUMBER, /* double; the word "auto" or "null", where the row's choices list it, is NaN */
    OPTION_BOOL,   /* bool: true or false */
    OPTION_TEXT,   /* const char *, NULL for null. Owned by the Settings it was bound from */
    OPTION_CHOICE, /* int: index of the word in `choices` */
    OPTION_BYTES,  /* int64_t: 1000, 64KB, 1GB, …; "all" is -1 */
    OPTION_TEXTS,  /* OptionTexts */
    OPTION_NUMBERS /* OptionNumbers */
} OptionKind;

typedef struct { int n; const char **text; } OptionTexts;   /* [n] owned by the Settings */
typedef struct { int n; double *number; } OptionNumbers;    /* [n] owned by the Settings */

typedef struct {
    const char *name;
    OptionKind  kind;
    size_t      at;       /* offsetof in the struct filled */
    const char *standard; /* default, as YAML would write it; NULL: none, the setting must be given */
    double      least, most; /* closed range of numbers, INT and BYTES; 0, 0: any */
    const char *choices;  /* CHOICE: "adam adamw sgd"; NUMBER: words that stand for NaN */
    const char *unit;     /* "updates", "bags", … or "" */
    const char *help;     /* one line */
} Option;

#define OPTION_BLOB 256 /* bytes a family member's options struct may have */

#endif
