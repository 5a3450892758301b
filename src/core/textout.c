/* SPDX-License-Identifier: MIT */
#include "core/textout.h"
#include "core/escape.h"
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct TextOut {
    FileDraft draft; /* not open: stdout, a pipe or a device */
    FILE *plain;     /* one of the two is open */
    gzFile gz;
    int error;  /* errno of the first write that failed */
    char *name; /* for messages */
};

/* What a shell has sent it to is never opened a second time. */
bool textout_is_stdout(const char *path)
{
    static const char *const names[] = {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", NULL};
    for (const char *const *name = names; *name; name++)
        if (strcmp(path, *name) == 0) return true;
    return false;
}

/* A pipe, a terminal, /dev/null; no disk. */
static bool is_stream_mode(mode_t mode)
{
    return S_ISFIFO(mode) || S_ISCHR(mode) || S_ISSOCK(mode);
}

static bool is_stream(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && is_stream_mode(info.st_mode);
}

/* -1: errno says why. What has become a file since it was looked at is left alone. */
static int open_stream(const char *path)
{
    struct stat info;
    const int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return -1;
    if (fstat(fd, &info) == 0 && is_stream_mode(info.st_mode)) return fd;
    close(fd);
    errno = EEXIST;
    return -1;
}

/* Takes `fd` over. */
static bool open_by_fd(TextOut *t, int fd, bool gz)
{
    if (fd >= 0 && gz)
        t->gz = gzdopen(fd, "wb");
    else if (fd >= 0)
        t->plain = fdopen(fd, "w");
    if (fd >= 0 && !t->gz && !t->plain) close(fd);
    return t->gz || t->plain;
}

static Status open_target(TextOut *t, const char *path, bool force)
{
    const bool stream = is_stream(path);
    if (!stream) TRY(file_begin(&t->draft, path, force));
    const int fd = stream ? open_stream(path) : fcntl(t->draft.fd, F_DUPFD_CLOEXEC, 3);
    errno = fd < 0 ? errno : ENOMEM;
    if (open_by_fd(t, fd, path_ends(path, ".gz"))) return OK;
    return fail(ERR_IO, "%s: cannot write: %s", path, strerror(errno));
}

Status textout_open(TextOut **out, const char *path, bool force)
{
    Status status = OK;
    TextOut *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return fail(ERR_MEMORY, "%s: no memory to write it", path);
    t->name = strdup(textout_is_stdout(path) ? "standard output" : path);
    if (!t->name) TRY_DONE(fail(ERR_MEMORY, "%s: no memory to write it", path));
    if (textout_is_stdout(path))
        t->plain = stdout;
    else
        TRY_DONE(open_target(t, path, force));
    *out = t;
    return OK;
done:
    textout_drop(t);
    return status;
}

void textout_write(TextOut *out, const char *bytes, size_t n)
{
    if (out->error || n == 0) return;
    errno = 0;
    const size_t written = out->gz ? gzfwrite(bytes, 1, n, out->gz) : fwrite(bytes, 1, n, out->plain);
    if (written != n) out->error = errno ? errno : EIO;
}

void textout_printf(TextOut *out, const char *format, ...)
{
    char line[1024], *longer = NULL;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n >= (int)sizeof line) {
        va_start(args, format);
        if (vasprintf(&longer, format, args) < 0) longer = NULL;
        va_end(args);
        if (!longer && !out->error) out->error = ENOMEM;
    }
    if (n > 0) textout_write(out, longer ? longer : line, (size_t)n);
    free(longer);
}

/* The last bytes leave here, so a full disk may be noticed only now. */
static void close_stream(TextOut *out)
{
    errno = 0;
    int failed = 0;
    if (out->gz)
        failed = gzclose(out->gz) != Z_OK;
    else if (out->plain == stdout)
        failed = fflush(stdout) != 0;
    else if (out->plain)
        failed = fclose(out->plain) != 0;
    if (failed && !out->error) out->error = errno ? errno : EIO;
    out->gz = NULL;
    out->plain = NULL;
}

/* Tabs and ends of lines stay, between quotes; other control characters do not reach a table. */
static void write_quoted(TextOut *out, const char *text)
{
    const size_t n = strlen(text);
    char *shown = malloc(4 * n + 1);
    if (!shown && !out->error) out->error = ENOMEM;
    if (!shown) return;
    size_t length;
    (void)escape_stream(shown, &length, text, n);
    textout_write(out, "\"", 1);
    for (size_t i = 0; i < length; i++)
        textout_write(out, shown[i] == '"' ? "\"\"" : shown + i, shown[i] == '"' ? 2 : 1);
    textout_write(out, "\"", 1);
    free(shown);
}

void textout_cell(TextOut *out, const char *text)
{
    if (text[strcspn(text, "\t\"\r\n")])
        write_quoted(out, text);
    else if (escape_is_control(text))
        textout_text(out, text);
    else
        textout_write(out, text, strlen(text));
}

void textout_text(TextOut *out, const char *text)
{
    char shown[ESCAPE_MOST];
    textout_printf(out, "%s", escape_text(shown, sizeof shown, text));
}

Status textout_check(const TextOut *out)
{
    return out->error ? fail(ERR_IO, "%s: cannot write: %s", out->name, strerror(out->error)) : OK;
}

Status textout_commit(TextOut *out)
{
    close_stream(out);
    Status status = textout_check(out);
    if (status == OK && out->draft.open) status = file_commit(&out->draft);
    textout_drop(out);
    return status;
}

void textout_drop(TextOut *out)
{
    if (!out) return;
    close_stream(out);
    file_drop(&out->draft);
    free(out->name);
    free(out);
}
