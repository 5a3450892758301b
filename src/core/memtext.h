/* SPDX-License-Identifier: MIT
 *
 * memtext.h: the end of a text that stdio wrote into memory.
 *
 *     char *text = NULL;
 *     size_t n = 0;
 *     FILE *out = open_memstream(&text, &n);
 *     if (out) fprintf(out, …);
 *     if (!memtext_close(out, &text)) return fail(ERR_MEMORY, …);
 */
#ifndef HOPSACK_MEMTEXT_H
#define HOPSACK_MEMTEXT_H

#include <stdbool.h>
#include <stdio.h>

/* False where memory ran out, at the opening (`out` NULL), in between, or now, which glibc tells by a text of NULL alone; the
 * text is then freed, and NULL. */
bool memtext_close(FILE *out, char **text);

#endif
