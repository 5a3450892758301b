/* SPDX-License-Identifier: MIT */
#include "run/manifest.h"
#include "core/blas.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/parallel.h"
#include "nn/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The first line of /proc/cpuinfo that begins with `key`, without it; "" where there is none. */
static const char *cpu_line(char *buffer, int room, const char *key)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char *found = NULL;
    while (file && !found && fgets(buffer, room, file))
        if (strncmp(buffer, key, strlen(key)) == 0) found = strchr(buffer, ':');
    if (file) fclose(file);
    if (!found) return "";
    found[strcspn(found, "\n")] = 0;
    return found + 1 + strspn(found + 1, " \t");
}

/* Those flags that decide how fast arithmetic is. */
static json_t *cpu_flags(void)
{
    static const char *const wanted[] = {"sse4_2", "avx", "fma", "f16c", "amx", "asimd", "sve", NULL};
    char buffer[8192];
    const char *line = cpu_line(buffer, sizeof buffer, "flags");
    if (!*line) line = cpu_line(buffer, sizeof buffer, "Features");
    json_t *list = json_array();
    while (*line) {
        const size_t n = strcspn(line, " ");
        for (const char *const *w = wanted; *w; w++)
            if (strncmp(line, *w, strlen(*w)) == 0) {
                json_array_append_new(list, json_stringn(line, n));
                break;
            }
        line += n + strspn(line + n, " ");
    }
    return list;
}

json_t *manifest_machine(void)
{
    char buffer[1024];
    double load[3] = {0};
    if (getloadavg(load, 3) < 1) load[0] = 0;
    const char *cpu = cpu_line(buffer, sizeof buffer, "model name");
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:f}", "threads", parallel_threads(), "blas", blas_version(),
                     "blas_kernel", blas_kernel(), "kernels", kernel_active()->level, "cpu", cpu, "cpu_flags",
                     cpu_flags(), "load_average", load[0]);
}

static json_t *words(int argc, char **argv)
{
    json_t *list = json_array();
    for (int i = 0; i < argc; i++) json_array_append_new(list, json_string(argv[i]));
    return list;
}

static void add_place(json_t *data, const char *role, const char *path)
{
    char *whole = path ? realpath(path, NULL) : NULL;
    if (path) json_object_set_new(data, role, json_pack("{s:s}", "path", path));
    if (whole) json_object_set_new(json_object_get(data, role), "place", json_string(whole));
    free(whole);
}

static Status add_digest(json_t *data, const char *role)
{
    char hex[65];
    json_t *file = json_object_get(data, role);
    const char *path = json_string_value(json_object_get(file, "path"));
    if (!path) return OK;
    TRY(digest_sha256(hex, path));
    json_object_set_new(file, "sha256", json_string(hex));
    return OK;
}

Status manifest_data(json_t **out, const Config *config, const char *content)
{
    json_t *data = *out = json_object();
    if (!data) return fail(ERR_MEMORY, "no memory for the manifest");
    add_place(data, "dataset", config_dataset(config));
    add_place(data, "metadata", config_metadata(config));
    add_place(data, "splits", config_splits(config));
    json_object_set_new(json_object_get(data, "dataset"), "content", json_string(content));
    const Status status = add_digest(data, "splits");
    if (status == OK) return OK;
    json_decref(data);
    *out = NULL;
    return status;
}

static const char *text_of(const json_t *data, const char *role, const char *key)
{
    return json_string_value(json_object_get(json_object_get(data, role), key));
}

static Status same_file(const json_t *before, json_t *now, const char *role, const char *folder)
{
    const char *then = text_of(before, role, "sha256");
    if (!then) return OK;
    if (!text_of(now, role, "sha256")) TRY(add_digest(now, role));
    const char *is = text_of(now, role, "sha256"), *path = text_of(now, role, "path");
    if (is && strcmp(is, then) == 0) return OK;
    return fail(ERR_FORMAT, "%s: is not the %s that the run in %s began with (its SHA-256 differs)",
                path ? path : "the settings", role, folder);
}

