/* SPDX-License-Identifier: MIT
 *
 * bagfile.h: the dataset file, which is DeepRC's HDF5 layout with additions a reader may ignore (see
 * docs/files.md). Files of DeepRC, older names too, open here; ours open there. Several threads may read
 * bags of an open file: they wait for one another.
 */
#ifndef HOPSACK_BAGFILE_H
#define HOPSACK_BAGFILE_H

#include "core/bag.h"
#include "core/child.h"
#include "data/bagfile/vectorspool.h"
#include "data/text/table.h"

typedef struct BagFile BagFile;

typedef enum { COUNTS_NONE, COUNTS_RAW, COUNTS_LOG, COUNTS_LOG1P } CountScale; /* data.counts, in this order */
typedef enum { WEIGHT_NONE, WEIGHT_LOG1P, WEIGHT_RAW } CountWeight; /* model.pooling.count_weight, in this order */

/* What a bag has of its counts: factor as `scale` says and, unless `weight` is WEIGHT_NONE, log_weight; `genes`: and the
 * genes of its sequences, where the file has them. Below BAGFILE_COUNTS; with neither it is the scale. */
#define BAGFILE_PLAIN  12
#define BAGFILE_COUNTS (2 * BAGFILE_PLAIN)
static inline CountScale bagfile_counts(int scale, int weight)
{
    return (CountScale)(scale + weight * (COUNTS_LOG1P + 1));
}
static inline CountScale bagfile_with_genes(CountScale counts, bool genes)
{
    return (CountScale)((int)counts % BAGFILE_PLAIN + (genes ? BAGFILE_PLAIN : 0));
}
static inline bool bagfile_wants_genes(CountScale counts)
{
    return (int)counts >= BAGFILE_PLAIN;
}
static inline CountScale bagfile_scale(CountScale counts)
{
    return (CountScale)((int)counts % (COUNTS_LOG1P + 1));
}
static inline CountWeight bagfile_weight(CountScale counts)
{
    return (CountWeight)((int)counts % BAGFILE_PLAIN / (COUNTS_LOG1P + 1));
}
static inline int bagfile_n_count(CountScale counts) /* of the three arrays there are */
{
    return (bagfile_scale(counts) != COUNTS_NONE) + (bagfile_weight(counts) != WEIGHT_NONE) +
           bagfile_wants_genes(counts);
}

/* Opens and checks names, types, sizes, offsets, checksums of what it reads. ERR_FORMAT, ERR_IO. */
Status bagfile_open(BagFile **out, const char *path);
void bagfile_close(BagFile *file); /* accepts NULL */
extern const ChildVisitor bagfile_visitor;

const char *bagfile_path(const BagFile *file);
const BagSpec *bagfile_spec(const BagFile *file);
int bagfile_n_bag(const BagFile *file);
const char *bagfile_key(const BagFile *file, int bag); /* sample key, with extension where the file has one */
int bagfile_n(const BagFile *file, int bag);           /* instances */
int bagfile_n_max(const BagFile *file);                /* of the largest bag */
int64_t bagfile_n_total(const BagFile *file);
const Table *bagfile_columns(const BagFile *file);   /* label table inside the file; NULL if none */
const char *bagfile_provenance(const BagFile *file); /* JSON text; NULL if none */
bool bagfile_has_genes(const BagFile *file);
const char *const *bagfile_feature_names(const BagFile *file); /* [n_feat] of vectors; NULL: the file has none */
int64_t bagfile_n_nonzero(const BagFile *file);                /* numbers kept of sparse vectors; -1: not sparse */

/* Decodes a bag into memory from `arena` (not counting). factor is set unless `counts` is COUNTS_NONE: raw max(c, 0),
 * log ln max(c, 1), log1p ln(1 + max(c, 0)), of the count in single precision as DeepRC. `counts` may be one of
 * bagfile_counts; log_weight is ln w with w = max(c, 1) (raw) or ln(1 + max(c, 1)) (log1p). */
Status bagfile_read(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts);
/* Counts what that will take. */
Status bagfile_read_room(Arena *arena, const BagFile *file, int bag, CountScale counts);
/* Into memory for this bag alone: the arena is {0}, and the caller's to free, also after an error. */
Status bagfile_read_alone(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts);

