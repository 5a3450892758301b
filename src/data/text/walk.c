/* SPDX-License-Identifier: MIT */
#include "data/text/walk.h"
#include "core/log.h"
#include "core/path.h"
#include "core/shortlist.h"
#include "core/spool.h"
#include "data/text/litter.h"
#include "data/text/walkname.h"
#include "data/text/ziparchive.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MOST 32
#define SHOWN      5 /* names of files that are left out */

typedef struct {
    Walk *walk;
    const char *extension, *except_path;
    bool has_except;
    struct stat except;
    Shortlist left; /* files left out */
    int n_other;    /* those of them that are known to be no tables */
} Search;

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the list of files");
}

static bool room_for_one(Walk *walk)
{
    if (walk->n < walk->room) return true;
    const int room = walk->room ? 2 * walk->room : 64;
    WalkFile *grown = realloc(walk->file, (size_t)room * sizeof *grown);
    if (!grown) return false;
    walk->file = grown;
    walk->room = room;
    return true;
}

/* `info` NULL: a member of an archive. */
static Status add(Walk *walk, const char *path, const char *name, const struct stat *info)
{
    if (!room_for_one(walk)) return no_memory();
    const char *base = walkname_base(name);
    const bool is_stdin = strcmp(path, SPOOL_STDIN) == 0;
    WalkFile *file = &walk->file[walk->n++];
    *file = (WalkFile){.path = strdup(path), .name = strdup(name), .sure = true};
    file->key = is_stdin ? strdup("stdin") : strndup(base, walkname_packed(base));
    if (info) {
        file->device = (uint64_t)info->st_dev;
        file->inode = (uint64_t)info->st_ino;
        file->bytes = S_ISREG(info->st_mode) ? (int64_t)info->st_size : 0;
    }
    return file->path && file->name && file->key ? OK : no_memory();
}

static void leave_out(Search *s, const char *name)
{
    shortlist_add(&s->left, "%.100s", name);
    s->n_other += walkname_is_other(name);
}

static void report_left(const Search *s, const char *path)
{
    if (s->left.n == 0) return;
    void (*say)(const char *, ...) = s->left.n > s->n_other ? log_warn : log_info;
    say("%s: left out %d file%s whose ending is not that of a table: %s", path, s->left.n, s->left.n == 1 ? "" : "s",
        s->left.text);
}

/* ---- archives ---- */

static bool is_archive(const char *path)
{
    int fd;
    unsigned char first[4];
    if (spool_open(&fd, path) != OK) return false; /* reported when it is read */
    const bool is = pread(fd, first, sizeof first, 0) == sizeof first && ziparchive_is(first, sizeof first);
    close(fd);
    return is;
}

static Status add_member(Search *s, const char *path, const char *below, const ZipList *list, int i)
{
    char member[PATH_ROOM], under[PATH_ROOM];
    const char *name = list->name[i];
    if (!path_join(member, path, name) || !path_join(under, below, name))
        return fail(ERR_FORMAT, "%s: a member's name is too long", path);
    if (s->except_path && strcmp(member, s->except_path) == 0) return OK;
    if (list->n > 1 && walkname_rank(name, s->extension) < 0) {
        leave_out(s, under);
        return OK;
    }
    TRY(add(s->walk, member, under, NULL));
    s->walk->file[s->walk->n - 1].bytes = list->bytes[i] / 4; /* about what it takes packed */
    return OK;
}

static Status add_archive(Search *s, const char *path, const char *below)
{
    ZipList list;
    TRY(ziparchive_list(&list, path));
    const int before = s->walk->n;
    Status status = OK;
    for (int i = 0; i < list.n && status == OK; i++) status = add_member(s, path, below, &list, i);
    if (status == OK && s->walk->n == before)
        status = fail(ERR_FORMAT,
                      "%s: no member of this zip archive has the ending of a table; the first is %.200s. Another "
                      "ending is named with --extension",
                      path, list.name[0]);
    ziparchive_list_free(&list);
    return status;
}

static Status add_file(Search *s, const char *path, const char *name, const struct stat *info)
{
    return is_archive(path) ? add_archive(s, path, name) : add(s->walk, path, name, info);
}

/* ---- folders ---- */

static Status walk_folder(Search *s, const char *folder, const char *below, int depth);

static Status cannot_follow(const Search *s, const char *path)
{
    if (errno != ENOENT) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    if (walkname_rank(path, s->extension) < 0) return OK;
    return fail(ERR_IO, "%s: this link leads nowhere; bring its file back, or remove the link", path);
}

/* An entry of a folder; `below` is its path from the folder the user gave. Links are followed. */
static Status walk_entry(Search *s, const char *path, const char *below, int depth)
{
    struct stat info;
    if (stat(path, &info) != 0) return cannot_follow(s, path);
    if (S_ISDIR(info.st_mode)) return walk_folder(s, path, below, depth + 1);
    if (s->has_except && info.st_dev == s->except.st_dev && info.st_ino == s->except.st_ino) return OK;
    if (!S_ISREG(info.st_mode) || walkname_rank(below, s->extension) < 0) {
        leave_out(s, below);
        return OK;
    }
    return add_file(s, path, below, &info);
}

