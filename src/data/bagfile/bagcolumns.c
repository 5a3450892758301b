/* SPDX-License-Identifier: MIT
 *
 * Deflating is most of the work of writing, and HDF5 does it under one lock; so chunks are packed here, several at a time,
 * and handed over finished.
 */
#include "data/bagfile/bagcolumns.h"
#include "core/parallel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (256 << 10) /* of codes; the other columns have as many rows a chunk */
#define PIECES      16          /* chunks of rows in memory at once */

enum { CODES, LEN, COUNT, V, J, N_COLUMN };

static const struct {
    const char *name;
    H5Type type;
    size_t size; /* bytes an element */
} columns[N_COLUMN] = {{"/sampledata/sequences", H5_INT8, 1},
                       {"/sampledata/seq_lens", H5_INT64, 8},
                       {"/sampledata/sequence_counts", H5_INT64, 8},
                       {"/sampledata/v_call", H5_INT16, 2},
                       {"/sampledata/j_call", H5_INT16, 2}};

/* One chunk of rows. */
typedef struct {
    int64_t n;     /* rows it has; the last chunk of the file may be short */
    SpoolRow *row; /* [chunk] */
    int8_t *dense; /* [chunk · width] residues without gaps */
    H5Packed packed[N_COLUMN];
    Status status[N_COLUMN];
} Piece;

typedef struct {
    const char *path;
    const Spool *spool;
    int64_t chunk, width;
    int n_column, n_piece; /* pieces of the batch under way */
    H5Set set[N_COLUMN];
    Piece piece[PIECES];
} Columns;

static Status no_memory(const Columns *c)
{
    return fail(ERR_MEMORY, "%s: no memory for %lld sequences of up to %lld residues", c->path, (long long)c->chunk,
                (long long)c->width);
}

static Status read_fail(const Columns *c)
{
    return fail(ERR_IO, "%s: cannot write: %s", c->path, strerror(errno));
}

static Status prepare(Columns *c, H5Id file)
{
    for (int k = 0; k < N_COLUMN; k++) c->set[k].id = -1;
    for (int i = 0; i < PIECES && i * c->chunk < c->spool->n_seq; i++) {
        c->piece[i].row = malloc((size_t)c->chunk * sizeof *c->piece[i].row);
        c->piece[i].dense = malloc((size_t)(c->chunk * c->width));
        if (!c->piece[i].row || !c->piece[i].dense) return no_memory(c);
    }
    for (int k = 0; k < c->n_column; k++) {
        const H5Array array = {.name = columns[k].name,
                               .type = columns[k].type,
                               .rank = k == CODES ? 2 : 1,
                               .n = c->spool->n_seq,
                               .width = k == CODES ? c->width : 1};
        TRY(h5_make(&c->set[k], file, c->path, &array, c->chunk, c->spool->compress));
    }
    return OK;
}

static void release(Columns *c)
{
    for (int k = 0; k < N_COLUMN; k++) h5_set_close(&c->set[k]);
    for (int i = 0; i < PIECES; i++) {
        for (int k = 0; k < N_COLUMN; k++) h5_packed_free(&c->piece[i].packed[k]);
        free(c->piece[i].row);
        free(c->piece[i].dense);
    }
}

static Status read_piece(Piece *p, const Columns *c, int64_t n)
{
    size_t residues = 0;
    p->n = n;
    if (fread(p->row, sizeof *p->row, (size_t)n, c->spool->rows) != (size_t)n) return read_fail(c);
    for (int64_t i = 0; i < n; i++) residues += (size_t)p->row[i].len;
    return fread(p->dense, 1, residues, c->spool->codes) == residues ? OK : read_fail(c);
}

/* ---- on any thread ---- */

static void build_codes(int8_t *to, const Piece *p, int64_t width)
{
    const int8_t *from = p->dense;
    for (int64_t i = 0; i < p->n; i++) {
        memcpy(to + i * width, from, (size_t)p->row[i].len);
        memset(to + i * width + p->row[i].len, -1, (size_t)(width - p->row[i].len));
        from += p->row[i].len;
    }
}

static void build_numbers(void *to, const Piece *p, int column)
{
    int64_t *number = to;
    int16_t *gene = to;
    for (int64_t i = 0; i < p->n; i++) {
        if (column == LEN) number[i] = p->row[i].len;
        if (column == COUNT) number[i] = p->row[i].count;
        if (column == V) gene[i] = p->row[i].v;
        if (column == J) gene[i] = p->row[i].j;
    }
}

/* The rows that a short chunk lacks are zero. */
static void pack_column(void *context, int chunk, int thread)
{
    Columns *c = context;
    Piece *p = &c->piece[chunk / c->n_column];
    const int k = chunk % c->n_column;
    void *rows = calloc((size_t)(c->chunk * c->set[k].width), columns[k].size);
    (void)thread;
    if (rows && k == CODES) build_codes(rows, p, c->width);
    if (rows && k != CODES) build_numbers(rows, p, k);
    p->status[k] = rows && h5_pack(&p->packed[k], &c->set[k], rows) ? OK : ERR_MEMORY;
    free(rows);
}

/* ---- batches ---- */

static Status write_batch(Columns *c, int64_t first)
{
    for (c->n_piece = 0; c->n_piece < PIECES; c->n_piece++) {
        const int64_t left = c->spool->n_seq - first - c->n_piece * c->chunk;
        if (left <= 0) break;
        TRY(read_piece(&c->piece[c->n_piece], c, left < c->chunk ? left : c->chunk));
    }
    parallel_for(c->n_piece * c->n_column, pack_column, c);
    for (int k = 0; k < c->n_column; k++)
        for (int i = 0; i < c->n_piece; i++) {
            Piece *p = &c->piece[i];
            if (p->status[k] != OK) return no_memory(c);
            TRY(h5_write_packed(&c->set[k], &p->packed[k], first + i * c->chunk));
            h5_packed_free(&p->packed[k]);
        }
    return OK;
}

Status bagcolumns_write(H5Id file, const char *path, const Spool *spool)
{
    Columns c = {.path = path, .spool = spool, .width = spool->max_len > 0 ? spool->max_len : 1};
    Status status;
    c.n_column = spool->genes ? N_COLUMN : V;
    c.chunk = CHUNK_BYTES / c.width > 0 ? CHUNK_BYTES / c.width : 1;
    if (c.chunk > spool->n_seq) c.chunk = spool->n_seq;
    TRY_DONE(prepare(&c, file));
    for (int64_t first = 0; first < spool->n_seq; first += PIECES * c.chunk) TRY_DONE(write_batch(&c, first));
done:
    release(&c);
    return status;
}
