/* SPDX-License-Identifier: MIT
 *
 * escape.h: text from files and names, made fit for one line of a terminal.
 *
 * Control characters and bytes that are not UTF-8 become \n, \t, \r or \xHH; all other text stays. A text escaped once is
 * not changed by a second time.
 */
#ifndef HOPSACK_ESCAPE_H
#define HOPSACK_ESCAPE_H

#include <stdarg.h>
#include <stddef.h>

/* `out` [room ≥ 1] ends with 0; text that does not fit is cut between two characters and ends with "…". Returns `out`. */
const char *escape_text(char *out, size_t room, const char *text);

/* The same of a printf: at most ESCAPE_MOST - 1 bytes of it. */
#define ESCAPE_MOST 4096
const char *escape_print(char *out, size_t room, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
