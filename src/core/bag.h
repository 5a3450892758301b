/* SPDX-License-Identifier: MIT
 *
 * bag.h: where data and model meet. A Bag is what one label belongs to; a Batch is several bags with their targets.
 *
 * Glossary, used everywhere as is
 *   bag          what has a label: a repertoire (one person's sequences), an image, a molecule
 *   instance     an element of a bag: a sequence (junction, CDR3) or a feature vector
 *   query        learned static state pattern that attention compares instances with; head: see hopfield
 *   n_bag n_seq len n_feat n_kernel n_head n_query n_column n_out n_target    counts
 *   i instance   t position in a sequence   f feature   k channel of the embedding   q offset in a kernel window
 *   x input      h embedding [n, n_kernel]  a attention logit [n, n_column]   w attention weight   z bag vector [n_z]
 *   y output     d… gradient of the loss with respect to …
 *   row          an instance's place in its bag as the dataset file has it, from 0
 *   draw         the random part of a bag that one training update sees; selection: the part of that which learns
 *   part         train, validation or test; fold: one of the sets that take turns as test part
 *   k-mer        a few residues at fixed distances with any residue between them, "SF.EN"; see kmer.h
 *
 * A bag of sequences is held sorted by length, rows ascending within a length, residues dense: no padding, no table of
 * offsets. Sequence i of length l lies at codes + at[l] + (i - first[l]) · l. This order makes every branch of the
 * convolution predictable and a block of equal lengths the unit of work.
 */
#ifndef HOPSACK_BAG_H
#define HOPSACK_BAG_H

#include "core/arena.h"
#include "core/real.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { BAG_SEQUENCES, BAG_VECTORS } BagKind;

/* What every bag of a dataset has in common. File, model and checks agree on it. */
typedef struct {
    BagKind kind;
    int n_feat;  /* vectors: numbers an instance; sequences: letters of the alphabet (20) */
    bool sparse; /* vectors: held as their non-zero numbers */
    double clip; /* vectors: after scaling they are cut to ±clip; 0: they are not. Not the file's: mil_new sets it */
    double drop; /* vectors: share of their scaled numbers that an update sets to 0. Not the file's either */
    int max_len; /* sequences: longest in the dataset; 0 for vectors */
    char alphabet[32]; /* sequences: letters in code order, "ACDEFGHIKLMNPQRSTVWY" */
    char region[16];   /* sequences: "junction", "CDR3", or "" where a foreign file does not say */
} BagSpec;

/* An instance held as its non-zero numbers; borrowed, so that sub-bags need not copy them. */
typedef struct {
    int n;                  /* non-zero numbers */
    const int32_t *feature; /* [n] ascending, 0 … n_feat-1 */
    const float *value;     /* [n] */
} SparseRow;

/* V and J gene of a sequence: numbers of their names in the dataset, -1: missing. */
typedef struct {
    int16_t v, j;
} BagGene;

typedef struct {
    int n;          /* instances */
    const int *row; /* [n] */

    /* BAG_SEQUENCES */
    int max_len;            /* longest here; 0 if n is 0 */
    const int *first;       /* [max_len + 2] instances of length l are first[l] … first[l+1]-1 */
    const size_t *at;       /* [max_len + 2] where their residues begin in codes */
    const uint8_t *codes;   /* [at[max_len + 1]] 0 … 19 */
    const real *factor;     /* [n] count after scaling, multiplies the one-hot part of the input; NULL: 1 */
    const real *stands_for; /* [n] instances of the bag that each stands for in a sample (sampler.h); NULL: 1 */
    const real *log_weight; /* [n] ln of the weight in the pooling (model.pooling.count_weight); NULL: 0 */
    const BagGene *gene;    /* [n] where model.embedder.genes asks for them; NULL: all missing */

    const real *inputs; /* [n_input] numbers of the bag as a whole (model.bag_inputs), NaN: missing; NULL: none */

    /* Set by model/select for the whole bag before its instances are embedded. */
    int pad_len;  /* data.compat deeprc: length every sequence is padded to; 0: padding takes no part */
    real inv_std; /* the input is divided by its standard deviation: 1 over that */

    /* BAG_VECTORS, one of the two */
    const float *x;          /* [n, n_feat] dense */
    const SparseRow *sparse; /* [n] */
} Bag;

typedef struct {
    int n_bag;
    const Bag *bag;     /* [n_bag] */
    const real *target; /* [n_bag, n_out] 0/1, one-hot, or normalised number */
    const real *mask;   /* [n_bag, n_target] 1: label known, 0: missing */
    const int *own;     /* [n_bag] number among the training bags; NULL: not asked for */
} Batch;

/* Residues of sequence i, whose length is l. */
static inline const uint8_t *bag_codes(const Bag *bag, int i, int l)
{
    return bag->codes + bag->at[l] + (size_t)(i - bag->first[l]) * (size_t)l;
}

/* Packs n sequences into `out`, memory from `arena` (which may be counting).
 *   codes [n, stride] left-aligned, len [n] ≤ stride, factor [n] or NULL. Row numbers are 0 … n-1. */
void bag_pack(Bag *out, Arena *arena, const int8_t *codes, size_t stride, const int64_t *len, const real *factor,
              int n);

/* The sub-bag of the places `keep` [n_keep], strictly ascending, in bag order; row numbers, inputs, pad_len and inv_std carry
 * over. Of dense vectors n_feat values an instance are copied, of sparse ones the row structs alone. `out` takes memory
 * from `arena`, which must not be counting; bag_take_room counts the most that any sub-bag of n_keep instances can need,
 * where bags have n_count of the arrays factor, log_weight and gene. */
void bag_take(Bag *out, Arena *arena, const Bag *bag, const int *keep, int n_keep, int n_feat);
void bag_take_room(Arena *arena, const BagSpec *spec, int n_keep, int n_count);

/* All instances of n_bag > 0 bags of vectors end to end in one, bag 0 first; each keeps the row number of its own bag.
 * Dense numbers are copied, sparse rows borrowed. `arena` must not be counting; bag_join_room counts what n_bag bags of
 * up to n_max instances can need. */
void bag_join(Bag *out, Arena *arena, const Bag *const *bag, int n_bag, int n_feat);
void bag_join_room(Arena *arena, const BagSpec *spec, int n_bag, int n_max);

/* Residues in the bag. */
size_t bag_residues(const Bag *bag);

#endif
