/* SPDX-License-Identifier: MIT
 *
 * layer_hopfield.h: what the layers of associations share: settings, named as those of Hopfield pooling, dropout of the
 * association, and the residual connection.
 */
#ifndef HOPSACK_LAYER_HOPFIELD_H
#define HOPSACK_LAYER_HOPFIELD_H

#include "model/layer.h"
#include "nn/hopfield.h"

typedef struct {
    int n_head, head_size, pattern_size, output_size;
    double beta; /* NaN or 0: 1/√head_size */
    bool learn_beta;
    int steps;
    double eps, dropout;
    int activation;                                      /* place in none relu tanh */
    int norm_query, norm_stored, norm_projection;        /* places in affine plain none */
    int norm_space;                                      /* place in none plain affine */
    bool static_query, static_stored, static_projection; /* used as they are */
    bool connected, zero_association, output_projection, bias, residual;
    int init;                   /* place in reference fan */
    int similarity, normalizer; /* Similarity, Normalizer */
} LayerHopfieldSettings;

/* The rows of a struct that begins with LayerHopfieldSettings. */
#define LAYER_HOPFIELD_AT(field) offsetof(LayerHopfieldSettings, field)
#define LAYER_HOPFIELD_ROWS(stored)                                                                                  \
    {"n_head", OPTION_INT, LAYER_HOPFIELD_AT(n_head), "1", 1, RETRIEVAL_HEADS, NULL, "heads", "number of heads"},    \
        {"head_size",                                                                                                \
         OPTION_INT,                                                                                                 \
         LAYER_HOPFIELD_AT(head_size),                                                                               \
         "auto",                                                                                                     \
         1,                                                                                                          \
         65536,                                                                                                      \
         "auto",                                                                                                     \
         "features",                                                                                                 \
         "size of the queries and keys of a head; auto: the size of an instance divided by n_head"},                 \
        {"beta",                                                                                                     \
         OPTION_NUMBER,                                                                                              \
         LAYER_HOPFIELD_AT(beta),                                                                                    \
         "auto",                                                                                                     \
         1e-30,                                                                                                      \
         1e30,                                                                                                       \
         "auto",                                                                                                     \
         "",                                                                                                         \
         "inverse temperature: a small beta averages over " stored ", a large one selects single ones; auto: "       \
         "1/sqrt(head_size)"},                                                                                       \
        {"learn_beta", OPTION_BOOL, LAYER_HOPFIELD_AT(learn_beta),                                                   \
         "false",      0,           0,                                                                               \
         NULL,         "",          "beta as a learned parameter of each head, with beta as its initial value"},     \
        {"steps",                                                                                                    \
         OPTION_INT,                                                                                                 \
         LAYER_HOPFIELD_AT(steps),                                                                                   \
         "0",                                                                                                        \
         -1,                                                                                                         \
         100000,                                                                                                     \
         NULL,                                                                                                       \
         "updates",                                                                                                  \
         "number of state updates after the first association; -1: until convergence, at most 1000"},                \
        {"eps",                                                                                                      \
         OPTION_NUMBER,                                                                                              \
         LAYER_HOPFIELD_AT(eps),                                                                                     \
         "0.0001",                                                                                                   \
         1e-300,                                                                                                     \
         1e30,                                                                                                       \
         NULL,                                                                                                       \
         "",                                                                                                         \
         "convergence threshold: a head stops when its association changes by no more than this (Frobenius norm)"},  \
        {"dropout",                                                                                                  \
         OPTION_NUMBER,                                                                                              \
         LAYER_HOPFIELD_AT(dropout),                                                                                 \
         "0",                                                                                                        \
         0,                                                                                                          \
         0.999999,                                                                                                   \
         NULL,                                                                                                       \
         "",                                                                                                         \
         "dropout: fraction of the association's entries that are set to 0 in training; the others are scaled up"},  \
        {"residual", OPTION_BOOL, LAYER_HOPFIELD_AT(residual),                                                       \
         "false",    0,           0,                                                                                 \
         NULL,       "",          "residual connection: the instance itself is added to what it retrieves"},         \
        {"init",                                                                                                     \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(init),                                                                                    \
         "reference",                                                                                                \
         0,                                                                                                          \
         0,                                                                                                          \
         "reference fan",                                                                                            \
         "",                                                                                                         \
         "initial weights: reference (normal with standard deviation 0.02, as in the reference implementation), or " \
         "fan (projections 1/sqrt(inputs), learned patterns 1)"},                                                    \
        {"pattern_size", OPTION_INT, LAYER_HOPFIELD_AT(pattern_size),                                                \
         "auto",         1,          65536,                                                                          \
         "auto",         "features", "size of the pattern a head retrieves; auto: head_size"},                       \
        {"output_size", OPTION_INT, LAYER_HOPFIELD_AT(output_size),                                                  \
         "auto",        1,          65536,                                                                           \
         "auto",        "features", "size of the output; auto: the size of an instance"},                            \
        {"output_projection",                                                                                        \
         OPTION_BOOL,                                                                                                \
         LAYER_HOPFIELD_AT(output_projection),                                                                       \
         "true",                                                                                                     \
         0,                                                                                                          \
         0,                                                                                                          \
         NULL,                                                                                                       \
         "",                                                                                                         \
         "linear layer that combines the heads; false: the heads are concatenated to n_head times pattern_size "     \
         "features"},                                                                                                \
        {"activation",                                                                                               \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(activation),                                                                              \
         "none",                                                                                                     \
         0,                                                                                                          \
         0,                                                                                                          \
         "none relu tanh",                                                                                           \
         "",                                                                                                         \
         "activation function of the output, before the residual connection"},                                       \
        {"bias", OPTION_BOOL, LAYER_HOPFIELD_AT(bias), "true", 0, 0, NULL, "", "bias of all projections"},           \
        {"norm_query",                                                                                               \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(norm_query),                                                                              \
         "affine",                                                                                                   \
         0,                                                                                                          \
         0,                                                                                                          \
         "affine plain none",                                                                                        \
         "",                                                                                                         \
         "layer normalization of the instances before the projection to queries: affine (with learned weights), "    \
         "plain (without), none"},                                                                                   \
        {"norm_stored",                                                                                              \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(norm_stored),                                                                             \
         "affine",                                                                                                   \
         0,                                                                                                          \
         0,                                                                                                          \
         "affine plain none",                                                                                        \
         "",                                                                                                         \
         "layer normalization of " stored " before the projection to keys: affine, plain, none"},                    \
        {"norm_projection",                                                                                          \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(norm_projection),                                                                         \
         "affine",                                                                                                   \
         0,                                                                                                          \
         0,                                                                                                          \
         "affine plain none",                                                                                        \
         "",                                                                                                         \
         "layer normalization of " stored " before the projection to retrieved patterns: affine, plain, none"},      \
        {"norm_space",                                                                                               \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(norm_space),                                                                              \
         "none",                                                                                                     \
         0,                                                                                                          \
         0,                                                                                                          \
         "none plain affine",                                                                                        \
         "",                                                                                                         \
         "layer normalization of projected queries and keys, for each head: none, plain, affine"},                   \
        {"static_query",                                                                                             \
         OPTION_BOOL,                                                                                                \
         LAYER_HOPFIELD_AT(static_query),                                                                            \
         "false",                                                                                                    \
         0,                                                                                                          \
         0,                                                                                                          \
         NULL,                                                                                                       \
         "",                                                                                                         \
         "queries without projection: the instances, the same in every head; head_size is then their size"},         \
        {"static_stored",                                                                                            \
         OPTION_BOOL,                                                                                                \
         LAYER_HOPFIELD_AT(static_stored),                                                                           \
         "false",                                                                                                    \
         0,                                                                                                          \
         0,                                                                                                          \
         NULL,                                                                                                       \
         "",                                                                                                         \
         "keys without projection: " stored ", the same in every head"},                                             \
        {"static_projection",                                                                                        \
         OPTION_BOOL,                                                                                                \
         LAYER_HOPFIELD_AT(static_projection),                                                                       \
         "false",                                                                                                    \
         0,                                                                                                          \
         0,                                                                                                          \
         NULL,                                                                                                       \
         "",                                                                                                         \
         "retrieved patterns without projection: " stored ", the same in every head"},                               \
        {"connected", OPTION_BOOL, LAYER_HOPFIELD_AT(connected),                                                     \
         "false",     0,           0,                                                                                \
         NULL,        "",          "projection of the keys, applied to the retrieved patterns as well"},             \
        {"similarity",                                                                                               \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(similarity),                                                                              \
         "dot",                                                                                                      \
         0,                                                                                                          \
         0,                                                                                                          \
         SIMILARITY_WORDS,                                                                                           \
         "",                                                                                                         \
         "similarity of a query q and a key k: dot (q.k), distance (q.k - |k|^2/2, which favours near keys), "       \
         "tanimoto "                                                                                                 \
         "(q.k/(|q|^2 + |k|^2 - q.k), between -1/3 and 1: give it a larger beta, such as 10)"},                      \
        {"normalizer",                                                                                               \
         OPTION_CHOICE,                                                                                              \
         LAYER_HOPFIELD_AT(normalizer),                                                                              \
         "softmax",                                                                                                  \
         0,                                                                                                          \
         0,                                                                                                          \
         NORMALIZER_WORDS,                                                                                           \
         "",                                                                                                         \
         "function that turns scores into weights: softmax, or sparsemax and entmax15, which give weight 0 "         \
         "to " stored " with low scores"},                                                                           \
    {                                                                                                                \
        "zero_association", OPTION_BOOL, LAYER_HOPFIELD_AT(zero_association), "false", 0, 0, NULL, "",               \
            "additional all-zero pattern, which can take up weight"                                                  \
    }

/* The options of an association of instances of n_in numbers; n_stored wide patterns are learned in the layer itself
 * where `learned`. ERR_CONFIG. */
Status layer_hopfield_options(HopfieldOptions *o, const LayerHopfieldSettings *s, int n_in);
/* ERR_CONFIG where a residual connection does not fit; fills what every layer's struct begins with. */
Status layer_hopfield_base(MilLayer *base, const LayerHopfieldSettings *s, const Association *core, int n_in);

/* Dropout of the association. */
typedef struct {
    double p;
    bool on; /* this is an update */
    Pass pass;
    uint8_t *keep; /* [n] an entry each pair of patterns, see retrieval.h */
    real scale;
} LayerDropout;

void layer_dropout_plan(LayerDropout *d, Arena *arena, Index n, bool learn);
void layer_dropout_prepare(LayerDropout *d, const Pass *pass);
RetrievalMasks layer_dropout_masks(LayerDropout *d, Index n); /* draws n entries */

/* y [n, out] = f, and x where it is a residual connection; f [n, n_out] packed. */
void layer_hopfield_output(real *y, const MilLayer *l, bool residual, const real *f, const real *x, int n);

#endif
