/* SPDX-License-Identifier: MIT */
#include "core/safetensors.h"
#include "data/arrays/arrayformat.h"

#include <stdlib.h>
#include <string.h>

static const ArrayType type_of[] = {
    [TENSOR_F32] = ARRAY_F32, [TENSOR_F64] = ARRAY_F64, [TENSOR_I64] = ARRAY_I64,   [TENSOR_U64] = ARRAY_U64,
    [TENSOR_U8] = ARRAY_U8,   [TENSOR_F16] = ARRAY_F16, [TENSOR_BF16] = ARRAY_BF16, [TENSOR_BOOL] = ARRAY_BOOL,
    [TENSOR_I8] = ARRAY_I8,   [TENSOR_I16] = ARRAY_I16, [TENSOR_U16] = ARRAY_U16,   [TENSOR_I32] = ARRAY_I32,
    [TENSOR_U32] = ARRAY_U32};

/* The JSON header begins at byte 8. */
static bool is(const unsigned char *bytes, size_t n)
{
    return n > 8 && bytes[8] == '{';
}

static void unlist(ArrayFile *f)
{
    safetensors_free(f->inside);
    free(f->inside);
    f->inside = NULL;
}

static Status list(ArrayFile *f)
{
    TensorFile *file = f->inside = calloc(1, sizeof *file);
    if (!file) return fail(ERR_MEMORY, "%s: no memory to read it", f->path);
    TRY(safetensors_read_foreign(file, f->path));
    for (int k = 0; k < file->n; k++) {
        const Tensor *t = &file->tensor[k];
        Array a = {.type = type_of[t->type], .n_dim = t->n_dim};
        memcpy(a.shape, t->shape, sizeof a.shape);
        TRY(arrayformat_add(f, t->name, &a));
    }
    return OK;
}

typedef struct {
    const char *at;
} TensorPlace;

static Status open(void **reader, const ArrayFile *f, const Array *a)
{
    const TensorFile *file = f->inside;
    TensorPlace *p = *reader = malloc(sizeof *p);
    if (!p) return fail(ERR_MEMORY, "%s: no memory to read it", f->path);
    p->at = file->tensor[a->place].data;
    return OK;
}

static Status read(void *reader, void *to, size_t n)
{
    TensorPlace *p = reader;
    memcpy(to, p->at, n);
    p->at += n;
    return OK;
}

const ArrayFormat arrayformat_safetensors = {
    .name = "safetensors", .is = is, .list = list, .unlist = unlist, .open = open, .read = read, .close = free};
