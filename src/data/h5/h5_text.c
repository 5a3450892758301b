/* SPDX-License-Identifier: MIT */
#include "data/h5/h5base.h"
#include "data/h5/h5chunk.h"
#include "data/h5/h5heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Strings of one fixed size, NUL-ended or filling it. */
static Status unpack_fixed(H5Texts *out, const char *fixed, size_t size)
{
    char *to = out->store = malloc((size_t)out->n * (size + 1) + 1);
    if (!to) return ERR_MEMORY;
    for (int64_t i = 0; i < out->n; i++) {
        const size_t length = strnlen(fixed + (size_t)i * size, size);
        out->text[i] = to;
        memcpy(to, fixed + (size_t)i * size, length);
        to[length] = '\0';
        to += length + 1;
    }
    return OK;
}

static Status read_fixed(H5Texts *out, const H5Set *set, hid_t type)
{
    Status status = OK;
    const size_t size = H5Tget_size(type);
    char *text = (double)out->n * (double)size > H5HEAP_MOST ? NULL : calloc((size_t)out->n + 1, size);
    if (!text)
        status = h5base_no_memory(set);
    else if (H5Dread(set->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0)
        status = h5base_read_fail(set);
    else if (unpack_fixed(out, text, size) != OK)
        status = h5base_no_memory(set);
    free(text);
    return status;
}

/* ---- references to strings of variable length, as stored ---- */

static Status read_contiguous(uint8_t *to, const H5Set *set)
{
    const haddr_t address = H5Dget_offset(set->id);
    const size_t n = (size_t)(set->n * set->width) * H5HEAP_REFERENCE;
    if (address == HADDR_UNDEF) {
        h5base_forget();
        return OK; /* never written: all empty */
    }
    const int fd = open(set->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(ERR_IO, "%s: cannot open: %s", set->path, strerror(errno));
    const ssize_t got = pread(fd, to, n, (off_t)address);
    const int error = errno;
    close(fd);
    if (got < 0 && error == EIO) return fail(ERR_IO, "%s: cannot read: %s", set->path, strerror(error));
    return got == (ssize_t)n ? OK : h5base_damaged(set);
}

static Status read_chunked(uint8_t *to, const H5Set *set)
{
    const int64_t rows = set->chunk, columns = set->chunk_width;
    uint8_t *cells = malloc((size_t)(rows * columns) * H5HEAP_REFERENCE);
    Status status = cells ? OK : h5base_no_memory(set);
    for (int64_t row = 0; row < set->n && status == OK; row += rows)
        for (int64_t column = 0; column < set->width && status == OK; column += columns) {
            bool there;
            status = h5chunk_read(cells, &there, set, row, column, H5HEAP_REFERENCE);
            const int64_t width = set->width - column < columns ? set->width - column : columns;
            for (int64_t r = 0; r < rows && row + r < set->n && status == OK; r++)
                memcpy(to + ((row + r) * set->width + column) * H5HEAP_REFERENCE,
                       cells + r * columns * H5HEAP_REFERENCE, (size_t)width * H5HEAP_REFERENCE);
        }
    free(cells);
    return status;
}

/* References as they lie in the file: HDF5 would follow them itself. */
static Status read_references(uint8_t *to, const H5Set *set)
{
    const hid_t list = H5Dget_create_plist(set->id);
    const H5D_layout_t layout = list < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(list);
    Status status;
    if (layout == H5D_CONTIGUOUS)
        status = read_contiguous(to, set);
    else if (layout == H5D_CHUNKED)
        status = read_chunked(to, set);
    else
        status = fail(ERR_FORMAT, "%s: %s is stored in a way not read here (compact strings)", set->path, set->name);
    if (list >= 0) H5Pclose(list);
    return status;
}

static Status read_variable(H5Texts *out, const H5Set *set)
{
    char where[400];
    uint8_t *reference = calloc((size_t)out->n + 1, H5HEAP_REFERENCE);
    if (!reference) return h5base_no_memory(set);
    snprintf(where, sizeof where, "%s: %s", set->path, set->name);
    Status status = read_references(reference, set);
    if (status == OK) status = h5heap_read(&out->store, out->text, reference, out->n, set->path, where);
    free(reference);
    return status;
}

Status h5_read_texts(H5Texts *out, const H5Set *set)
{
    h5base_start();
    *out = (H5Texts){.n = set->n * set->width};
    if ((double)set->n * (double)set->width > H5HEAP_MOST / H5HEAP_REFERENCE)
        return fail(ERR_FORMAT, "%s: %s claims too many strings", set->path, set->name);
    out->text = calloc((size_t)out->n + 1, sizeof *out->text);
    const hid_t type = H5Dget_type(set->id);
    if (type < 0) return h5base_read_fail(set);
    Status status = out->text ? OK : h5base_no_memory(set);
    if (status == OK) status = H5Tis_variable_str(type) > 0 ? read_variable(out, set) : read_fixed(out, set, type);
    H5Tclose(type);
    if (status != OK) h5_texts_free(out);
    return status;
}

void h5_texts_free(H5Texts *texts)
{
    free(texts->text);
    free(texts->store);
    *texts = (H5Texts){0};
}
