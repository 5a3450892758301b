/* SPDX-License-Identifier: MIT
 *
 * textout.h: text output to a path, to "-" (stdout), or gzipped where the name ends in .gz. A regular file appears
 * whole or not at all; a pipe or device is written as it comes.
 */
#ifndef HOPSACK_TEXTOUT_H
#define HOPSACK_TEXTOUT_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct TextOut TextOut;

Status textout_open(TextOut **out, const char *path, bool force);
bool textout_is_stdout(const char *path); /* standard output by any of its names */
void textout_printf(TextOut *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void textout_write(TextOut *out, const char *bytes, size_t n);
/* A cell of a tab-separated table: quoted as RFC 4180 has it where a tab, quote or line end stands in it. Other control
 * characters are escaped (escape.h). */
void textout_cell(TextOut *out, const char *text);
void textout_text(TextOut *out, const char *text); /* a name in running text: escaped */
Status textout_check(const TextOut *out);          /* the first error of the writes so far */
Status textout_commit(TextOut *out);               /* reports the first error of all writes; frees */
void textout_drop(TextOut *out);                   /* frees without publishing; accepts NULL */

#endif
