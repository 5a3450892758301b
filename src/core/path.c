/* SPDX-License-Identifier: MIT */
#include "core/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool path_join(char path[PATH_ROOM], const char *folder, const char *name)
{
    return snprintf(path, PATH_ROOM, "%s/%s", folder, name) < PATH_ROOM;
}

bool path_ends(const char *path, const char *ending)
{
    const size_t n = strlen(path), end = strlen(ending);
    return n > end && strcmp(path + n - end, ending) == 0;
}

const char *path_last(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

void path_trim(char *path)
{
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--) path[n - 1] = '\0';
}

Status path_expand_home(char **out, const char *path)
{
    const char *home = getenv("HOME");
    *out = NULL;
    if (path[0] != '~' || (path[1] && path[1] != '/') || !home || !*home) return OK;
    if (asprintf(out, "%s%s", home, path + 1) >= 0) return OK;
    *out = NULL;
    return fail(ERR_MEMORY, "no memory for a path");
}
