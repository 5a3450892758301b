/* SPDX-License-Identifier: MIT
 *
 * escape.h: text from files and names, made fit for one line of a terminal.
 *
 * Control characters (C0, DEL, C1, those that turn the direction of text, the separators of lines and paragraphs) and bytes
 * that are not UTF-8 become \n, \t, \r or \xHH; all other text stays. A text escaped once is not changed by a second time.
 */
#ifndef HOPSACK_ESCAPE_H
#define HOPSACK_ESCAPE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* `out` [room ≥ 1] ends with 0; text that does not fit is cut between two characters and ends with "…". Returns `out`. */
const char *escape_text(char *out, size_t room, const char *text);

/* `text` as one word of a shell's command line, in single quotes where it needs them. out [room ≥ 8]: 4 strlen(text) + 3 hold
 * any; what does not fit is cut. Returns `out`. */
const char *escape_word(char *out, size_t room, const char *text);

bool escape_is_control(const char *text); /* does a control character stand in it? */

/* The same for a stream of text, where tabs and ends of lines stay, and so do bytes that are neither UTF-8 nor a control
 * character of an older code. `out` [4 · n] gets *n_out bytes. Returns how many of `bytes` [n + 1], ended by a 0, were used: all
 * but the beginning of a character at the end. */
size_t escape_stream(char *out, size_t *n_out, const char *bytes, size_t n);

/* A text of JSON: there control characters become \uHHHH, which reads back the same. Caller frees; NULL: no memory. */
char *escape_json(const char *json);

/* The same of a printf: at most ESCAPE_MOST - 1 bytes of it. */
#define ESCAPE_MOST 4096
const char *escape_print(char *out, size_t room, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
