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
#include <stdio.h>

typedef enum {
    OPTION_INT,    /* int; a word of the row's choices is 0 */
    OPTION_SEED,   /* uint64_t */
    OPTION_NUMBER, /* double; a word of the row's choices ("auto", "null") is NaN */
    OPTION_BOOL,   /* bool: true or false; also yes, no, on, off, 1, 0 in any case */
    OPTION_TEXT, /* const char *, NULL for null. Owned by the Settings it was bound from. With the unit FILE, RUN or OUT
                      a path, whose leading ~ is expanded */
    OPTION_CHOICE, /* int: index of the word in `choices` */
    OPTION_BYTES,  /* int64_t: 1000, 64KB, 1GB, …; "all" is -1 */
    OPTION_TEXTS,  /* OptionTexts */
    OPTION_NUMBERS /* OptionNumbers */
} OptionKind;

typedef struct {
    int n;
    const char **text; /* [n] owned by the Settings */
} OptionTexts;

typedef struct {
    int n;
    double *number; /* [n] owned by the Settings */
} OptionNumbers;

typedef struct {
    const char *name;
    OptionKind kind;
    size_t at;            /* offsetof in the struct filled */
    const char *standard; /* default, as a flag would write it; NULL: none, the setting must be given */
    double least, most;   /* closed range of numbers, INT and BYTES; 0, 0: any */
    const char *choices;  /* CHOICE: "adam adamw sgd"; NUMBER and INT: words that stand for NaN and 0;
                           * TEXTS: words that need no list */
    const char *unit;     /* "updates", "bags", …; of a text what stands for it in help, "FILE", "COLUMN"; or "" */
    const char *help;     /* one line that begins with what the setting is: "learning rate" */
} Option;

#define OPTION_BLOB 256 /* bytes a family member's options struct may have */

/* What was written for a setting. */
typedef struct {
    bool flag;               /* on the command line: one text, which for a list is split at commas */
    bool list;               /* [a, b] instead of one value */
    bool null;               /* null, ~ or nothing, unquoted */
    int n;                   /* 1 unless list */
    const char *const *text; /* [n]; outlives the struct filled, as texts are not copied */
} OptionValue;

/* Checks `value` by the row and stores it in `out`, the struct that rows fill. The sentence of ERR_CONFIG says what is
 * wrong, not where. Lists get memory of their own, handed out in *owned (else NULL; also on failure), which the caller
 * frees when the struct is no longer used. */
Status option_set(void *out, const Option *row, const OptionValue *value, void **owned);

/* The stored value's text i = 0 … n-1, in `buffer` or as stored; NULL for null. A list may have none. */
#define OPTION_ROOM 64
int option_count(const void *in, const Option *row); /* 1 unless a list */
const char *option_text(char buffer[OPTION_ROOM], const void *in, const Option *row, int i);
bool option_is_list(const Option *row);

int option_bool(const char *text);                      /* 1, 0; -1: none of the words of a boolean */
int option_word(const char *choices, const char *word); /* its place among words parted by blanks; -1 if it is none */

/* ---- for help ---- */
#define OPTION_WORDS_ROOM 256
const char *
option_type(const Option *row); /* "integer", "number", "boolean", "text", "choice", "size", "list of …" */
bool option_has_range(const Option *row);
/* What stands for the value: "FILE", "N", "adam|adamw|sgd". */
const char *option_value_name(char buffer[OPTION_WORDS_ROOM], const Option *row);
/* "integer from 1 to 64 residues, or auto". */
const char *option_values(char buffer[2 * OPTION_WORDS_ROOM], const Option *row);

#endif
