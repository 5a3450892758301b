/* SPDX-License-Identifier: MIT */
#include "cli/streams.h"
#include "core/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool output_was_closed;

/* A file gets the lowest number that is free, which is this one: those below are open by now. */
static void open_one(int fd)
{
    const int flags =
        fd == STDERR_FILENO ? O_WRONLY : O_RDONLY; /* a table for standard output must not be lost unseen */
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) return;
    if (open("/dev/null", flags | O_CLOEXEC) == fd && fd == STDOUT_FILENO) output_was_closed = true;
}

/* ---- what is printed ---- */

#ifdef __GLIBC__
static bool write_all(const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(STDOUT_FILENO, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

#define PIECE 4096

/* The stream's writer. A character cut off at the end waits for the rest. */
static ssize_t write_escaped(void *cookie, const char *bytes, size_t n)
{
    static char from[PIECE + 8], to[4 * sizeof from];
    static size_t waiting; /* of `from` */
    (void)cookie;
    for (size_t done = 0, now; done < n; done += now) {
        size_t length;
        now = n - done < PIECE ? n - done : PIECE;
        memcpy(from + waiting, bytes + done, now);
        from[waiting + now] = 0;
        const size_t used = escape_stream(to, &length, from, waiting + now);
        if (!write_all(to, length)) return 0;
        waiting += now - used;
        memmove(from, from + used, waiting);
    }
    return (ssize_t)n;
}

/* Whoever prints may print a name from a file: no control character of it reaches the terminal. */
static void escape_output(void)
{
    FILE *escaped = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_escaped});
    if (!escaped) return;
    setvbuf(escaped, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, 1 << 14);
    stdout = escaped;
}
#else
static void escape_output(void) {}
#endif

void streams_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) open_one(fd);
    escape_output();
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
