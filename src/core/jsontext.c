/* SPDX-License-Identifier: MIT
 *
 * jansson writes 17 digits, or as many as one asks for, always. Its text is walked once more and each number with a
 * fraction or an exponent is said again in as few digits as do.
 */
#include "core/jsontext.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/number.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOAD_MOST ((size_t)1 << 30) /* bytes of a file */

json_t *jsontext_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Length of a number token at `text`, 0 if there is none; *real: it is not a whole number. */
static size_t number_at(const char *text, bool *real)
{
    if (*text != '-' && (*text < '0' || *text > '9')) return 0;
    const size_t n = strspn(text, "0123456789+-.eE");
    *real = strcspn(text, ".eE") < n;
    return n;
}

/* Length of a string token with its quotes. */
static size_t string_at(const char *text)
{
    size_t n = 1;
    while (text[n] && text[n] != '"') n += text[n] == '\\' ? 2 : 1;
    return n + 1;
}

/* In place: what is written never overtakes what is read. jansson's exponents are shorter than ours, so a number that
 * needs all its digits may already be as short as it gets. */
static void shorten(char *text)
{
    char *to = text;
    while (*text) {
        bool real = false;
        size_t n = *text == '"' ? string_at(text) : number_at(text, &real);
        if (n == 0) n = 1;
        if (real) {
            char buffer[NUMBER_ROOM];
            const char *said = number_text(buffer, strtod(text, NULL));
            const size_t length = strlen(said);
            const bool shorter = length <= n;
            memmove(to, shorter ? said : text, shorter ? length : n);
            to += shorter ? length : n;
        } else {
            memmove(to, text, n);
            to += n;
        }
        text += n;
    }
    *to = 0;
}

/* jansson's own text may lie in its reserve (jsonmemory.h). */
char *jsontext_dump(const json_t *value, size_t flags)
{
    json_free_t give_back;
    char *text = value ? json_dumps(value, flags) : NULL, *copy = text ? escape_json(text) : NULL;
    json_get_alloc_funcs(NULL, &give_back);
    give_back(text);
    return copy;
}

Status jsontext_load(json_t **out, const char *path, json_error_t *error)
{
    char *text;
    size_t n;
    json_error_t own;
    *out = NULL;
    errno = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT) return OK;
    TRY(file_read_whole(&text, &n, path, LOAD_MOST));
    *out = json_loadb(text, n, 0, error ? error : &own);
    free(text);
    return OK;
}

Status jsontext(char **out, json_t *value, JsonStyle style)
{
    static const size_t flags[] = {JSON_COMPACT, JSON_INDENT(2), JSON_COMPACT | JSON_SORT_KEYS};
    *out = jsontext_dump(value, flags[style] | JSON_ENCODE_ANY);
    json_decref(value);
    if (!*out) return fail(ERR_MEMORY, "no memory for a JSON text, or a text in it is not UTF-8");
    shorten(*out);
    return OK;
}

const char *jsontext_field(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double jsontext_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

int jsontext_count(const json_t *object, const char *key)
{
    const double value = jsontext_number(object, key);
    return value > 0 ? value < INT_MAX ? (int)value : INT_MAX : 0;
}
