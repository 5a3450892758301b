/* SPDX-License-Identifier: MIT */
#include "study/headmask.h"
#include "data/arrays/arrayreader.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 4096

static Status read_numbers(HeadMask *m, const ArrayFile *file)
{
    double x[PIECE];
    ArrayReader *reader;
    const int64_t n = m->array->n;
    m->visible = malloc((size_t)n + 1);
    if (!m->visible) return fail(ERR_MEMORY, "%s: no memory for the mask '%s'", file->path, m->array->name);
    TRY(arrayreader_open(&reader, file, m->array));
    Status status = OK;
    for (int64_t at = 0; at < n && status == OK; at += PIECE) {
        const int64_t now = n - at < PIECE ? n - at : PIECE;
        status = arrayreader_next(x, reader, now);
        for (int64_t k = 0; k < now && status == OK; k++) m->visible[at + k] = x[k] != 0;
    }
    if (status == OK) status = arrayreader_finish(reader);
    arrayreader_close(reader);
    return status;
}

Status headmask_open(HeadMask *out, const ArrayFile *file, const char *name, bool causal)
{
    *out = (HeadMask){.causal = causal};
    if (!name) return OK;
    out->array = arrayfile_find(file, name);
    if (!out->array) return fail(ERR_USAGE, "--mask=%s: %s has no array of this name", name, file->path);
    if (arrayfile_is_real(out->array))
        return fail(ERR_FORMAT,
                    "%s: the mask '%s' has real numbers; booleans or integers are expected, 1 for a visible key",
                    file->path, name);
    return read_numbers(out, file);
}

void headmask_close(HeadMask *m)
{
    free(m->visible);
    *m = (HeadMask){0};
}

/* Strides by the rule of NumPy: dimensions are aligned at the end; one of size 1 is repeated. */
static bool broadcast(HeadView *v)
{
    const Array *a = v->mask->array;
    int64_t stride = 1;
    if (!a) return true;
    if (a->n_dim > v->n_dim) return false;
    for (int d = a->n_dim - 1, to = v->n_dim - 1; d >= 0; d--, to--) {
        if (a->shape[d] != 1 && a->shape[d] != v->shape[to]) return false;
        v->stride[to] = a->shape[d] == 1 ? 0 : stride;
        stride *= a->shape[d];
    }
    return true;
}

Status headmask_view(HeadView *out, const HeadMask *m, const char *name, const int64_t *shape, int n_dim)
{
    *out = (HeadView){.mask = m, .n_dim = n_dim};
    memcpy(out->shape, shape, (size_t)n_dim * sizeof *shape);
    if (!broadcast(out))
        return fail(ERR_FORMAT,
                    "the mask '%s' does not broadcast to the weights of '%s'; of padding it is [samples, 1, 1, keys]",
                    m->array->name, name);
    if (m->causal && shape[n_dim - 1] < shape[n_dim - 2])
        return fail(ERR_FORMAT, "'%s' has fewer keys (%lld) than queries (%lld), so it is not --causal", name,
                    (long long)shape[n_dim - 1], (long long)shape[n_dim - 2]);
    return OK;
}

void headmask_row(uint8_t *seen, const HeadView *v, int64_t row)
{
    const int64_t n_key = v->shape[v->n_dim - 1], n_query = v->shape[v->n_dim - 2];
    const int64_t last = v->mask->causal ? row % n_query + n_key - n_query : n_key - 1;
    int64_t at = 0;
    for (int d = v->n_dim - 2; d >= 0; d--) {
        at += row % v->shape[d] * v->stride[d];
        row /= v->shape[d];
    }
    for (int64_t j = 0; j < n_key; j++)
        seen[j] = j <= last && (!v->mask->visible || v->mask->visible[at + j * v->stride[v->n_dim - 1]]);
}
