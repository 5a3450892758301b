/* SPDX-License-Identifier: MIT */
#include "run/runfolder.h"
#include "core/file.h"
#include "core/log.h"
#include "core/number.h"
#include "core/temporary.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const runfolder_files[] = {
    "summary.json",      "predictions.tsv",   "manifest.json", "metrics.jsonl",
    "splits.tsv",        "model.safetensors", "kmers.tsv",     "checkpoint.safetensors",
    "refit.safetensors", "bags.tsv",          "config.yaml",   NULL};

static const char *const more_files[] = {"lock", "summary.md", NULL}; /* of the top, and for all */
static const char *const words[] = {"rep", "fold", "model", NULL};    /* by how deep they lie */

/* ---- names ---- */

static bool is_listed(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

/* "rep00", "fold12": a word and a number. */
static bool is_numbered(const char *name, const char *word)
{
    const size_t n = word ? strlen(word) : 0;
    if (!word || strncmp(name, word, n) != 0 || !name[n]) return false;
    for (name += n; *name; name++)
        if (!isdigit((unsigned char)*name)) return false;
    return true;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

Status runfolder_path(char path[PATH_ROOM], const char *folder, const char *name)
{
    return path_join(path, folder, name) ? OK : fail(ERR_USAGE, "-o: the path is too long");
}

/* ---- walking ---- */

typedef struct {
    bool check;
    int n_foreign;
    char first[PATH_ROOM]; /* of the foreign ones */
} FolderWalk;

static void note_foreign(FolderWalk *w, const char *path)
{
    if (w->n_foreign++ == 0) snprintf(w->first, sizeof w->first, "%s", path);
}

static Status walk(FolderWalk *w, const char *folder, const char *const *word);

static Status visit(FolderWalk *w, const char *folder, const char *name, const char *const *word)
{
    char path[PATH_ROOM];
    TRY(runfolder_path(path, folder, name));
    const bool part = is_numbered(name, *word);
    if (part || is_listed(name, runfolder_files) || is_listed(name, more_files)) {
        if (w->check) TRY(file_check_own(path, part));
        return part ? walk(w, path, word + 1) : OK;
    }
    if (!temporary_is_name(name)) note_foreign(w, path);
    return OK;
}

static Status walk(FolderWalk *w, const char *folder, const char *const *word)
{
    Status status = OK;
    DIR *dir = opendir(folder);
    if (!dir && errno == ENOENT) return OK;
    if (!dir) return fail(ERR_IO, "%s: cannot read: %s", folder, strerror(errno));
    for (struct dirent *entry; status == OK && (entry = readdir(dir));)
        if (!is_dots(entry->d_name)) status = visit(w, folder, entry->d_name, word);
    closedir(dir);
    return status;
}

Status runfolder_check(const char *folder)
{
    FolderWalk w = {.check = true};
    return walk(&w, folder, words);
}

void runfolder_warn_foreign(const char *folder)
{
    FolderWalk w = {.check = false};
    if (walk(&w, folder, words) != OK || w.n_foreign == 0) return;
    log_warn("%s: %d file%s or folder%s not of a run stay%s there, %s first", folder, w.n_foreign,
             number_plural(w.n_foreign), number_plural(w.n_foreign), w.n_foreign == 1 ? "s" : "", w.first);
}

Status runfolder_each(const char *folder, const char *word, Status (*each)(const char *folder))
{
    char path[PATH_ROOM];
    Status status = OK;
    DIR *dir = opendir(folder);
    if (!dir) return errno == ENOENT ? OK : fail(ERR_IO, "%s: %s", folder, strerror(errno));
    for (struct dirent *entry; status == OK && (entry = readdir(dir));) {
        if (!is_numbered(entry->d_name, word)) continue;
        status = runfolder_path(path, folder, entry->d_name);
        if (status == OK) status = each(path);
    }
    closedir(dir);
    return status;
}
