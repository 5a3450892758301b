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

static const char *const more_files[] = {"lock", "summary.md", "inner.tsv", "trials.tsv",
                                         NULL}; /* of the top, and for all */

/* Folders of a run: a name, or a word and a number. */
typedef struct FolderKind {
    const char *word;
    bool numbered;
    const struct FolderKind *inside; /* NULL: no folders */
} FolderKind;

static const FolderKind in_inner[] = {{"model", true, NULL}, {0}};
static const FolderKind in_rung[] = {{"inner", true, NULL}, {0}};
static const FolderKind in_trial[] = {{"inner", true, NULL}, {"rung", true, in_rung}, {0}};
static const FolderKind in_fold[] = {
    {"model", true, NULL}, {"inner", true, in_inner}, {"trial", true, in_trial}, {0}};
static const FolderKind in_repeat[] = {{"fold", true, in_fold}, {0}};
static const FolderKind in_subrun[] = {{"rep", true, in_repeat}, {0}};
static const FolderKind in_list[] = {{"", true, in_subrun}, {0}};
static const FolderKind in_run[] = {{"rep", true, in_repeat},
                                    {RUNFOLDER_LEAVE_BATCH_OUT, false, in_subrun},
                                    {RUNFOLDER_WITHOUT, false, in_subrun},
                                    {RUNFOLDER_PERMUTED, false, in_list},
                                    {RUNFOLDER_BATCH_PERMUTED, false, in_list},
                                    {0}};

/* ---- names ---- */

static bool is_listed(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

/* "rep00", "fold12": a word and a number; "03" where the word is "". */
static bool is_numbered(const char *name, const char *word)
{
    const size_t n = strlen(word);
    if (strncmp(name, word, n) != 0 || !name[n]) return false;
    for (name += n; *name; name++)
        if (!isdigit((unsigned char)*name)) return false;
    return true;
}

/* Of the kinds, which may be NULL; NULL: none. */
static const FolderKind *kind_of(const char *name, const FolderKind *kind)
{
    for (; kind && kind->word; kind++)
        if (kind->numbered ? is_numbered(name, kind->word) : strcmp(name, kind->word) == 0) return kind;
    return NULL;
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

static Status walk(FolderWalk *w, const char *folder, const FolderKind *kinds);

static Status visit(FolderWalk *w, const char *folder, const char *name, const FolderKind *kinds)
{
    char path[PATH_ROOM];
    TRY(runfolder_path(path, folder, name));
    const FolderKind *part = kind_of(name, kinds);
    if (part || is_listed(name, runfolder_files) || is_listed(name, more_files)) {
        if (w->check) TRY(file_check_own(path, part != NULL));
        return part ? walk(w, path, part->inside) : OK;
    }
    if (!temporary_is_name(name)) note_foreign(w, path);
    return OK;
}

static Status walk(FolderWalk *w, const char *folder, const FolderKind *kinds)
{
    Status status = OK;
    DIR *dir = opendir(folder);
    if (!dir && errno == ENOENT) return OK;
    if (!dir) return fail(ERR_IO, "%s: cannot read: %s", folder, strerror(errno));
    for (struct dirent *entry; status == OK && (entry = readdir(dir));)
        if (!is_dots(entry->d_name)) status = visit(w, folder, entry->d_name, kinds);
    closedir(dir);
    return status;
}

Status runfolder_check(const char *folder)
{
    FolderWalk w = {.check = true};
    return walk(&w, folder, in_run);
}

void runfolder_warn_foreign(const char *folder)
{
    FolderWalk w = {.check = false};
    if (walk(&w, folder, in_run) != OK || w.n_foreign == 0) return;
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

Status runfolder_each_subrun(const char *folder, Status (*each)(const char *folder))
{
    static const char *const lists[] = {RUNFOLDER_PERMUTED, RUNFOLDER_BATCH_PERMUTED, NULL},
                             *const singles[] = {RUNFOLDER_LEAVE_BATCH_OUT, RUNFOLDER_WITHOUT, NULL};
    char path[PATH_ROOM];
    for (const char *const *single = singles; *single; single++) {
        TRY(runfolder_path(path, folder, *single));
        if (file_exists(path)) TRY(each(path));
    }
    for (const char *const *list = lists; *list; list++) {
        TRY(runfolder_path(path, folder, *list));
        TRY(runfolder_each(path, "", each));
    }
    return OK;
}
