/* SPDX-License-Identifier: MIT */
#include "data/arrays/arrayfile.h"
#include "core/filetype.h"
#include "core/spool.h"
#include "data/arrays/arrayformat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const ArrayFormat *const formats[] = {&arrayformat_npy, &arrayformat_npz, &arrayformat_h5,
                                             &arrayformat_safetensors};
#define N_FORMAT (int)(sizeof formats / sizeof *formats)

static int by_name(const void *a, const void *b)
{
    const Array *x = a, *y = b;
    const int order = strverscmp(x->name, y->name);
    return order ? order : x->place - y->place;
}

static Status unknown(const char *path, const unsigned char *bytes, size_t n)
{
    const char *type = filetype_of(bytes, n);
    if (type) return fail(ERR_FORMAT, "%s: is no file of arrays: it %s", path, type);
    return fail(ERR_FORMAT, "%s: is no file of arrays (npy, npz, safetensors or HDF5)", path);
}

static Status find_format(ArrayFile *f)
{
    unsigned char bytes[FILETYPE_PEEK];
    FILE *file = fopen(f->path, "rb");
    if (!file) return fail(ERR_IO, "%s: %s", f->path, strerror(errno));
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    const bool bad = ferror(file);
    fclose(file);
    if (bad) return fail(ERR_IO, "%s: cannot be read", f->path);
    for (int k = 0; k < N_FORMAT && !f->format; k++)
        if (formats[k]->is(bytes, n)) f->format = formats[k];
    return f->format ? OK : unknown(f->path, bytes, n);
}

static Status open_file(ArrayFile *f)
{
    struct stat info;
    if (spool_is_pipe(f->path))
        return fail(ERR_FORMAT, "%s: arrays are not read from a pipe; save them as a file first", f->path);
    if (stat(f->path, &info) != 0) return fail(ERR_IO, "%s: %s", f->path, strerror(errno));
    if (S_ISDIR(info.st_mode)) return fail(ERR_FORMAT, "%s: is a folder, not a file of arrays", f->path);
    TRY(find_format(f));
    TRY(f->format->list(f));
    if (f->n > 1) qsort(f->array, (size_t)f->n, sizeof *f->array, by_name);
    return OK;
}

Status arrayfile_open(ArrayFile *out, const char *path)
{
    *out = (ArrayFile){.path = path};
    const Status status = open_file(out);
    if (status != OK) arrayfile_close(out);
    return status;
}

bool arrayfile_is_real(const Array *a)
{
    return a->rounding > 0;
}

const Array *arrayfile_find(const ArrayFile *file, const char *name)
{
    for (int k = 0; k < file->n; k++)
        if (strcmp(file->array[k].name, name) == 0) return &file->array[k];
    return NULL;
}

void arrayfile_close(ArrayFile *f)
{
    if (f->format && f->format->unlist) f->format->unlist(f);
    for (int k = 0; k < f->n; k++) free(f->array[k].name);
    free(f->array);
    *f = (ArrayFile){0};
}
