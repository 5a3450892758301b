/* SPDX-License-Identifier: MIT
 *
 * Strings are written one after the other, so the next one is nearly always in the collection at hand; a file that jumps
 * between two is read slowly, not wrongly.
 */
#include "data/h5/h5heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER 16

/* Of the collection with that number, so that the table need not be cleared for each. */
typedef struct {
    uint64_t at, size, collection;
} Object;

typedef struct {
    int fd;
    uint64_t file_size;
    const char *where;
    uint64_t address;  /* of the collection at hand; 0: none */
    uint8_t *bytes;    /* [size] it */
    Object *object;    /* [65536] by index */
    uint64_t n_loaded; /* number of the collection at hand */
    char *store;       /* strings so far */
    size_t used, room;
} Heap;

static uint64_t number(const uint8_t *bytes, int n)
{
    uint64_t value = 0;
    for (int k = n; k-- > 0;) value = value << 8 | bytes[k];
    return value;
}

static Status damaged(const Heap *h)
{
    return fail(ERR_FORMAT, "%s cannot be read: its strings are damaged", h->where);
}

static Status read_at(const Heap *h, uint8_t *to, uint64_t n, uint64_t address)
{
    for (uint64_t done = 0; done < n;) {
        const ssize_t got = pread(h->fd, to + done, n - done, (off_t)(address + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(ERR_IO, "%s cannot be read: %s", h->where, strerror(errno));
        if (got == 0) return damaged(h);
        done += (uint64_t)got;
    }
    return OK;
}

/* Objects of the collection at hand; every size is checked against what is left. */
static Status index_objects(Heap *h, uint64_t size)
{
    h->n_loaded++;
    for (uint64_t at = HEADER; at + HEADER <= size;) {
        const uint64_t index = number(h->bytes + at, 2), length = number(h->bytes + at + 8, 8);
        if (index == 0) return OK;
        if (length > size - at - HEADER || h->object[index].collection == h->n_loaded) return damaged(h);
        h->object[index] = (Object){at + HEADER, length, h->n_loaded};
        at += HEADER + (length + 7) / 8 * 8;
    }
    return OK;
}

static Status load_collection(Heap *h, uint64_t address)
{
    uint8_t head[HEADER];
    h->address = 0;
    if (address == 0 || address > h->file_size || h->file_size - address < HEADER) return damaged(h);
    TRY(read_at(h, head, HEADER, address));
    const uint64_t size = number(head + 8, 8);
    if (memcmp(head, "GCOL\1", 5) != 0 || size < HEADER || size > h->file_size - address || size > H5HEAP_MOST)
        return damaged(h);
    uint8_t *grown = realloc(h->bytes, size);
    if (!grown) return fail(ERR_MEMORY, "%s: no memory for its strings", h->where);
    h->bytes = grown;
    TRY(read_at(h, h->bytes, size, address));
    TRY(index_objects(h, size));
    h->address = address;
    return OK;
}

/* Appends a string, cut at its first NUL. */
static Status append(Heap *h, const uint8_t *bytes, uint64_t length)
{
    const size_t n = strnlen((const char *)bytes, length);
    if (h->used + n + 1 > h->room) {
        const size_t room = 2 * (h->used + n + 1) + 4096;
        char *grown = room > 2 * (size_t)H5HEAP_MOST ? NULL : realloc(h->store, room);
        if (!grown) return fail(ERR_MEMORY, "%s: no memory for its strings", h->where);
        h->store = grown;
        h->room = room;
    }
    memcpy(h->store + h->used, bytes, n);
    h->store[h->used + n] = '\0';
    h->used += n + 1;
    return OK;
}

static Status read_string(Heap *h, const uint8_t *reference)
{
    const uint64_t length = number(reference, 4), address = number(reference + 4, 8),
                   index = number(reference + 12, 4);
    if (length == 0) return append(h, (const uint8_t *)"", 0);
    if (h->address == 0 || h->address != address) TRY(load_collection(h, address));
    if (index > 65535 || h->object[index].collection != h->n_loaded || length > h->object[index].size)
        return damaged(h);
    return append(h, h->bytes + h->object[index].at, length);
}

static Status open_heap(Heap *h, const char *path)
{
    struct stat info;
    h->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (h->fd < 0 || fstat(h->fd, &info) != 0) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    h->file_size = (uint64_t)info.st_size;
    h->object = calloc(65536, sizeof *h->object);
    return h->object ? OK : fail(ERR_MEMORY, "%s: no memory for its strings", h->where);
}

Status h5heap_read(char **store, const char **text, const uint8_t *reference, int64_t n, const char *path,
                   const char *where)
{
    Heap h = {.fd = -1, .where = where};
    Status status;
    *store = NULL;
    TRY_DONE(open_heap(&h, path));
    TRY_DONE(append(&h, (const uint8_t *)"", 0)); /* so that there is a block even if n is 0 */
    h.used = 0;
    for (int64_t i = 0; i < n; i++) TRY_DONE(read_string(&h, reference + i * H5HEAP_REFERENCE));
    const char *at = h.store;
    for (int64_t i = 0; i < n; i++, at += strlen(at) + 1) text[i] = at;
done:
    if (h.fd >= 0) close(h.fd);
    free(h.bytes);
    free(h.object);
    if (status == OK)
        *store = h.store;
    else
        free(h.store);
    return status;
}
