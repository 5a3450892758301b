/* SPDX-License-Identifier: MIT */
#include "core/again.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 20000000

static Status cannot_start(int error)
{
    return fail(ERR_IO, "cannot start hopsack again: %s", strerror(error));
}

/* 0, or why not. */
static int start(pid_t *child, char **argv, int out)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (error == 0) error = posix_spawn(child, "/proc/self/exe", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* A signal to this process alone must be passed on, once; from a key press the other has it already (cli/interrupt). */
static Status wait_for(int *exit_code, pid_t child, const StopFlag *stop)
{
    int how = 0;
    bool passed = false;
    for (;;) {
        const pid_t got = waitpid(child, &how, WNOHANG);
        if (got == child) break;
        if (got < 0 && errno != EINTR) return fail(ERR_IO, "cannot wait for hopsack: %s", strerror(errno));
        if (stop_is_set(stop) && !passed) {
            kill(child, (int)*stop);
            passed = true;
        }
        nanosleep(&(struct timespec){0, WAIT_NS}, NULL);
    }
    *exit_code = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
    return OK;
}

static Status run(int *exit_code, char **argv, const char *out, const StopFlag *stop)
{
    pid_t child;
    const int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return fail(ERR_IO, "%s: %s", out, strerror(errno));
    const int error = start(&child, argv, fd);
    close(fd);
    return error ? cannot_start(error) : wait_for(exit_code, child, stop);
}

Status again_run(int *exit_code, const char *const *word, int n, const char *out, const StopFlag *stop)
{
    char by[32], **argv = calloc((size_t)n + 2, sizeof *argv);
    bool whole = argv && (argv[0] = strdup("hopsack"));
    for (int k = 0; k < n && whole; k++) whole = (argv[k + 1] = strdup(word[k])) != NULL;
    snprintf(by, sizeof by, "%ld", (long)getpid());
    whole = whole && setenv(AGAIN_BY, by, true) == 0;
    const Status status = whole ? run(exit_code, argv, out, stop) : cannot_start(ENOMEM);
    unsetenv(AGAIN_BY);
    for (int k = 0; argv && argv[k]; k++) free(argv[k]);
    free(argv);
    return status;
}
