/* SPDX-License-Identifier: MIT */
#include "data/h5/h5stream.h"
#include "core/parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static Status no_memory(const H5Stream *s)
{
    return fail(ERR_MEMORY, "%s: no memory to write %s", s->set.path, s->set.name);
}

Status h5stream_open(H5Stream *s, H5Id file, const char *path, const H5Array *a, int compress)
{
    const int64_t element = a->type == H5_INT64 || a->type == H5_UINT64 || a->type == H5_FLOAT64 ? 8 : 4;
    int64_t chunk = H5STREAM_BYTES / (a->width * element);
    if (chunk > a->n) chunk = a->n;
    if (chunk < 1) chunk = 1;
    *s = (H5Stream){.set = {.id = -1}};
    TRY(h5_make(&s->set, file, path, a, chunk, compress));
    s->row = (size_t)a->width * s->set.element;
    s->waiting = malloc((size_t)chunk * s->row * H5STREAM_CHUNKS);
    return s->waiting ? OK : no_memory(s);
}

static void pack(void *context, int chunk, int thread)
{
    H5Stream *s = context;
    (void)thread;
    s->lost[chunk] = !h5_pack(&s->packed[chunk], &s->set, s->waiting + (size_t)(chunk * s->set.chunk) * s->row);
}

/* What a short last chunk lacks is zero. */
static Status write_waiting(H5Stream *s)
{
    const int n_chunk = (int)((s->n + s->set.chunk - 1) / s->set.chunk);
    Status status = OK;
    memset(s->waiting + (size_t)s->n * s->row, 0, (size_t)(n_chunk * s->set.chunk - s->n) * s->row);
    parallel_for(n_chunk, pack, s);
    for (int c = 0; c < n_chunk; c++) {
        if (status == OK && s->lost[c]) status = no_memory(s);
        if (status == OK) status = h5_write_packed(&s->set, &s->packed[c], s->first + c * s->set.chunk);
        h5_packed_free(&s->packed[c]);
    }
    s->first += s->n;
    s->n = 0;
    return status;
}

void *h5stream_next(H5Stream *s, Status *status)
{
    *status = s->n == H5STREAM_CHUNKS * s->set.chunk ? write_waiting(s) : OK;
    if (*status != OK) return NULL;
    return memset(s->waiting + (size_t)s->n++ * s->row, 0, s->row);
}

Status h5stream_close(H5Stream *s)
{
    const Status status = s->waiting && s->n > 0 ? write_waiting(s) : OK;
    h5_set_close(&s->set);
    free(s->waiting);
    s->waiting = NULL;
    return status;
}
