/* SPDX-License-Identifier: MIT */
#include "cli/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool output_was_closed;

/* A file gets the lowest number that is free, which is this one: those below are open by now. */
static void open_one(int fd)
{
    const int flags = fd == STDERR_FILENO ? O_WRONLY : O_RDONLY; /* a table for standard output must not be lost unseen */
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) return;
    if (open("/dev/null", flags | O_CLOEXEC) == fd && fd == STDOUT_FILENO) output_was_closed = true;
}

void streams_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) open_one(fd);
}

Status streams_need_output(void)
{
    if (!output_was_closed) return OK;
    return fail(ERR_IO, "standard output is closed, and the result would go there; open it, or send it to a file");
}

/* Results that could not be written are a failure, not a success without output; nobody was to see those of a command that
 * began with it closed. */
Status streams_close_output(void)
{
    if ((fflush(stdout) == 0 && !ferror(stdout)) || output_was_closed) return OK;
    return fail(ERR_IO, "standard output: cannot write the result (disk full, or closed)");
}