static Status walk_folder(Search *s, const char *folder, const char *below, int depth)
{
    if (depth > DEPTH_MOST)
        return fail(ERR_FORMAT, "%s: folders lie more than %d deep; does a link lead back?", folder, DEPTH_MOST);
    DIR *dir = opendir(folder);
    if (!dir) return fail(ERR_IO, "%s: cannot read the folder: %s", folder, strerror(errno));
    Status status = OK;
    for (struct dirent *entry; status == OK && (entry = readdir(dir));) {
        char path[PATH_ROOM], under[PATH_ROOM];
        const char *name = entry->d_name;
        if (name[0] == '~' && litter_is(name))
            log_info("%s/%s: left out, a lock file of an office program", folder, name);
        if (name[0] == '.' || litter_is(name)) continue;
        const bool fits = path_join(path, folder, name);
        const int b = snprintf(under, sizeof under, "%s%s%s", below, *below ? "/" : "", name);
        status = !fits || b >= (int)sizeof under ? fail(ERR_IO, "%s: the path is too long", folder)
                                                 : walk_entry(s, path, under, depth);
    }
    closedir(dir);
    return status;
}

/* Files of the first ending that there is are tables for sure; a .txt beside them may be anything. */
static void note_sure(Search *s, int first)
{
    int least = -1;
    for (int i = first; i < s->walk->n; i++) {
        const int rank = walkname_rank(s->walk->file[i].key, s->extension);
        if (rank >= 0 && (least < 0 || rank < least)) least = rank;
    }
    for (int i = first; i < s->walk->n; i++) {
        const int rank = walkname_rank(s->walk->file[i].key, s->extension);
        s->walk->file[i].sure = rank <= least;
    }
}

static Status nothing(const Search *s, const char *path)
{
    const bool any = strcmp(s->extension, WALK_AUTO) == 0;
    const char *extension = any ? ".tsv, .csv, .txt or .tab" : s->extension;
    return fail(ERR_FORMAT, "%s: no file below it ends in %s%s%s%s%s; another ending is named with --extension", path,
                extension, any ? ", plain or compressed" : " or ", any ? "" : s->extension, any ? "" : ".gz",
                s->left.n ? " (there are other files)" : "");
}

static Status walk_start(Search *s, const char *path)
{
    struct stat info;
    char folder[PATH_ROOM];
    const bool is_stdin = strcmp(path, SPOOL_STDIN) == 0;
    if (spool_is_pipe(path) && !is_stdin)
        log_info("%s: its repertoire is named %s; --name gives another name", path, walkname_base(path));
    if (spool_is_pipe(path) || is_stdin) return add_file(s, path, walkname_base(path), NULL);
    if (ziparchive_split(path) > 0) return add(s->walk, path, walkname_base(path), NULL);
    if (stat(path, &info) != 0) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    const int n_before = s->walk->n;
    if (!S_ISDIR(info.st_mode)) {
        TRY(add_file(s, path, walkname_base(path), &info));
    } else {
        snprintf(folder, sizeof folder, "%s", path);
        path_trim(folder);
        TRY(walk_folder(s, folder, "", 0));
        if (s->walk->n == n_before) return nothing(s, path);
        note_sure(s, n_before);
    }
    report_left(s, path);
    s->left = (Shortlist){.most = SHOWN};
    s->n_other = 0;
    return OK;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const WalkFile *)a)->path, ((const WalkFile *)b)->path);
}

Status walk_files(Walk *out, const char *const *path, int n_path, const char *extension, const char *except)
{
    Search s = {.walk = out, .extension = extension, .except_path = except, .left = {.most = SHOWN}};
    Status status = OK;
    *out = (Walk){0};
    s.has_except = except && stat(except, &s.except) == 0;
    for (int i = 0; i < n_path; i++) TRY_DONE(walk_start(&s, path[i]));
    qsort(out->file, (size_t)out->n, sizeof *out->file, by_path);
    status = walkname_settle(out);
done:
    if (status != OK) walk_free(out);
    return status;
}

Status walk_first_member(char **out, const char *path)
{
    struct stat info;
    Walk walk = {0};
    Search s = {.walk = &walk, .extension = WALK_AUTO, .left = {.most = SHOWN}};
    *out = NULL;
    if (!spool_is_pipe(path) && (stat(path, &info) != 0 || !S_ISREG(info.st_mode))) return OK;
    if (!is_archive(path)) return OK;
    const Status status = add_archive(&s, path, path);
    if (status == OK && walk.n > 0) {
        qsort(walk.file, (size_t)walk.n, sizeof *walk.file, by_path);
        *out = walk.file[0].path;
        walk.file[0].path = NULL;
    }
    walk_free(&walk);
    return status;
}

static void free_file(WalkFile *file)
{
    free(file->path);
    free(file->name);
    free(file->key);
}

void walk_remove(Walk *walk, int i)
{
    free_file(&walk->file[i]);
    walk->n--;
    memmove(walk->file + i, walk->file + i + 1, (size_t)(walk->n - i) * sizeof *walk->file);
}

void walk_free(Walk *walk)
{
    for (int i = 0; i < walk->n; i++) free_file(&walk->file[i]);
    free(walk->file);
    *walk = (Walk){0};
}
