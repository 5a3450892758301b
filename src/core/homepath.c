/* SPDX-License-Identifier: MIT */
#include "core/homepath.h"

#include <stdio.h>
#include <stdlib.h>

Status homepath_expand(char **out, const char *path)
{
    const char *home = getenv("HOME");
    *out = NULL;
    if (path[0] != '~' || (path[1] && path[1] != '/') || !home || !*home) return OK;
    if (asprintf(out, "%s%s", home, path + 1) >= 0) return OK;
    *out = NULL;
    return fail(ERR_MEMORY, "no memory for a path");
}
