/* SPDX-License-Identifier: MIT
 *
 * yamlout.h: writes a config as YAML, entry by entry. A failure is remembered and reported by yamlout_close.
 */
#ifndef HOPSACK_YAMLOUT_H
#define HOPSACK_YAMLOUT_H

#include "core/status.h"

#include <stdbool.h>

typedef struct YamlOut YamlOut;

Status yamlout_open(YamlOut **out); /* inside the block at the top */
void yamlout_key(YamlOut *out, const char *key);
void yamlout_value(YamlOut *out, const char *text); /* quoted where needed; NULL: null */
void yamlout_block(YamlOut *out);
void yamlout_block_end(YamlOut *out);
void yamlout_list(YamlOut *out, bool of_blocks); /* values stand on one line */
void yamlout_list_end(YamlOut *out);
Status yamlout_close(char **text, YamlOut *out); /* the caller's to free; frees `out` */

#endif
