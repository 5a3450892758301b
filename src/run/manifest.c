/* SPDX-License-Identifier: MIT */
#include "run/manifest.h"
#include "core/blas.h"
#include "core/file.h"
#include "core/parallel.h"
#include "nn/kernel.h"

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

static Status data_file(json_t *list, const char *role, const char *path)
{
    char hex[65];
    if (!path) return OK;
    TRY(digest_sha256(hex, path));
    json_object_set_new(list, role, json_pack("{s:s, s:s}", "path", path, "sha256", hex));
    return OK;
}

static json_t *words(int argc, char **argv)
{
    json_t *list = json_array();
    for (int i = 0; i < argc; i++) json_array_append_new(list, json_string(argv[i]));
    return list;
}

Status manifest_data(json_t **out, const Config *config)
{
    json_t *data = *out = json_object();
    if (!data) return fail(ERR_MEMORY, "no memory for the manifest");
    Status status = data_file(data, "dataset", config->data.path);
    if (status == OK) status = data_file(data, "metadata", config->data.metadata);
    if (status == OK) status = data_file(data, "splits", config->splits.file);
    if (status == OK) return OK;
    json_decref(data);
    *out = NULL;
    return status;
}

Status manifest_new(json_t **out, json_t *data, int argc, char **argv)
{
    char host[256] = "", when[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &utc)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    *out = json_pack("{s:s, s:o, s:s, s:s, s:o, s:O}", "version", HOPSACK_VERSION, "command", words(argc, argv),
                     "host", host, "started", when, "machine", manifest_machine(), "data", data);
    return *out ? OK : fail(ERR_MEMORY, "no memory for the manifest");
}

json_t *manifest_join(json_t *first, json_t *now)
{
    json_t *list = json_object_get(first, "resumed");
    if (!json_is_object(first)) {
        json_decref(first);
        return now;
    }
    json_object_del(now, "data");
    if (!json_is_array(list)) json_object_set_new(first, "resumed", list = json_array());
    json_array_append_new(list, now);
    return first;
}
