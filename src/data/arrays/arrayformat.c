/* SPDX-License-Identifier: MIT */
#include "data/arrays/arrayformat.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    size_t width;
    double rounding;
} types[] = {
    [ARRAY_F16] = {2, 0x1p-11}, [ARRAY_BF16] = {2, 0x1p-8}, [ARRAY_F32] = {4, 0x1p-24}, [ARRAY_F64] = {8, 0x1p-53},
    [ARRAY_BOOL] = {1, 0},      [ARRAY_I8] = {1, 0},        [ARRAY_U8] = {1, 0},        [ARRAY_I16] = {2, 0},
    [ARRAY_U16] = {2, 0},       [ARRAY_I32] = {4, 0},       [ARRAY_U32] = {4, 0},       [ARRAY_I64] = {8, 0},
    [ARRAY_U64] = {8, 0}};

size_t arrayformat_width(ArrayType type)
{
    return types[type].width;
}

bool arrayformat_count(int64_t *n, const int64_t *shape, int n_dim)
{
    *n = 1;
    for (int d = 0; d < n_dim; d++)
        if (shape[d] < 0 || __builtin_mul_overflow(*n, shape[d], n) || *n > ARRAY_MOST) return false;
    return true;
}

Status arrayformat_add(ArrayFile *f, const char *name, const Array *a)
{
    int64_t n;
    if (!arrayformat_count(&n, a->shape, a->n_dim))
        return fail(ERR_FORMAT, "%s: array '%.100s': its shape is too large", f->path, name);
    Array *grown = realloc(f->array, ((size_t)f->n + 1) * sizeof *grown);
    if (grown) f->array = grown;
    char *copy = grown ? strdup(name) : NULL;
    if (!copy) return fail(ERR_MEMORY, "%s: no memory for its list of arrays", f->path);
    Array *added = &f->array[f->n];
    *added = *a;
    added->name = copy;
    added->n = n;
    if (a->rounding == 0) added->rounding = types[a->type].rounding;
    added->place = f->n++;
    return OK;
}
