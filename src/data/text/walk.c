/* SPDX-License-Identifier: MIT */
#include "data/text/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MOST 32

typedef struct {
    Walk *walk;
    const char *extension;
    bool has_except;
    struct stat except;
} Search;

static bool ends_in(const char *name, size_t length, const char *end)
{
    const size_t n = strlen(end);
    return length > n && memcmp(name + length - n, end, n) == 0;
}

static size_t without_gz(const char *name)
{
    const size_t length = strlen(name);
    return ends_in(name, length, ".gz") ? length - 3 : length;
}

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the list of files");
}

static Status add(Walk *walk, const char *path, const char *name)
{
    if (walk->n == walk->room) {
        const int room = walk->room ? 2 * walk->room : 64;
        WalkFile *grown = realloc(walk->file, (size_t)room * sizeof *grown);
        if (!grown) return no_memory();
        walk->file = grown;
        walk->room = room;
    }
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    WalkFile *file = &walk->file[walk->n++];
    *file = (WalkFile){.path = strdup(path), .name = strdup(name), .key = strndup(base, without_gz(base))};
    return file->path && file->name && file->key ? OK : no_memory();
}

static Status walk_folder(Search *s, const char *folder, const char *below, int depth);

static bool is_wanted(const Search *s, const char *name)
{
    return ends_in(name, strlen(name), s->extension) || ends_in(name, without_gz(name), s->extension);
}

/* What is gone is a link that leads nowhere, or a file removed just now. */
static Status gone(const Search *s, const char *path, const char *below)
{
    struct stat info;
    if (!is_wanted(s, below) || lstat(path, &info) != 0) return OK;
    return fail(ERR_IO, "%s: is a dangling link, to a file that does not exist; remove it, or bring the file back",
                path);
}

/* An entry of a folder; `below` is its path from the folder the user gave. Links are followed. */
static Status walk_entry(Search *s, const char *path, const char *below, int depth)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? gone(s, path, below) : fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) return walk_folder(s, path, below, depth + 1);
    if (!S_ISREG(info.st_mode)) return OK;
    if (s->has_except && info.st_dev == s->except.st_dev && info.st_ino == s->except.st_ino) return OK;
    if (!is_wanted(s, below)) return OK;
    return add(s->walk, path, below);
}

static Status walk_folder(Search *s, const char *folder, const char *below, int depth)
{
    if (depth > DEPTH_MOST)
        return fail(ERR_FORMAT, "%s: folders lie more than %d deep; does a link lead back?", folder, DEPTH_MOST);
    DIR *dir = opendir(folder);
    if (!dir) return fail(ERR_IO, "%s: cannot read the folder: %s", folder, strerror(errno));
    Status status = OK;
    for (struct dirent *entry; status == OK && (entry = readdir(dir));) {
        char path[4096], under[4096];
        if (entry->d_name[0] == '.') continue;
        const int a = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        const int b = snprintf(under, sizeof under, "%s%s%s", below, *below ? "/" : "", entry->d_name);
        status = a >= (int)sizeof path || b >= (int)sizeof under ? fail(ERR_IO, "%s: the path is too long", folder)
                                                                 : walk_entry(s, path, under, depth);
    }
    closedir(dir);
    return status;
}

static Status walk_start(Search *s, const char *path)
{
    struct stat info;
    char folder[4096];
    if (stat(path, &info) != 0) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode)) {
        const char *slash = strrchr(path, '/');
        return add(s->walk, path, slash ? slash + 1 : path);
    }
    const int n_before = s->walk->n;
    snprintf(folder, sizeof folder, "%s", path);
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--) folder[n - 1] = '\0';
    TRY(walk_folder(s, folder, "", 0));
    if (s->walk->n > n_before) return OK;
    return fail(ERR_FORMAT, "%s: no file below it ends in %s or %s.gz; another ending is named with --extension",
                path, s->extension, s->extension);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const WalkFile *)a)->path, ((const WalkFile *)b)->path);
}

static int by_key(const void *a, const void *b)
{
    const WalkFile *const *x = a, *const *y = b;
    const int order = strcmp((*x)->key, (*y)->key);
    return order ? order : strcmp((*x)->path, (*y)->path);
}

static Status check_keys(const Walk *walk)
{
    const WalkFile **order = malloc(((size_t)walk->n + 1) * sizeof *order);
    Status status = order ? OK : no_memory();
    for (int i = 0; status == OK && i < walk->n; i++) order[i] = &walk->file[i];
    if (status == OK) qsort((void *)order, (size_t)walk->n, sizeof *order, by_key);
    for (int i = 1; status == OK && i < walk->n; i++)
        if (strcmp(order[i - 1]->key, order[i]->key) == 0)
            status = fail(ERR_FORMAT, "%s and %s are both named '%s'; a repertoire's name must be its own",
                          order[i - 1]->path, order[i]->path, order[i]->key);
    free((void *)order);
    return status;
}

Status walk_files(Walk *out, const char *const *path, int n_path, const char *extension, const char *except)
{
    Search s = {.walk = out, .extension = extension};
    Status status = OK;
    *out = (Walk){0};
    s.has_except = except && stat(except, &s.except) == 0;
    for (int i = 0; i < n_path; i++) TRY_DONE(walk_start(&s, path[i]));
    qsort(out->file, (size_t)out->n, sizeof *out->file, by_path);
    status = check_keys(out);
done:
    if (status != OK) walk_free(out);
    return status;
}

void walk_free(Walk *walk)
{
    for (int i = 0; i < walk->n; i++) {
        free(walk->file[i].path);
        free(walk->file[i].name);
        free(walk->file[i].key);
    }
    free(walk->file);
    *walk = (Walk){0};
}
