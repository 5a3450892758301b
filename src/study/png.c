/* SPDX-License-Identifier: MIT */
#include "study/png.h"
#include "core/file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

Status png_open(Picture *out, int width, int height, const unsigned char ground[3])
{
    *out = (Picture){width, height, malloc((size_t)width * (size_t)height * 3)};
    if (!out->pixel) return fail(ERR_MEMORY, "no memory for a picture of %d x %d pixels", width, height);
    png_fill(out, 0, 0, width, height, ground);
    return OK;
}

void png_fill(Picture *p, int x, int y, int width, int height, const unsigned char colour[3])
{
    for (int r = y; r < y + height; r++)
        for (int c = x; c < x + width; c++)
            memcpy(p->pixel + 3 * ((size_t)r * (size_t)p->width + (size_t)c), colour, 3);
}

void png_close(Picture *p)
{
    free(p->pixel);
    *p = (Picture){0};
}

/* ---- the file ---- */

static void put_number(unsigned char to[4], unsigned long value)
{
    for (int k = 0; k < 4; k++) to[k] = (unsigned char)(value >> (24 - 8 * k));
}

/* Length, name, content, checksum; returns what follows. */
static unsigned char *put_chunk(unsigned char *to, const char name[5], const unsigned char *content, size_t n)
{
    put_number(to, n);
    memcpy(to + 4, name, 4);
    if (n > 0) memcpy(to + 8, content, n);
    put_number(to + 8 + n, crc32_z(0, to + 4, n + 4));
    return to + n + 12;
}

/* Each line begins with the number of its filter: 0, none. */
static Status compress_lines(unsigned char **out, size_t *n, const Picture *p)
{
    const size_t line = 3 * (size_t)p->width, raw = (size_t)p->height * (line + 1);
    uLongf packed = compressBound(raw);
    unsigned char *lines = malloc(raw);
    *out = malloc(packed);
    bool done = lines && *out;
    for (size_t r = 0; done && r < (size_t)p->height; r++) {
        lines[r * (line + 1)] = 0;
        memcpy(lines + r * (line + 1) + 1, p->pixel + r * line, line);
    }
    done = done && compress2(*out, &packed, lines, raw, 9) == Z_OK;
    free(lines);
    *n = packed;
    if (done) return OK;
    free(*out);
    return fail(ERR_MEMORY, "no memory for a picture of %d x %d pixels", p->width, p->height);
}

Status png_write(const char *path, const Picture *p, bool force)
{
    static const unsigned char mark[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char head[13] = {[8] = 8, [9] = 2}, *packed; /* 8 bits; RGB */
    size_t n;
    TRY(compress_lines(&packed, &n, p));
    unsigned char *file = malloc(n + 100), *end = file;
    if (!file) {
        free(packed);
        return fail(ERR_MEMORY, "%s: no memory for a picture of %zu bytes", path, n);
    }
    put_number(head, (unsigned long)p->width);
    put_number(head + 4, (unsigned long)p->height);
    memcpy(end, mark, sizeof mark);
    end = put_chunk(end + sizeof mark, "IHDR", head, sizeof head);
    end = put_chunk(end, "IDAT", packed, n);
    end = put_chunk(end, "IEND", NULL, 0);
    const Status status = file_write_whole(path, file, (size_t)(end - file), force);
    free(packed), free(file);
    return status;
}
