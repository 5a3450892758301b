/* SPDX-License-Identifier: MIT
 *
 * target.c: the table of target kinds. A new one is a file and a row here.
 */
#include "model/target.h"

#include <string.h>

const TargetType *const target_types[] = {&target_binary, &target_multiclass, &target_regression, NULL};

const TargetType *target_type(const char *name)
{
    for (const TargetType *const *t = target_types; *t; t++)
        if (strcmp((*t)->name, name) == 0) return *t;
    return NULL;
}
