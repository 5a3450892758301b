/* SPDX-License-Identifier: MIT
 *
 * configpath.c: no absolute path is compiled in, so that an installation can be moved and a binary tells nothing about
 * the machine it was built on. The program finds its configs from where it lies itself.
 */
#include "core/configpath.h"
#include "core/spool.h"
#include "core/log.h"
#include "core/nearest.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char folder[2][PATH_ROOM]; /* HOPSACK_CONFIGS, then what comes with the program; "": there is none */
} Folders;

/* ---- files ---- */

static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static bool is_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* FOLDER/NAME.yaml into `out`: does it exist? */
static bool is_config(char out[PATH_ROOM], const char *folder, const char *name)
{
    const int n = *folder ? snprintf(out, PATH_ROOM, "%s/%s.yaml", folder, name) : PATH_ROOM;
    return n < PATH_ROOM && is_there(out);
}

/* ---- places ---- */

/* HOPSACK_CONFIGS_AT is the way from the folder of installed programs to that of installed configs. The build folder has
 * a link `configs` to the source tree's. */
static void find_own(char out[PATH_ROOM])
{
    static const char built[] = "/src/cli";
    char program[PATH_MAX], joined[PATH_MAX + sizeof HOPSACK_CONFIGS_AT + 16], resolved[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    out[0] = program[n > 0 ? n : 0] = 0;
    char *slash = strrchr(program, '/');
    if (!slash) return;
    *slash = 0;
    const bool in_build = slash - program >= (int)sizeof built && strcmp(slash - (sizeof built - 1), built) == 0;
    const char *at = in_build ? "../../configs" : HOPSACK_CONFIGS_AT;
    snprintf(joined, sizeof joined, "%s/%s", *at == '/' ? "" : program, at);
    if (realpath(joined, resolved)) snprintf(out, PATH_ROOM, "%s", resolved);
}

static void find_places(Folders *places)
{
    const char *given = getenv("HOPSACK_CONFIGS");
    snprintf(places->folder[0], PATH_ROOM, "%s", given ? given : "");
    find_own(places->folder[1]);
}

static bool is_known(char out[PATH_ROOM], const Folders *places, const char *name)
{
    return is_config(out, places->folder[0], name) || is_config(out, places->folder[1], name);
}

/* ---- sentences ---- */

static void note_nearer(char best[NAME_MAX + 1], int *distance, const char *name, const char *file)
{
    char stem[NAME_MAX + 1];
    const size_t n = strlen(file);
    if (n < 6 || strcmp(file + n - 5, ".yaml") != 0) return;
    snprintf(stem, sizeof stem, "%.*s", (int)n - 5, file);
    const int d = nearest_distance(name, stem);
    if (d >= *distance) return;
    *distance = d;
    memcpy(best, stem, sizeof stem);
}

static void find_nearest(char best[NAME_MAX + 1], const Folders *places, const char *name)
{
    int distance = INT_MAX;
    best[0] = 0;
    for (int i = 0; i < 2; i++) {
        DIR *dir = *places->folder[i] ? opendir(places->folder[i]) : NULL;
        for (const struct dirent *e; dir && (e = readdir(dir));) note_nearer(best, &distance, name, e->d_name);
        if (dir) closedir(dir);
    }
}

static Status fail_unknown(const Folders *places, const char *name)
{
    char near[NAME_MAX + 1];
    const char *given = places->folder[0], *own = places->folder[1];
    find_nearest(near, places, name);
    return fail(ERR_CONFIG, "%s: neither a file nor the name of a config in %s%s%s%s%s%s", name, given,
                *given ? " (HOPSACK_CONFIGS) or " : "",
                *own ? own : "share/hopsack/configs, which is missing beside the program",
                *near ? "; did you mean " : "", near, *near ? "?" : "");
}

static Status keep(char out[PATH_ROOM], const char *path)
{
    const int n = snprintf(out, PATH_ROOM, "%s", path);
    return n < PATH_ROOM ? OK : fail(ERR_IO, "%.60s…: name is longer than %d bytes", path, PATH_ROOM - 1);
}

/* A path that is missing; where hopsack has a config of that name, the name is what was wanted. */
static Status suggest_name(char out[PATH_ROOM], const char *path)
{
    char found[PATH_ROOM], name[NAME_MAX + 1] = "";
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    const size_t n = strlen(last);
    Folders places;
    if (n > 5 && n <= NAME_MAX && strcmp(last + n - 5, ".yaml") == 0) memcpy(name, last, n - 5), name[n - 5] = 0;
    find_places(&places);
    if (!configpath_is_name(name) || !is_known(found, &places, name)) return keep(out, path);
    return fail(ERR_IO, "%s: cannot read: %s; the config that comes with hopsack has the bare name %s", path,
                strerror(ENOENT), name);
}

/* ---- the search ---- */

bool configpath_is_name(const char *text)
{
    if (!*text || strlen(text) + 5 > NAME_MAX) return false; /* no file NAME.yaml could have it */
    for (const char *c = text; *c; c++)
        if (!(isascii((unsigned char)*c) && isalnum((unsigned char)*c)) && *c != '-' && *c != '_') return false;
    return true;
}

static Status find_path(char out[PATH_ROOM], const char *path, size_t n_folder)
{
    char local[PATH_ROOM];
    const char *name = path + n_folder;
    Folders places;
    if (strcmp(path, "-") == 0) return keep(out, SPOOL_STDIN);
    TRY(keep(out, path));
    if (is_there(path)) return OK;
    if (!configpath_is_name(name)) return suggest_name(out, path);
    find_places(&places);
    const bool known = is_known(out, &places, name);
    const bool beside = snprintf(local, sizeof local, "%s.yaml", path) < PATH_ROOM && is_there(local);
    if (known && beside && !is_same(out, local))
        return fail(ERR_CONFIG, "%s: can be %s or %s; give the path of one", name, local, out);
    if (!known && !beside) return fail_unknown(&places, name);
    if (!known) TRY(keep(out, local));
    log_info("config %s: %s", name, out);
    return OK;
}

Status configpath_find(char out[PATH_ROOM], const char *path, size_t n_folder)
{
    char *expanded;
    TRY(path_expand_home(&expanded, path));
    const Status status = find_path(out, expanded ? expanded : path, expanded ? 0 : n_folder);
    free(expanded);
    return status;
}