/* Lengths and counts alone, as in the file: len [n], count [n]. Sequences only. */
Status bagfile_read_sizes(int64_t *len, int64_t *count, BagFile *file, int bag);

/* Numbers of V and J genes, each [n], -1: unknown. Names and how many there are: bagaudit.h. Only where the file has genes. */
Status bagfile_read_genes(int16_t *v, int16_t *j, BagFile *file, int bag);

/* One column of text an instance, for export. v_call and j_call are "" where unknown. Caller owns the three arrays. */
typedef struct {
    int n;
    char *sequence; /* [n, stride], NUL-ended */
    size_t stride;
    int64_t *count;                /* [n] as in the file */
    const char **v_call, **j_call; /* [n] borrowed from the file; NULL if the file has none */
} BagText;
Status bagfile_read_text(BagText *out, BagFile *file, int bag);
void bagtext_free(BagText *text);
uint64_t bagtext_hash(const BagText *text, int i); /* of the residues and genes of row i */

/* Is it a dataset, ours or DeepRC's, by its first bytes? False where there is no such file. */
Status bagfile_recognise(bool *out, const char *path);

/* Hash of a bag's content (sequences with counts, or vectors), whatever the order of its rows and its name. Computed when
 * the bag is first decoded, here if it has not been; what the file says of it is not believed. */
Status bagfile_hash(uint64_t *out, BagFile *file, int bag);

/* Joins the rows of a label table to bags: row_of_bag [n_bag], -1: no row. IDs are compared as given, then without
 * folder and last extension. ERR_FORMAT names table rows without a bag ("…:12: ID 'P7' is not in …"), duplicate and
 * ambiguous IDs. Bags without a row are allowed (unlabelled). */
/* The column it joins by: id_column, or with "auto" the one that fits best (join.h). */
Status bagfile_id_column(int *column, const BagFile *file, const Table *table, const char *id_column);
Status bagfile_join(int *row_of_bag, const BagFile *file, const Table *table, const char *id_column);

/* ---- writing ---- */
typedef struct BagWriter BagWriter;

/* --compress as import and simulate have it: its choices, and the level of the k-th. */
#define BAGFILE_COMPRESS "gzip none 1 2 3 4 5 6 7 8 9"
static inline int bagfile_compress(int choice)
{
    return choice == 0 ? 4 : choice - 1;
}

typedef struct {
    BagSpec spec; /* kind; sequences: alphabet, region */
    int compress; /* gzip level 1 … 9, 0: none; numeric datasets carry fletcher32 either way */
    bool force;
    BagFile **
        opened; /* NULL, or: the dataset gets no name, and is open when it is finished; `path` names it in messages */
    const char *scratch; /* with `opened`: a path in a folder for scratch files */
} BagWriterOptions;

Status bagwriter_open(BagWriter **out, const char *path, const BagWriterOptions *options);

/* Where bags of vectors are added (vectorspool.h); whether they are written sparse is its to say. */
VectorSpool *bagwriter_vectors(BagWriter *w);

/* The sequences of a bag. */
typedef struct {
    const int8_t *codes;        /* [n, stride] left-aligned */
    size_t stride;              /* 0: sequences follow one another without gaps */
    const int64_t *len, *count; /* [n] */
    const int16_t *v, *j;       /* [n] indices into the names handed to bagwriter_genes, or NULL */
    int n;
} BagWriterRows;

/* Adds a bag of sequences. Streams: holds no more than one chunk. */
Status bagwriter_add(BagWriter *w, const char *key, const BagWriterRows *rows);
/* The rows of a bag of sequences as they would be added, borrowed from the file until its next use. gene [2 · n] gets numbers of
 * V, then J genes, -1 where unknown; NULL: no genes. */
Status bagfile_read_rows(BagWriterRows *out, int16_t *gene, BagFile *file, int bag);
const char *const *bagfile_gene_names(const BagFile *file, bool j); /* by those numbers; NULL: none */
Status bagwriter_genes(BagWriter *w, const char *const *v_name, int n_v, const char *const *j_name, int n_j);

/* Writes tables, label columns (may be NULL) and provenance (JSON object text with the caller's facts, to which
 * version and checksums are added), and publishes the file. Frees. */
Status bagwriter_finish(BagWriter *w, const Table *columns, const char *provenance);
void bagwriter_drop(BagWriter *w); /* frees without publishing; accepts NULL */

#endif
