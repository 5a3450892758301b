/* SPDX-License-Identifier: MIT
 *
 * target.c: the table of target kinds.
 */
#include "model/target.h"

#include <string.h>

#define ROW(kind) &target_##kind,
const TargetType *const target_types[] = {TARGET_KINDS(ROW) NULL};
#undef ROW

const TargetType *target_type(const char *name)
{
    for (const TargetType *const *t = target_types; *t; t++)
        if (strcmp((*t)->name, name) == 0) return *t;
    return NULL;
}
