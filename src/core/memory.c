/* SPDX-License-Identifier: MIT */
#include "core/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The number that follows `name` in a text file ("" at its start); -1 if there is none. */
static int64_t number_in(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    char line[512];
    int64_t number = -1;
    if (!file) return -1;
    while (number < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) != 0 || sscanf(line + strlen(name), "%" SCNd64, &number) != 1)
            number = -1;
    fclose(file);
    return number;
}

static int64_t of_machine(void)
{
    const int64_t kilobytes = number_in("/proc/meminfo", "MemAvailable:");
    return kilobytes < 0 ? INT64_MAX : kilobytes * 1024;
}

static int64_t of_address_space(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > INT64_MAX)
        return INT64_MAX;
    const int64_t pages = number_in("/proc/self/statm", "");
    const int64_t left = (int64_t)limit.rlim_cur - (pages < 0 ? 0 : pages * sysconf(_SC_PAGESIZE));
    return left > 0 ? left : 0;
}

/* The group of a batch system's job; what files of it lie in the page cache can be dropped and is not counted. */
static int64_t of_control_group(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[3072] = "", group[4096], path[4352];
    if (!file) return INT64_MAX;
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) found = strncmp(line, "0::", 3) == 0;
    fclose(file);
    if (!found) return INT64_MAX;
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(group, sizeof group, "/sys/fs/cgroup%s", line + 3);
    (void)snprintf(path, sizeof path, "%s/memory.max", group);
    const int64_t most = number_in(path, "");
    (void)snprintf(path, sizeof path, "%s/memory.current", group);
    const int64_t taken = number_in(path, "");
    (void)snprintf(path, sizeof path, "%s/memory.stat", group);
    const int64_t cached = number_in(path, "inactive_file ");
    if (most < 0 || taken < 0) return INT64_MAX;
    const int64_t left = most - taken + (cached > 0 ? cached : 0);
    return left > 0 ? left : 0;
}

int64_t memory_available(void)
{
    int64_t least = of_machine();
    const int64_t other[] = {of_address_space(), of_control_group()};
    for (int i = 0; i < 2; i++)
        if (other[i] < least) least = other[i];
    return least;
}
