/* SPDX-License-Identifier: MIT */
#include "run/place.h"
#include "core/file.h"
#include "core/jsontext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files a config names. */
enum { DATASET, METADATA, SPLITS, N_FILE };

static const struct {
    const char *role, *what, *flag; /* role: in manifest.json */
} about[N_FILE] = {{"dataset", "the dataset", "--data.path"},
                   {"metadata", "the label table", "--metadata"},
                   {"splits", "the table of splits", "--splits"}};

static const char **path_of(Config *c, int file)
{
    const char **path[N_FILE] = {&c->data.path, &c->data.metadata, &c->splits.file};
    return path[file];
}

static char **place_of(Config *c, int file)
{
    char **place[N_FILE] = {&c->place.dataset, &c->place.metadata, &c->place.splits};
    return place[file];
}

/* ---- places that are given ---- */

static Status copy(char **to, const char *text)
{
    *to = strdup(text);
    return *to ? OK : fail(ERR_MEMORY, "no memory for a path");
}

Status place_move(Config *now, const Config *saved)
{
    const char *const before[N_FILE] = {saved->data.path, saved->data.metadata, saved->splits.file};
    for (int k = 0; k < N_FILE; k++) {
        const char **path = path_of(now, k);
        if (!*path || (before[k] && strcmp(*path, before[k]) == 0) || (k == SPLITS && !before[k])) continue;
        TRY(copy(place_of(now, k), *path));
        if (before[k]) TRY(copy(&now->place.kept[k], before[k]));
        *path = now->place.kept[k];
    }
    return OK;
}

/* ---- places that are looked for ---- */

typedef struct {
    const json_t *manifest;
    const char *path;   /* as the config has it */
    const char *folder; /* of the run, now */
    char found[PATH_ROOM], tried[4 * PATH_ROOM];
} PlaceSearch;

static bool try_path(PlaceSearch *s, const char *path)
{
    const size_t n = strlen(s->tried);
    if (file_exists(path)) {
        snprintf(s->found, sizeof s->found, "%s", path);
        return true;
    }
    if (!strstr(s->tried, path)) snprintf(s->tried + n, sizeof s->tried - n, "%s%s", n ? ", " : "", path);
    return false;
}

static bool try_below(PlaceSearch *s, const char *folder, const char *path)
{
    char whole[PATH_ROOM];
    if (!*folder || *path == '/') return false;
    return path_join(whole, folder, path) && try_path(s, whole);
}

static const char *place_in(const json_t *entry, const char *role)
{
    return jsontext_field(json_object_get(json_object_get(entry, "data"), role), "place");
}

/* `to` as seen from the folder `from`, both absolute. */
static bool seen_from(char out[PATH_ROOM], const char *from, const char *to)
{
    size_t same = 0, n = 0;
    if (*from != '/' || *to != '/') return false;
    for (size_t i = 0;; i++) {
        const bool end = !from[i] || from[i] == '/';
        if (end && (to[i] == '/' || !to[i])) same = i;
        if (!from[i] || from[i] != to[i]) break;
    }
    for (const char *c = from + same; *c && n + 3 < PATH_ROOM; c++)
        if (*c == '/') n += (size_t)snprintf(out + n, PATH_ROOM - n, "../");
    return snprintf(out + n, PATH_ROOM - n, "%s", to + same + (to[same] == '/')) < (int)(PATH_ROOM - n);
}

static bool try_recorded(PlaceSearch *s, const char *role)
{
    const json_t *resumed = json_object_get(s->manifest, "resumed");
    char relative[PATH_ROOM];
    for (size_t k = json_array_size(resumed); k-- > 0;) {
        const char *place = place_in(json_array_get(resumed, k), role);
        if (*place && try_path(s, place)) return true;
    }
    const char *place = place_in(s->manifest, role);
    if (!*place) return false;
    if (try_path(s, place)) return true;
    return seen_from(relative, jsontext_field(s->manifest, "run"), place) && try_below(s, s->folder, relative);
}

static bool search(PlaceSearch *s, const char *role)
{
    if (try_path(s, s->path)) return true;
    return try_below(s, jsontext_field(s->manifest, "folder"), s->path) || try_recorded(s, role) ||
           try_below(s, s->folder, s->path);
}

static Status find_file(Config *c, int file, PlaceSearch *s)
{
    const char *path = *path_of(c, file);
    char **place = place_of(c, file);
    if (!path || *place) return OK;
    s->path = path;
    s->tried[0] = 0;
    if (search(s, about[file].role)) return strcmp(s->found, path) == 0 ? OK : copy(place, s->found);
    if (c->place.lost) return OK;
    if (asprintf(&c->place.lost, "%s: %s of the run in %s is not there (tried %s); name its place now with %s=FILE",
                 path, about[file].what, s->folder, s->tried, about[file].flag) < 0) {
        c->place.lost = NULL;
        return fail(ERR_MEMORY, "no memory for a path");
    }
    return OK;
}

Status place_find(Config *config, const char *folder)
{
    char path[PATH_ROOM];
    json_t *manifest = NULL;
    PlaceSearch *s = calloc(1, sizeof *s);
    Status status = s ? OK : fail(ERR_MEMORY, "no memory for paths");
    snprintf(path, sizeof path, "%s/manifest.json", folder);
    if (status == OK) status = jsontext_load(&manifest, path, NULL);
    for (int k = 0; status == OK && k < N_FILE; k++) {
        s->manifest = manifest;
        s->folder = folder;
        status = find_file(config, k, s);
    }
    json_decref(manifest);
    free(s);
    return status == OK ? copy(&config->place.run, folder) : status;
}

Status place_check(const Config *config)
{
    return config->place.lost ? fail(ERR_IO, "%s", config->place.lost) : OK;
}
