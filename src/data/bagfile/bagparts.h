/* SPDX-License-Identifier: MIT
 *
 * bagparts.h: what the files that read datasets share, and nobody else includes: an open file, and its layouts. A layout
 * is how instances lie in the file: sequences, dense vectors, sparse vectors. A new one is one file and one row in the
 * table of bagfile.c.
 */
#ifndef HOPSACK_BAGPARTS_H
#define HOPSACK_BAGPARTS_H

#include "data/bagfile/alphabet.h"
#include "data/bagfile/bagfile.h"
#include "data/h5/h5.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

typedef enum {
    PART_CODES,
    PART_LEN,
    PART_COUNT,
    PART_V,
    PART_J,     /* sequences */
    PART_X,     /* dense vectors */
    PART_INDEX, /* sparse vectors */
    PART_VALUE,
    N_PART
} BagPart;

typedef struct {
    Status (*open)(BagFile *file);  /* sets spec and n_total, opens the parts */
    Status (*check)(BagFile *file); /* what needs the table of bags; NULL: nothing */
    Status (*read)(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts);
    Status (*room)(Arena *arena, BagFile *file, int bag,
                   CountScale counts);      /* what read will take; may use scratch */
    Status (*hash)(BagFile *file, int bag); /* decodes the bag for its hash alone */
} BagLayout;

extern const BagLayout bagsequences_layout, bagvectors_dense, bagvectors_sparse;

struct BagFile {
    char *path, *name;       /* name: for messages; NULL: path */
    pthread_mutex_t reading; /* held by whoever reads bags: of scratch, hashes, and HDF5's datasets */
    H5Id file;
    const BagLayout *layout;
    BagSpec spec;
    Alphabet alphabet;
    int n_bag, n_max;
    int64_t n_total;
    int64_t *range;      /* [n_bag, 2] half-open rows */
    uint64_t *hash;      /* [n_bag] of the content, computed when a bag is first decoded */
    atomic_bool *hashed; /* [n_bag] is it? */
    uint64_t *claimed;   /* [n_bag] what the file says, which is never believed; NULL: nothing */
    bool doubted;        /* said once that the two differ */
    H5Set part[N_PART];  /* id -1: absent */
    int64_t *indptr;     /* [n_total + 1] sparse: where a row's numbers begin */
    H5Texts keys, v_name, j_name, feature_name;
    bool ordered; /* featureorder_set was called */
    int *place;   /* [n_feat] where a feature of the file goes; NULL: it stays */
    Table columns;
    bool has_columns;
    char *provenance; /* NULL: none */
    json_t *facts;    /* the same, parsed; NULL: none */

    int8_t *scratch_codes;  /* [n_max, width] */
    int64_t *scratch_len;   /* [n_max] */
    int64_t *scratch_count; /* [n_max] */
    real *scratch_factor;   /* [n_max] */
    int *scratch_keep;      /* [n_max] */
    int16_t *scratch_gene;  /* [3, n_max] V, J, and those of the whole bag; NULL: not asked for */

    struct Rarefaction *rare; /* rarefy.h; NULL: bags are read whole */
};

static inline int64_t bagparts_first(const BagFile *file, int bag) /* row */
{
    return file->range[2 * bag];
}

static inline int bagparts_n(const BagFile *file, int bag) /* rows in the file, whatever is read of them */
{
    return (int)(file->range[2 * bag + 1] - file->range[2 * bag]);
}

/* A public function that reads bags holds the file from its first read to its last. */
void bagparts_lock(BagFile *file);
void bagparts_unlock(BagFile *file);

void bagparts_hash(BagFile *file, int bag, uint64_t hash); /* notes that of a bag just decoded */

/* Opens the dataset in an HDF5 file that is open, which is taken over; messages call it `name`, NULL: `path`. */
Status bagfile_adopt(BagFile **out, H5Id id, const char *path, const char *name);

/* Strings, with their checksum; out->n is -1 where there are none and none are needed. */
Status bagparts_texts(H5Texts *out, const BagFile *file, const char *name, int rank, bool needed, int64_t *width);
Status bagparts_number(int64_t *out, const BagFile *file, const char *name); /* a scalar, with its checksum */
/* Strings and scalars have no checksum in HDF5; the provenance of our files keeps theirs. */
Status bagparts_crc(const BagFile *file, const char *name, const void *bytes, size_t n);

#endif
