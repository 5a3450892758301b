/* SPDX-License-Identifier: MIT */
#include "data/text/litter.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

bool litter_is(const char *name)
{
    static const char *const names[] = {"__MACOSX", "Thumbs.db", "ehthumbs.db", "desktop.ini", NULL};
    const size_t n = strcspn(name, "/");
    if (n <= 2 && strncmp(name, "..", n) == 0) return false; /* this folder, and the one above */
    if (name[0] == '.' || strncmp(name, "~$", 2) == 0) return true;
    for (int i = 0; names[i]; i++)
        if (strlen(names[i]) == n && strncasecmp(names[i], name, n) == 0) return true;
    return false;
}

bool litter_below(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/')) {
        if (*part == '/') part++;
        if (litter_is(part)) return true;
    }
    return false;
}
