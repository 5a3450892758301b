/* SPDX-License-Identifier: MIT
 *
 * textin.h: lines of a text file, one after the other, whatever it comes in (bytes.h): a pipe, a compression, UTF-16, a
 * member of a zip archive. Line ends are \n, \r\n, or \r alone where the file knows no \n; a byte-order mark and a
 * missing final newline are understood. Memory is one buffer, which grows to the longest line.
 */
#ifndef HOPSACK_TEXTIN_H
#define HOPSACK_TEXTIN_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct TextIn TextIn;

#define TEXTIN_LINE_MOST (64u << 20) /* bytes; a longer line is no table's */

Status textin_open(TextIn **out, const char *path); /* ERR_IO; ERR_FORMAT: what is no text is named */
/* The next line, NUL-ended, without its line end, valid and writable until the next call; NULL at the end. ERR_FORMAT:
 * a damaged or cut compression, a NUL byte, an endless line. */
Status textin_line(TextIn *in, char **line, size_t *length);
Status textin_rewind(TextIn *in);    /* the next line is the first again */
int textin_number(const TextIn *in); /* of the line given last, from 1 */
const char *textin_path(const TextIn *in);
void textin_close(TextIn *in); /* accepts NULL */

/* The whole file as one block, caller frees; a NUL is put behind. ERR_FORMAT if it has more than `most` bytes. */
Status textin_whole(char **out, size_t *n, const char *path, size_t most);

/* Splits a line into cells at `separator`, in place: cell [most] get pointers to NUL-ended text. A cell in double
 * quotes loses them, and "" in it becomes ". Returns the number of cells in the line, which may exceed `most`;
 * -1: a quote is not closed. */
int textin_split(char **cell, int most, char *line, size_t length, char separator);

#endif
