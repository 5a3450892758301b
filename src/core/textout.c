/* SPDX-License-Identifier: MIT */
#include "core/textout.h"
#include "core/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

struct TextOut {
    FileDraft draft; /* not open: stdout, a pipe or a device */
    FILE *plain;     /* one of the two is open */
    gzFile gz;
    int error;  /* errno of the first write that failed */
    char *name; /* for messages */
};

static bool ends_in_gz(const char *path)
{
    const size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".gz") == 0;
}

static bool is_stream(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

Status textout_open(TextOut **out, const char *path, bool force)
{
    Status status = OK;
    TextOut *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return fail(ERR_MEMORY, "%s: no memory to write it", path);
    const bool to_stdout = strcmp(path, "-") == 0;
    t->name = strdup(to_stdout ? "standard output" : path);
    if (!t->name) TRY_DONE(fail(ERR_MEMORY, "%s: no memory to write it", path));

    if (to_stdout) {
        t->plain = stdout;
    } else {
        const bool stream = is_stream(path);
        const char *target = stream ? path : t->draft.temporary;
        if (!stream) TRY_DONE(file_begin(&t->draft, path, force));
        if (ends_in_gz(path))
            t->gz = gzopen(target, "wbe");
        else
            t->plain = fopen(target, "we");
        if (!t->gz && !t->plain) TRY_DONE(fail(ERR_IO, "%s: cannot write: %s", path, strerror(errno)));
    }
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

void textout_cell(TextOut *out, const char *text)
{
    if (!text[strcspn(text, "\t\"\r\n")]) {
        textout_printf(out, "%s", text);
        return;
    }
    textout_printf(out, "\"");
    for (; *text; text++) textout_printf(out, *text == '"' ? "\"\"" : "%c", *text);
    textout_printf(out, "\"");
}

Status textout_commit(TextOut *out)
{
    close_stream(out);
    Status status = OK;
    if (out->error)
        status = fail(ERR_IO, "%s: cannot write: %s", out->name, strerror(out->error));
    else if (out->draft.open)
        status = file_commit(&out->draft);
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
