/* SPDX-License-Identifier: MIT
 *
 * arrayformat_npy.c: one array of NumPy, and the zip archives that numpy.savez writes, where each member is one.
 */
#include "data/arrays/arrayformat.h"
#include "data/arrays/npystream.h"

#include <stdlib.h>
#include <string.h>

#define ENDING ".npy"

static bool is_npy(const unsigned char *bytes, size_t n)
{
    return n >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0;
}

static Status no_memory(const char *path)
{
    return fail(ERR_MEMORY, "%s: no memory to read it", path);
}

/* Adds the array of a file or member under a name. */
static Status add(ArrayFile *f, const char *name, const char *path, size_t n_archive, int64_t n_byte)
{
    Array a;
    NpyStream s;
    Status status = npystream_open(&s, path, n_archive, n_byte);
    if (status == OK) status = npystream_header(&a, &s);
    if (status == OK) status = arrayformat_add(f, name, &a);
    npystream_close(&s);
    return status;
}

/* `name` without the ending .npy, if it has it; the caller frees it. */
static char *without_ending(const char *name)
{
    const size_t n = strlen(name), end = strlen(ENDING);
    return strndup(name, n > end && strcmp(name + n - end, ENDING) == 0 ? n - end : n);
}

/* ---- npy ---- */

static Status list_npy(ArrayFile *f)
{
    const char *slash = strrchr(f->path, '/');
    char *name = without_ending(slash ? slash + 1 : f->path);
    const Status status = name ? add(f, name, f->path, 0, 0) : no_memory(f->path);
    free(name);
    return status;
}

static Status open_stream(void **reader, const char *path, size_t n_archive, int64_t n_byte)
{
    Array a;
    NpyStream *s = *reader = calloc(1, sizeof *s);
    if (!s) return no_memory(path);
    Status status = npystream_open(s, path, n_archive, n_byte);
    if (status == OK) status = npystream_header(&a, s);
    if (status == OK) return OK;
    npystream_close(s);
    free(s);
    *reader = NULL;
    return status;
}

static Status open_npy(void **reader, const ArrayFile *f, const Array *a)
{
    (void)a;
    return open_stream(reader, f->path, 0, 0);
}

static Status read_stream(void *reader, void *to, size_t n)
{
    return npystream_read(reader, to, n);
}

static Status finish_stream(void *reader)
{
    return npystream_end(reader);
}

static void close_stream(void *reader)
{
    if (reader) npystream_close(reader);
    free(reader);
}

const ArrayFormat arrayformat_npy = {.name = "npy",
                                     .is = is_npy,
                                     .list = list_npy,
                                     .open = open_npy,
                                     .read = read_stream,
                                     .finish = finish_stream,
                                     .close = close_stream};

/* ---- npz ---- */

/* Members that are arrays, in the order of Array.place. */
typedef struct {
    char **path;     /* [n] of archive and member */
    int64_t *n_byte; /* [n] */
    int n;
} Members;

static void unlist_npz(ArrayFile *f)
{
    Members *m = f->inside;
    for (int k = 0; m && k < m->n; k++) free(m->path[k]);
    if (m) free(m->path), free(m->n_byte);
    free(m);
    f->inside = NULL;
}

static Status add_member(ArrayFile *f, const char *member, int64_t n_byte)
{
    Members *m = f->inside;
    char *name = without_ending(member), *path = malloc(strlen(f->path) + strlen(member) + 2);
    Status status = name && path ? OK : no_memory(f->path);
    if (status == OK && strcmp(name, member) != 0) {
        stpcpy(stpcpy(stpcpy(path, f->path), "/"), member);
        status = add(f, name, path, strlen(f->path), n_byte);
        if (status == OK) {
            m->path[m->n] = path;
            m->n_byte[m->n++] = n_byte;
            path = NULL;
        }
    }
    free(name), free(path);
    return status;
}

static Status list_npz(ArrayFile *f)
{
    ZipList list;
    TRY(ziparchive_list(&list, f->path));
    Members *m = f->inside = calloc(1, sizeof *m);
    if (m) m->path = calloc((size_t)list.n + 1, sizeof *m->path);
    if (m) m->n_byte = calloc((size_t)list.n + 1, sizeof *m->n_byte);
    Status status = m && m->path && m->n_byte ? OK : no_memory(f->path);
    for (int k = 0; k < list.n && status == OK; k++) status = add_member(f, list.name[k], list.bytes[k]);
    ziparchive_list_free(&list);
    if (status == OK && f->n == 0)
        return fail(ERR_FORMAT, "%s: is a zip archive without an array (NAME.npy) in it", f->path);
    return status;
}

static Status open_npz(void **reader, const ArrayFile *f, const Array *a)
{
    const Members *m = f->inside;
    return open_stream(reader, m->path[a->place], strlen(f->path), m->n_byte[a->place]);
}

const ArrayFormat arrayformat_npz = {.name = "npz",
                                     .is = ziparchive_is,
                                     .list = list_npz,
                                     .unlist = unlist_npz,
                                     .open = open_npz,
                                     .read = read_stream,
                                     .finish = finish_stream,
                                     .close = close_stream};
