/* SPDX-License-Identifier: MIT
 *
 * scratch.h: a folder of a test's own, removed at its end, and text files written into it.
 */
#ifndef HOPSACK_TEST_SCRATCH_H
#define HOPSACK_TEST_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[256];

static inline void scratch_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/hopsack-test-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(scratch)) abort();
}

static inline void scratch_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char path[1024];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= (int)sizeof path) abort();
        if (unlink(path) != 0) scratch_empty(path);
    }
    if (dir) closedir(dir);
    rmdir(folder);
}

static inline void scratch_remove(void)
{
    scratch_empty(scratch);
}

/* Path of a name in the folder; 64 may be in use at once. */
static inline const char *in_scratch(const char *name)
{
    static char path[64][1024];
    static int turn;
    char *out = path[turn++ % 64];
    snprintf(out, sizeof path[0], "%s/%s", scratch, name);
    return out;
}

static inline const char *scratch_bytes(const char *name, const void *bytes, size_t n)
{
    const char *path = in_scratch(name);
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = folder + strlen(scratch); (slash = strchr(slash + 1, '/'));) { /* folders on the way */
        *slash = '\0';
        mkdir(folder, 0777);
        *slash = '/';
    }
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0) abort();
    return path;
}

static inline const char *scratch_text(const char *name, const char *text)
{
    return scratch_bytes(name, text, strlen(text));
}

#endif
