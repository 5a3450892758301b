/* SPDX-License-Identifier: MIT */
#include "data/h5/h5chunk.h"
#include "data/h5/h5base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

Status h5chunk_read(uint8_t *bytes, bool *there, const H5Set *set, int64_t row, int64_t column, size_t element)
{
    const hsize_t at[2] = {(hsize_t)row, (hsize_t)column};
    const size_t n = (size_t)(set->chunk * set->chunk_width) * element;
    hsize_t size = 0;
    uint32_t mask = 0;
    if (H5Dget_chunk_storage_size(set->id, at, &size) < 0) return h5base_read_fail(set);
    *there = size > 0;
    if (!*there) memset(bytes, 0, n);
    if (!*there) return OK;
    uint8_t *stored = size > 2 * H5_CHUNK_MOST ? NULL : malloc((size_t)size);
    if (!stored) return h5base_no_memory(set);
    Status status = OK;
    errno = 0;
    if (H5Dread_chunk(set->id, H5P_DEFAULT, at, &mask, stored) < 0)
        status = h5base_read_fail(set);
    else if (!h5filter_unpack(bytes, n, element, stored, (size_t)size, set->filter, set->n_filter, mask))
        status = errno == ENOMEM ? h5base_no_memory(set) : h5base_damaged(set);
    free(stored);
    return status;
}

/* Makes chunk number `index` the one that is held. */
static Status hold(H5Held *held, bool *there, const H5Set *set, int64_t index)
{
    *there = true;
    if (held->bytes && held->index == index) return OK;
    if (!held->bytes) held->bytes = malloc((size_t)(set->chunk * set->width) * set->element);
    if (!held->bytes) return h5base_no_memory(set);
    held->index = -1;
    TRY(h5chunk_read(held->bytes, there, set, index * set->chunk, 0, set->element));
    if (*there) held->index = index;
    return OK;
}

Status h5chunk_rows(void *out, bool *there, const H5Set *set, int64_t first, int64_t n)
{
    const size_t row = (size_t)set->width * set->element;
    *there = true;
    for (int64_t done = 0, now; done < n && *there; done += now) {
        const int64_t inside = (first + done) % set->chunk;
        now = set->chunk - inside < n - done ? set->chunk - inside : n - done;
        TRY(hold(set->held, there, set, (first + done) / set->chunk));
        memcpy((uint8_t *)out + (size_t)done * row, set->held->bytes + (size_t)inside * row, (size_t)now * row);
    }
    return OK;
}
