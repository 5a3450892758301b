/* SPDX-License-Identifier: MIT
 *
 * embedder.h: what turns an instance into a vector h [n_h]. A kind of embedder is a descriptor in the table of
 * embedder.c, and one file.
 *
 * The network calls, once an update (or whenever parameters changed):
 *     prepare → open each bag → forward over all instances (no cache) → forward over those selected (with cache)
 *             → zero and backward for each gradient slot → finish
 */
#ifndef HOPSACK_EMBEDDER_H
#define HOPSACK_EMBEDDER_H

#include "core/bag.h"
#include "core/kmer.h"
#include "core/option.h"
#include "core/param.h"

/* Every embedder's struct begins with this. */
typedef struct {
    Index n_h;   /* numbers of an embedding */
    Index width; /* row stride of h, ≥ n_h; what is beyond n_h is 0 */
} Embedder;

/* How much workspace `plan` reserves. */
typedef struct {
    int n_bag;    /* bags open at once */
    int n_row;    /* instances pooled, over all bags */
    int bag_max;  /* of one bag, at most */
    int n_keep;   /* of them with cache: all, or 0 without learning */
    int n_slot;   /* gradient slots; 0: no learning */
    int n_thread; /* for scratch */
} ModelSizes;

/* One training update, whose dropout draws from the streams (seed, purpose, update). */
typedef struct {
    uint64_t seed, update;
} Pass;

/* A run of instances. For bags of vectors `bag` may be several bags end to end, with slot 0. */
typedef struct {
    const Bag *bag;
    int slot;    /* the bag's number among those open */
    int from, n; /* places from … from+n-1 of the bag */
    int cached;  /* row of the cache that belongs to `from`; -1: keep nothing for backward */
    int thread;
} Rows;

/* What an embedder's options say of a start from k-mers (EmbedderType.start). */
typedef struct {
    bool on;       /* false: a random start */
    int top;       /* k-mers at most */
    double min_z;  /* threshold of |z|; NaN: Bonferroni */
    int masks;     /* KmerMasks */
    int statistic; /* KmerStatistic */
    int rounds;    /* of choosing k-mers; 1 or more */
    int max_span;  /* places a kernel has */
} EmbedderStart;

typedef struct {
    const char *name;
    BagKind bag_kind; /* of the bags it embeds */
    const Option *options;
    size_t options_size; /* ≤ OPTION_BLOB */
    size_t size;         /* of the embedder's struct */

    Status (*init)(void *self, ParamList *list, const void *options, const BagSpec *spec);
    void (*plan)(void *self, Arena *arena, const ModelSizes *sizes);
    /* Tables that depend on theta alone. present [max_len + 1]: lengths that will be asked for; NULL: all. pass: the
     * update that rows with cache belong to, for dropout; NULL: evaluation. theta stays until the next prepare. */
    void (*prepare)(void *self, const real *theta, const bool *present, const Pass *pass);
    /* BAG_SEQUENCES alone: sets what the whole bag decides (its input's divisor), and tables of this bag. pad_len is
     * set before. */
    void (*open)(void *self, Bag *bag, int slot);
    void (*forward)(void *self, real *h, const Rows *rows); /* h [n, width] */
    void (*zero)(void *self, int grad_slot);
    /* Adds the gradients of rows that forward kept to gradient slot `grad_slot`. h, dh [n, width] */
    void (*backward)(void *self, int grad_slot, const real *h, const real *dh, const Rows *rows);
    /* For explanations, of rows that forward kept in evaluation: dx [n, stride], the gradient of Σ h dh by the input. A
     * sequence has one number a residue: by the one-hot entry that is there, count factor included. A vector has one a
     * feature, by its value in the file. Uses slot `grad_slot` as scratch. */
    void (*input)(void *self, int grad_slot, double *dx, Index stride, const real *h, const real *dh,
                  const Rows *rows);
    /* Residues of a window, 0: it has none; and the first residue of the window that each of the n_h numbers of row `cached` came
     * from, -1: of none, kept by forward. NULL: it has none. */
    int (*windows)(int *at, const void *self, int cached);
    const real *(*origin)(const void *self); /* vectors: [n_feat] where the scaled input is 0; NULL: at 0 */
    /* Adds gradient slots 0 … n_slot-1, in this order, to grad [n_params]. */
    void (*finish)(void *self, real *grad, int n_slot);
    /* After param_start and `plan`: kernels 0 … of theta start from the n ≥ 0 k-mers, none longer than start_of says,
     * for an input scaled as that of `bag` (NULL where n is 0); returns how many do. NULL: this kind has no such
     * start. */
    int (*start)(void *self, real *theta, const Kmer *kmer, int n, const Bag *bag);
    EmbedderStart (*start_of)(const void *options); /* NULL with start */
    /* Shortest pad_len this embedder can work with (data.compat: deeprc); 1 if it does not matter. */
    int (*min_pad)(const void *self);
} EmbedderType;

extern const EmbedderType *const embedder_types[]; /* ends with NULL */
const EmbedderType *embedder_type(const char *name);

extern const EmbedderType embedder_cnn, embedder_lstm, embedder_mlp, embedder_none;

#endif
