/* SPDX-License-Identifier: MIT */
#include "data/import/mergeoptions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Flags of an import that say how a file is read, not which rows are kept. */
static bool is_free(const char *name)
{
    static const char *const names[] = {"format",       "sequence-column",
                                        "count-column", "separator",
                                        "extension",    "empty",
                                        "label",        "bag",
                                        "skip",         "n-features",
                                        "sparse",       "allow-leak",
                                        "name",         "region",
                                        "header",       "short-rows",
                                        "labels",       NULL};
    for (const char *const *n = names; *n; n++)
        if (strcmp(*n, name) == 0) return true;
    return false;
}

static Status unlike(const char *path_a, const char *path_b, const char *name, const json_t *a, const json_t *b)
{
    char *x = json_dumps(a, JSON_ENCODE_ANY), *y = json_dumps(b, JSON_ENCODE_ANY);
    const Status status =
        fail(ERR_FORMAT,
             "%s and %s were imported with unlike options (%s is %.80s and %.80s), so their rows do "
             "not mean the same; import one of them again",
             path_a, path_b, name, x ? x : "not known", y ? y : "not known");
    free(x);
    free(y);
    return status;
}

/* DeepRC's converter has rules of its own. */
static bool is_converter(const json_t *options)
{
    const char *format = json_string_value(json_object_get(options, "format"));
    return format && strcmp(format, "deeprc") == 0;
}

static Status agree_options(const json_t *a, const json_t *b, const char *path_a, const char *path_b)
{
    static const char *const keys[] = {"include", "exclude", "merge"};
    for (int k = 0; k < 3; k++) {
        const json_t *x = json_object_get(a, keys[k]), *y = json_object_get(b, keys[k]);
        if (x && y && !json_equal(x, y)) return unlike(path_a, path_b, keys[k], x, y);
    }
    if (is_converter(a) == is_converter(b)) return OK;
    return unlike(path_a, path_b, "--format", json_object_get(a, "format"), json_object_get(b, "format"));
}

static Status agree_flags(json_t *a, const json_t *b, const char *path_a, const char *path_b)
{
    const char *name;
    json_t *value;
    json_object_foreach(a, name, value)
    {
        const json_t *other = json_object_get(b, name);
        if (other && !is_free(name) && !json_equal(value, other)) return unlike(path_a, path_b, name, value, other);
    }
    return OK;
}

Status mergeoptions_agree(const json_t *a, const json_t *b, const char *path_a, const char *path_b)
{
    const json_t *x = json_object_get(a, "options"), *y = json_object_get(b, "options");
    if (x && y) TRY(agree_options(x, y, path_a, path_b));
    return agree_flags(json_object_get(a, "flags"), json_object_get(b, "flags"), path_a, path_b);
}
