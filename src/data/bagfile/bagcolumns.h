/* SPDX-License-Identifier: MIT
 *
 * bagcolumns.h: lays spooled sequences out as the columns of a dataset file: codes padded with -1, lengths, counts, genes.
 * Chunks are built and packed on several threads and written by one; the bytes are the same for any thread count.
 */
#ifndef HOPSACK_BAGCOLUMNS_H
#define HOPSACK_BAGCOLUMNS_H

#include "core/status.h"
#include "data/h5/h5.h"

#include <stdio.h>

/* A spooled sequence; its residues follow one another in a file of their own. */
typedef struct {
    int64_t count;
    int32_t len;
    int16_t v, j;
} SpoolRow;

typedef struct {
    FILE *rows, *codes; /* at their beginnings */
    int64_t n_seq, max_len;
    bool genes;
    int compress; /* gzip level; 0: none */
} Spool;

Status bagcolumns_write(H5Id file, const char *path, const Spool *spool);

#endif
