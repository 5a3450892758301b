/* SPDX-License-Identifier: MIT
 *
 * markup.h: HTML and SVG as one growing text. What comes from files and names goes through markup_text, which makes it mere
 * characters; markup_raw and markup_printf are for tags and numbers of our own.
 *
 *     Markup m;
 *     markup_open(&m);
 *     markup_raw(&m, "<p>");
 *     markup_text(&m, bag);
 *     markup_raw(&m, "</p>\n");
 *     TRY(markup_close(&text, &m));
 */
#ifndef HOPSACK_MARKUP_H
#define HOPSACK_MARKUP_H

#include "core/status.h"

#include <stddef.h>
#include <stdio.h>

typedef struct {
    FILE *out;    /* NULL: no memory, and writes do nothing */
    char *text;   /* what has been written, once it is closed */
    size_t n;     /* its bytes */
    int n_failed; /* writes that had no memory */
} Markup;

void markup_open(Markup *m);
void markup_raw(Markup *m, const char *tags);
void markup_printf(Markup *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `text` as characters, also within quotes of an attribute: & < > " ' become entities; control characters and bytes that are
 * not UTF-8 become \xHH as escape.h has it; NULL: nothing. */
void markup_text(Markup *m, const char *text);

/* A length in pixels: at most two decimals, no trailing zeros; what is not finite becomes 0. */
void markup_length(Markup *m, double value);

Status markup_close(char **text, Markup *m); /* *text: the caller's to free; NULL where it fails: ERR_MEMORY */
void markup_drop(Markup *m);                 /* accepts {0} and what has been closed */

#endif
