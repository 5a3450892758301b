/* SPDX-License-Identifier: MIT */
#include "data/arrays/arrayformat.h"
#include "data/h5/h5tensor.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    H5Id file;
    H5TensorList list;
} Inside;

static bool is(const unsigned char *bytes, size_t n)
{
    return n >= 8 && memcmp(bytes, "\x89HDF\r\n\x1a\n", 8) == 0;
}

static void unlist(ArrayFile *f)
{
    Inside *in = f->inside;
    if (!in) return;
    h5tensor_list_free(&in->list);
    h5_close(&in->file, f->path);
    free(in);
    f->inside = NULL;
}

/* h5tensor hands over doubles or 64-bit integers, whatever the file has. */
static Array describe(const H5TensorInfo *t)
{
    Array a = {.type = t->is_real ? ARRAY_F64 : ARRAY_I64, .n_dim = t->rank};
    if (t->is_real) a.rounding = t->element == 2 ? 0x1p-11 : t->element == 4 ? 0x1p-24 : 0x1p-53;
    memcpy(a.shape, t->shape, sizeof a.shape);
    return a;
}

static Status list(ArrayFile *f)
{
    Inside *in = f->inside = calloc(1, sizeof *in);
    if (!in) return fail(ERR_MEMORY, "%s: no memory to read it", f->path);
    in->file = -1;
    TRY(h5_open(&in->file, f->path));
    TRY(h5tensor_list(&in->list, in->file, f->path));
    for (int k = 0; k < in->list.n; k++) {
        const Array a = describe(&in->list.info[k]);
        TRY(arrayformat_add(f, in->list.info[k].name, &a));
    }
    return OK;
}

static Status open(void **reader, const ArrayFile *f, const Array *a)
{
    const Inside *in = f->inside;
    return h5tensor_open((H5Tensor **)reader, in->file, f->path, &in->list.info[a->place]);
}

static Status read(void *reader, void *to, size_t n)
{
    return h5tensor_read(to, reader, n);
}

static void close(void *reader)
{
    h5tensor_close(reader);
}

const ArrayFormat arrayformat_h5 = {
    .name = "HDF5", .is = is, .list = list, .unlist = unlist, .open = open, .read = read, .close = close};