Status manifest_same_data(const json_t *before, json_t *now, const char *folder)
{
    const char *then = text_of(before, "dataset", "content"), *is = text_of(now, "dataset", "content");
    if (!then) TRY(same_file(before, now, "dataset", folder));
    if (!then) TRY(same_file(before, now, "metadata", folder));
    TRY(same_file(before, now, "splits", folder));
    if (!then || (is && strcmp(then, is) == 0)) return OK;
    return fail(ERR_FORMAT,
                "%s: is not the dataset that the run in %s began with (its bags or the labels used differ); "
                "--data.path=FILE names another place",
                text_of(now, "dataset", "path"), folder);
}

Status manifest_data_text(char **out, json_t *data)
{
    const char *splits = text_of(data, "splits", "sha256");
    return jsontext(out, json_pack("{s:s, s:s*}", "content", text_of(data, "dataset", "content"), "splits", splits),
                    JSONTEXT_SORTED);
}

static Status files_text(char **out, json_t *data)
{
    static const char *const role[] = {"dataset", "metadata", "splits"};
    json_t *hashes = json_object();
    Status status = OK;
    for (int k = 0; k < 3 && status == OK; k++) {
        status = add_digest(data, role[k]);
        const char *hex = text_of(data, role[k], "sha256");
        if (hex) json_object_set_new(hashes, role[k], json_string(hex));
    }
    if (status == OK) return jsontext(out, hashes, JSONTEXT_SORTED);
    json_decref(hashes);
    return status;
}

Status manifest_new(json_t **out, json_t *data, const char *folder, int argc, char **argv)
{
    char host[256] = "", when[32] = "", here[4096] = "";
    time_t now = time(NULL);
    struct tm utc;
    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &utc)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    char *run = realpath(folder, NULL);
    if (!getcwd(here, sizeof here)) here[0] = 0;
    *out = json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:O}", "version", HOPSACK_VERSION, "command",
                     words(argc, argv), "folder", here, "run", run ? run : folder, "host", host, "started", when,
                     "machine", manifest_machine(), "data", data);
    free(run);
    return *out ? OK : fail(ERR_MEMORY, "no memory for the manifest");
}

bool manifest_same_files(const char *before, json_t *data)
{
    char *files = NULL;
    if (!strstr(before, "\"dataset\"")) return false;
    const bool same = files_text(&files, data) == OK && strcmp(files, before) == 0;
    free(files);
    return same;
}

static bool same_places(const json_t *a, const json_t *b)
{
    static const char *const role[] = {"dataset", "metadata", "splits"};
    bool same = true;
    for (int k = 0; k < 3; k++) {
        const char *x = text_of(a, role[k], "place"), *y = text_of(b, role[k], "place");
        same &= x && y ? strcmp(x, y) == 0 : x == y;
    }
    return same;
}

json_t *manifest_join(json_t *first, json_t *now)
{
    json_t *list = json_object_get(first, "resumed");
    if (!json_is_object(first)) {
        json_decref(first);
        return now;
    }
    if (!text_of(json_object_get(first, "data"), "dataset", "content")) /* begun by 0.1.0 */
        json_object_set(first, "data", json_object_get(now, "data"));
    if (same_places(json_object_get(first, "data"), json_object_get(now, "data"))) json_object_del(now, "data");
    if (!json_is_array(list)) json_object_set_new(first, "resumed", list = json_array());
    json_array_append_new(list, now);
    return first;
}

double manifest_number(const char *folder, const char *key)
{
    char path[PATH_ROOM];
    json_t *manifest = NULL;
    if (!path_join(path, folder, "manifest.json") || jsontext_load(&manifest, path, NULL) != OK) return (double)NAN;
    const json_t *value = json_object_get(manifest, key);
    const double number = json_is_number(value) ? json_number_value(value) : (double)NAN;
    json_decref(manifest);
    return number;
}
