/* SPDX-License-Identifier: MIT */
#include "data/vectors/bagfolder.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool bagfolder_has(const char *folder, const char *name)
{
    char path[PATH_ROOM];
    return path_join(path, folder, name) && access(path, R_OK) == 0;
}

/* With or without .gz behind it. */
static bool ends_in(const char *name, const char *ending)
{
    char packed[256];
    snprintf(packed, sizeof packed, "%s.gz", ending);
    return path_ends(name, ending) || path_ends(name, packed);
}

bool bagfolder_first(char path[PATH_ROOM], const char *folder, const char *ending)
{
    char first[512] = "";
    DIR *dir = opendir(folder);
    if (!dir) return false;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && ends_in(entry->d_name, ending) &&
            (!*first || strcmp(entry->d_name, first) < 0))
            snprintf(first, sizeof first, "%s", entry->d_name);
    closedir(dir);
    return *first && path_join(path, folder, first);
}

bool bagfolder_labels(char path[PATH_ROOM], const VectorPeek *peek)
{
    static const char *const names[] = {"dataset.csv",  "labels.csv", "metadata.csv", "dataset.tsv", "labels.tsv",
                                        "metadata.tsv", NULL};
    for (int i = 0; peek->folder && names[i]; i++)
        if (bagfolder_has(peek->path, names[i])) return path_join(path, peek->path, names[i]);
    return false;
}
