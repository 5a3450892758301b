/* SPDX-License-Identifier: MIT
 *
 * The child writes one line to its standard output, "<Status> <sentence>"; without that line it did not come to its
 * end. It is started by posix_spawn, never by fork alone: OpenMP's threads do not survive a fork. Files of ours go the
 * same way: whether a file is ours is only known once it is open. A child takes 15 ms.
 */
#include "core/child.h"
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY_MORE  (1ll << 30)  /* bytes beyond what the program takes at its start and the visitor's share */
#define SECONDS      30           /* of CPU, and one more for each … */
#define BYTES_SECOND (20ll << 20) /* … so many bytes of the file */
#define SECONDS_KILL 10           /* of CPU from the signal to the kill */

static bool enabled;

void child_enable(void)
{
    enabled = true;
}

/* ---- the child ---- */

static rlim_t address_space_used(void)
{
    long pages = 0;
    FILE *in = fopen("/proc/self/statm", "re");
    if (in && fscanf(in, "%ld", &pages) != 1) pages = 0;
    if (in) fclose(in);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void lower(int resource, rlim_t to)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < to) return;
    limit.rlim_cur = limit.rlim_max = to;
    setrlimit(resource, &limit);
}

/* The hard limit comes later: it kills without saying why, and so does a system that is out of memory. */
static void lower_cpu(rlim_t to)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CPU, &limit) != 0) return;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > to) limit.rlim_cur = to;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > to + SECONDS_KILL) limit.rlim_max = to + SECONDS_KILL;
    setrlimit(RLIMIT_CPU, &limit);
}

static void limit_self(const char *path, int file_times)
{
    struct stat info;
    const long long size = stat(path, &info) == 0 ? (long long)info.st_size : 0;
    lower(RLIMIT_CORE, 0);
    lower_cpu((rlim_t)(SECONDS + size / BYTES_SECOND));
    lower(RLIMIT_AS, address_space_used() + (rlim_t)(MEMORY_MORE + file_times * size));
}

_Noreturn void child_serve(const char *path, const ChildVisitor *const *visitor)
{
    signal(SIGINT, SIG_IGN); /* the parent decides; a key press reaches both */
    while (*visitor && (*visitor)->is_mine && !(*visitor)->is_mine(path)) visitor++;
    Status status = OK;
    if (*visitor) {
        limit_self(path, (*visitor)->file_times);
        status = (*visitor)->visit(path);
    }
    printf("%d %s\n", (int)status, status == OK ? "" : status_sentence());
    const int done = fflush(stdout) == 0 ? 0 : 1;
    _exit(done); /* HDF5 leaks memory on files it refuses, which is none of the parent's business */
}

/* ---- the parent ---- */

/* Signals that a fault of the library's own code raises; all others come from outside. */
static bool is_crash(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGABRT;
}

static Status killed(const char *path, int number)
{
    if (number == SIGINT) return fail(ERR_SIGINT, "%s: interrupted while opening it", path);
    if (number == SIGTERM) return fail(ERR_SIGTERM, "%s: terminated while opening it", path);
    if (number == SIGXCPU)
        return fail(
            ERR_FORMAT,
            "%s: the process that opens it reached its limit of CPU time, which is far more than a sound file of "
            "its size takes",
            path);
    if (is_crash(number))
        return fail(
            ERR_FORMAT,
            "%s: the library that reads it crashed on it (signal %d, %s, in a process of its own); copy or import "
            "it again",
            path, number, strsignal(number));
    return fail(ERR_IO, "%s: the process that opens it was killed (signal %d, %s)%s; try again", path, number,
                strsignal(number), number == SIGKILL ? ", as happens where memory is short" : "");
}

static Status died(const char *path, int how)
{
    if (WIFSIGNALED(how)) return killed(path, WTERMSIG(how));
    return fail(ERR_IO, "%s: the process that opens it ended early (exit status %d); try again", path,
                WEXITSTATUS(how));
}

static Status understand(const char *path, const char *said, int how)
{
    char *end;
    const long number = strtol(said, &end, 10);
    const char *line_end = strchr(said, '\n');
    if (end == said || *end != ' ' || !line_end || !WIFEXITED(how) || WEXITSTATUS(how) != 0) return died(path, how);
    if (number == OK) return OK;
    return fail((Status)number, "%.*s", (int)(line_end - end - 1), end + 1);
}

static size_t read_all(char *to, size_t room, int fd)
{
    size_t n = 0;
    while (n + 1 < room) {
        const ssize_t got = read(fd, to + n, room - 1 - n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        n += (size_t)got;
    }
    to[n] = '\0';
    return n;
}

/* 0, or why not. What the child says goes into `out`. */
static int start(pid_t *child, const char *path, int out)
{
    char name[] = "hopsack", word[] = CHILD_WORD, *copy = strdup(path), *argv[] = {name, word, copy, NULL};
    posix_spawn_file_actions_t actions;
    if (!copy) return ENOMEM;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        if (error == 0) error = posix_spawn(child, "/proc/self/exe", &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(copy);
    return error;
}

Status child_check(const char *path)
{
    char said[1200];
    int ends[2], how = 0;
    pid_t child;
    if (!enabled) return OK;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(ERR_IO, "%s: cannot start a process to open it: %s", path, strerror(errno));
    const int error = start(&child, path, ends[1]);
    close(ends[1]);
    if (error == 0) {
        read_all(said, sizeof said, ends[0]);
        while (waitpid(child, &how, 0) < 0 && errno == EINTR) continue;
    }
    close(ends[0]);
    if (error == 0) return understand(path, said, how);
    if (error == ENOENT) { /* no /proc here */
        log_warn("%s is opened without a child process: %s", path, strerror(error));
        return OK;
    }
    return fail(ERR_IO, "%s: cannot start a process to open it: %s", path, strerror(error));
}
