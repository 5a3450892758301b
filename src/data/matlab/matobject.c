/* SPDX-License-Identifier: MIT */
#include "data/matlab/matobject.h"
#include "core/file.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define HEADER     128
#define MATRIX     14
#define COMPRESSED 15
#define STRUCT     2
#define OBJECT     3
#define MOST       (1ull << 32) /* bytes of the file */

typedef struct {
    const uint8_t *at; /* the data */
    size_t n;
    size_t whole; /* with tag and padding */
    uint32_t type;
} Element;

static Status damaged(const char *path)
{
    return fail(ERR_FORMAT, "%s: is damaged, or no MATLAB file of version 5; save it again with `save -v6`", path);
}

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The element at `at`, of which `n` bytes are there. */
static bool next_element(Element *out, const uint8_t *at, size_t n)
{
    if (n < 8) return false;
    const uint32_t type = word(at), small = type >> 16;
    *out = (Element){.at = at + 8, .n = word(at + 4), .type = type};
    if (small > 0) *out = (Element){.at = at + 4, .n = small, .type = type & 0xffff};
    if (small > 4 || (size_t)(out->at - at) + out->n > n) return false;
    out->whole = small > 0 ? 8 : 8 + (out->type == COMPRESSED ? out->n : (out->n + 7) / 8 * 8);
    if (out->whole > n) out->whole = n;
    return true;
}

static Status write_all(int fd, const void *bytes, size_t n, const char *path)
{
    for (const char *from = bytes; n > 0;) {
        const ssize_t done = write(fd, from, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return fail(ERR_MEMORY, "%s: no memory for its content: %s", path, strerror(errno));
        from += done;
        n -= (size_t)done;
    }
    return OK;
}

/* ---- one element ---- */

/* A matrix that is an object: written as the struct it contains. False: it is none, or damaged. */
static bool find_class_name(size_t *from, size_t *to, const uint8_t *matrix, size_t n)
{
    Element e;
    size_t at = 0;
    for (int k = 0; k < 4; k++) { /* flags, dimensions, name, class name */
        if (!next_element(&e, matrix + at, n - at)) return false;
        if (k == 0 && (e.n < 8 || e.at[0] != OBJECT)) return false;
        *from = at;
        at += e.whole;
    }
    *to = at;
    return true;
}

static Status write_matrix(int fd, const Element *matrix, const char *path)
{
    size_t from, to;
    if (matrix->type != MATRIX || matrix->n > UINT32_MAX - 8) return damaged(path);
    const uint32_t tag[2] = {MATRIX, (uint32_t)matrix->n};
    if (!find_class_name(&from, &to, matrix->at, matrix->n)) {
        TRY(write_all(fd, tag, sizeof tag, path));
        return write_all(fd, matrix->at, matrix->n, path);
    }
    const uint32_t shorter[2] = {MATRIX, (uint32_t)(matrix->n - (to - from))};
    uint8_t flags[16];
    memcpy(flags, matrix->at, sizeof flags);
    flags[8] = STRUCT;
    TRY(write_all(fd, shorter, sizeof shorter, path));
    TRY(write_all(fd, flags, sizeof flags, path));
    TRY(write_all(fd, matrix->at + sizeof flags, from - sizeof flags, path));
    return write_all(fd, matrix->at + to, matrix->n - to, path);
}

static Status inflate_element(uint8_t **out, size_t *n, const Element *packed, const char *path)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed->at, .avail_in = (uInt)packed->n};
    size_t room = 0;
    int code = Z_OK;
    *out = NULL;
    if (inflateInit(&z) != Z_OK) return fail(ERR_MEMORY, "%s: no memory to inflate it", path);
    while (code == Z_OK) {
        if (z.total_out == room) {
            uint8_t *grown = room > MOST ? NULL : realloc(*out, room ? 2 * room : 1 << 16);
            if (!grown) break;
            *out = grown;
            room = room ? 2 * room : 1 << 16;
        }
        const size_t left = room - z.total_out;
        z.next_out = *out + z.total_out;
        z.avail_out = (uInt)(left < UINT32_MAX ? left : UINT32_MAX);
        code = inflate(&z, Z_NO_FLUSH);
    }
    *n = z.total_out;
    inflateEnd(&z);
    if (code == Z_STREAM_END) return OK;
    free(*out);
    *out = NULL;
    return code == Z_OK ? fail(ERR_MEMORY, "%s: no memory to inflate it", path) : damaged(path);
}

static Status write_packed(int fd, const Element *packed, const char *path)
{
    uint8_t *bytes;
    size_t n = 0;
    Element matrix;
    TRY(inflate_element(&bytes, &n, packed, path));
    const Status status = next_element(&matrix, bytes, n) ? write_matrix(fd, &matrix, path) : damaged(path);
    free(bytes);
    return status;
}

static Status write_elements(int fd, const uint8_t *bytes, size_t n, const char *path)
{
    Element e;
    if (n < HEADER || bytes[126] != 'I' || bytes[127] != 'M') return damaged(path);
    TRY(write_all(fd, bytes, HEADER, path));
    for (size_t at = HEADER; at < n; at += e.whole) {
        if (!next_element(&e, bytes + at, n - at)) return damaged(path);
        TRY(e.type == COMPRESSED ? write_packed(fd, &e, path) : write_matrix(fd, &e, path));
    }
    return OK;
}

Status matobject_as_struct(int *fd, const char *path)
{
    char *bytes = NULL;
    size_t n = 0;
    *fd = -1;
    TRY(file_read_whole(&bytes, &n, path, MOST));
    *fd = memfd_create("hopsack-mat", MFD_CLOEXEC);
    Status status = *fd >= 0 ? write_elements(*fd, (const uint8_t *)bytes, n, path)
                             : fail(ERR_MEMORY, "%s: no memory for its content: %s", path, strerror(errno));
    free(bytes);
    if (status != OK && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return status;
}
