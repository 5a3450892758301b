/* SPDX-License-Identifier: MIT
 *
 * yaml.h: YAML as a config needs it: blocks of keys, lists of values, lists of blocks; no anchors, aliases or tags, one
 * document, UTF-8 with or without its mark; hence also JSON. Reading hands out entries with path and line; yamlout.h writes.
 */
#ifndef HOPSACK_YAML_H
#define HOPSACK_YAML_H

#include "core/option.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    YAML_VALUE, /* one value or a list of values */
    YAML_BLOCK, /* a block begins, whose keys are entries of their own */
    YAML_BLOCKS /* a list of blocks begins, which follow as path.0, path.1, … */
} YamlForm;

/* path: keys from the top, joined by dots. All that is pointed to lasts until the call returns. */
typedef Status YamlTake(void *context, const char *path, int line, YamlForm form, const OptionValue *value);

/* Hands every entry of the text to `take`, in order; a NUL stands behind its n bytes. ERR_CONFIG: "name:line: …". */
Status yaml_read(const char *text, size_t n, const char *name, YamlTake *take, void *context);

bool yaml_is_null(const char *text); /* would it mean null if it were not quoted? */
bool yaml_is_utf8(const char *text);

#endif
