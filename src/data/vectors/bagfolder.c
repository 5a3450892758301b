/* SPDX-License-Identifier: MIT */
#include "data/vectors/bagfolder.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool bagfolder_has(const char *folder, const char *name)
{
    char path[4096];
    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && access(path, R_OK) == 0;
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name);
    const size_t end = strlen(ending);
    if (n > 3 && strcmp(name + n - 3, ".gz") == 0) n -= 3;
    return (n > end && memcmp(name + n - end, ending, end) == 0) ||
           (strlen(name) > end && strcmp(name + strlen(name) - end, ending) == 0);
}

bool bagfolder_first(char *out, size_t room, const char *folder, const char *ending)
{
    char first[512] = "";
    DIR *dir = opendir(folder);
    if (!dir) return false;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && ends_in(entry->d_name, ending) &&
            (!*first || strcmp(entry->d_name, first) < 0))
            snprintf(first, sizeof first, "%s", entry->d_name);
    closedir(dir);
    return *first && snprintf(out, room, "%s/%s", folder, first) < (int)room;
}

bool bagfolder_labels(char *out, size_t room, const VectorPeek *peek)
{
    static const char *const names[] = {"dataset.csv",  "labels.csv", "metadata.csv", "dataset.tsv", "labels.tsv",
                                        "metadata.tsv", NULL};
    for (int i = 0; peek->folder && names[i]; i++)
        if (bagfolder_has(peek->path, names[i]))
            return snprintf(out, room, "%s/%s", peek->path, names[i]) < (int)room;
    return false;
}
