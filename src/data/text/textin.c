/* SPDX-License-Identifier: MIT */
#include "data/text/textin.h"
#include "data/text/bytes.h"
#include "core/filetype.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK (256u << 10)

struct TextIn {
    char *path;
    Bytes *bytes;
    char *buffer;   /* [size + 1] */
    size_t size;    /* room */
    size_t at, end; /* bytes at … end-1 are not given out yet */
    int number;     /* of the last line */
    char line_end;  /* '\n' or '\r'; 0: not known yet */
    bool finished;  /* the file has no more bytes */
};

const char *textin_path(const TextIn *in)
{
    return in->path;
}
int textin_number(const TextIn *in)
{
    return in->number;
}

/* What is no text is named for what it is. */
static Status open_bytes(Bytes **out, const char *path)
{
    size_t n;
    TRY(bytes_open(out, path));
    const unsigned char *head = bytes_head(*out, &n);
    const char *type = filetype_of(head, n);
    if (!type) return OK;
    bytes_close(*out);
    *out = NULL;
    return fail(ERR_FORMAT, "%s: %s", path, type);
}

Status textin_open(TextIn **out, const char *path)
{
    *out = NULL;
    TextIn *in = calloc(1, sizeof *in);
    if (in) {
        in->path = strdup(path);
        in->size = BLOCK;
        in->buffer = malloc(in->size + 1);
    }
    if (!in || !in->path || !in->buffer) {
        textin_close(in);
        return fail(ERR_MEMORY, "%s: no memory to read it", path);
    }
    const Status status = open_bytes(&in->bytes, path);
    if (status != OK)
        textin_close(in);
    else
        *out = in;
    return status;
}

void textin_close(TextIn *in)
{
    if (!in) return;
    bytes_close(in->bytes);
    free(in->buffer);
    free(in->path);
    free(in);
}

Status textin_rewind(TextIn *in)
{
    TRY(bytes_rewind(in->bytes));
    in->at = in->end = 0;
    in->number = 0;
    in->line_end = 0;
    in->finished = false;
    return OK;
}

static void skip_mark(TextIn *in)
{
    if (in->end >= 3 && memcmp(in->buffer, "\xef\xbb\xbf", 3) == 0) in->at = 3;
}

/* More bytes behind those that wait, which move to the front; the buffer doubles if they fill it. */
static Status fill(TextIn *in)
{
    const bool begun = in->number == 0 && in->end == 0;
    memmove(in->buffer, in->buffer + in->at, in->end - in->at);
    in->end -= in->at;
    in->at = 0;
    if (in->end == in->size) {
        if (in->size >= TEXTIN_LINE_MOST)
            return fail(ERR_FORMAT, "%s:%d: a line of more than %u MB; this is not a text table", in->path,
                        in->number + 1, TEXTIN_LINE_MOST >> 20);
        char *grown = realloc(in->buffer, 2 * in->size + 1);
        if (!grown) return fail(ERR_MEMORY, "%s:%d: no memory for a line this long", in->path, in->number + 1);
        in->buffer = grown;
        in->size *= 2;
    }
    size_t got = 0;
    TRY(bytes_read(&got, in->bytes, in->buffer + in->end, in->size - in->end));
    in->end += got;
    in->finished = got == 0;
    if (begun) skip_mark(in);
    return OK;
}

/* Old Macintosh files end lines with \r alone. */
static void find_line_end(TextIn *in)
{
    const char *text = in->buffer + in->at;
    const char *mac = memchr(text, '\r', in->end - in->at);
    in->line_end = mac && !memchr(text, '\n', in->end - in->at) && (mac + 1 < in->buffer + in->end || in->finished)
                       ? '\r'
                       : '\n';
}

static Status give(TextIn *in, char **line, size_t *length, size_t n, size_t skip)
{
    char *text = in->buffer + in->at;
    in->at += n + skip;
    in->number++;
    if (n > 0 && text[n - 1] == '\r') n--;
    if (memchr(text, '\0', n))
        return fail(ERR_FORMAT, "%s:%d: holds a byte 0; this is not a text file", in->path, in->number);
    text[n] = '\0';
    *line = text;
    *length = n;
    return OK;
}

Status textin_line(TextIn *in, char **line, size_t *length)
{
    *line = NULL;
    *length = 0;
    for (size_t searched = 0;;) {
        const size_t waiting = in->end - in->at;
        char *text = in->buffer + in->at;
        if (in->line_end == 0 && waiting > 0) find_line_end(in);
        const char *stop = waiting > searched ? memchr(text + searched, in->line_end, waiting - searched) : NULL;
        if (stop) return give(in, line, length, (size_t)(stop - text), 1);
        if (in->finished) return waiting > 0 ? give(in, line, length, waiting, 0) : OK;
        searched = waiting;
        const bool mark = in->number == 0 && in->end == 0;
        TRY(fill(in));
        if (mark) searched = 0;
    }
}

Status textin_whole(char **out, size_t *n, const char *path, size_t most)
{
    Bytes *in;
    size_t size = BLOCK, got = 1;
    Status status = OK;
    *n = 0;
    *out = NULL;
    TRY(open_bytes(&in, path));
    while (got > 0) {
        if (!*out || *n == size) {
            if (*out) size *= 2;
            if (size > 2 * most)
                TRY_DONE(fail(ERR_FORMAT, "%s: has more than %zu MB; this is not a label table", path, most >> 20));
            char *grown = realloc(*out, size + 1);
            if (!grown) TRY_DONE(fail(ERR_MEMORY, "%s: no memory to read it", path));
            *out = grown;
        }
        TRY_DONE(bytes_read(&got, in, *out + *n, size - *n));
        *n += got;
    }
    (*out)[*n] = '\0';
done:
    bytes_close(in);
    if (status != OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

/* ---- cells ---- */

/* A cell that begins with a quote: unquotes it in place; *end is where the separator or the end stands. NULL: open. */
static char *unquote(char *text, char *line_end, char separator, char **end)
{
    char *to = text;
    for (char *from = text + 1; from < line_end; from++) {
        if (*from == '"' && from + 1 < line_end && from[1] == '"')
            *to++ = *from++;
        else if (*from == '"') {
            for (from++; from < line_end && *from != separator; from++)
                *to++ = *from; /* text behind the quote stays */
            *end = from;
            *to = '\0';
            return text;
        } else
            *to++ = *from;
    }
    return NULL;
}

int textin_split(char **cell, int most, char *line, size_t length, char separator)
{
    char *const stop = line + length;
    int n = 0;
    for (char *at = line;; n++) {
        char *end = memchr(at, separator, (size_t)(stop - at));
        if (!end) end = stop;
        if (at < stop && *at == '"' && !unquote(at, stop, separator, &end)) return -1;
        if (n < most) cell[n] = at;
        const bool last = end >= stop;
        *end = '\0';
        if (last) return n + 1;
        at = end + 1;
    }
}
