/* SPDX-License-Identifier: MIT
 *
 * jsontext.h: jansson values to text, numbers with the fewest digits that read back.
 */
#ifndef HOPSACK_JSONTEXT_H
#define HOPSACK_JSONTEXT_H

#include "core/status.h"

#include <jansson.h>

typedef enum {
    JSONTEXT_LINE,
    JSONTEXT_PAGES,
    JSONTEXT_SORTED
} JsonStyle; /* one line; indented; one line, sorted keys */

/* The text, the caller's to free. Takes over `value`; NULL (memory ran out while it was built) is ERR_MEMORY. */
Status jsontext(char **out, json_t *value, JsonStyle style);

/* json_dumps, the text to be freed by free(). NULL: no memory, or not UTF-8. */
char *jsontext_dump(const json_t *value, size_t flags);

/* *out NULL: there is no such file, or it is no JSON, which *error tells where it is not NULL. ERR_IO: it cannot be read. */
Status jsontext_load(json_t **out, const char *path, json_error_t *error);

json_t *jsontext_real(double value); /* null where it is not finite */

/* What `object` holds under `key`; "" and 0 where there is nothing, or something else. */
const char *jsontext_field(const json_t *object, const char *key);
double jsontext_number(const json_t *object, const char *key);
int jsontext_count(const json_t *object, const char *key); /* held within 0 … INT_MAX */

#endif
