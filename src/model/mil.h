/* SPDX-License-Identifier: MIT
 *
 * mil.h: the network. Instances → embedder → layers → score → selection → pooling → output network → targets.
 *
 *     bag ──(all instances, no gradients)──► score a ──► select (the top fraction, random ones, all)
 *     selected ──► h = layers(embedder(x)) ──► a = score(h) ──► z = pool(a, h) ──► norm ──► y = output(z) ──► loss
 *     all      ──► h ──► their mean, beside what is pooled, if the pooling asks for it
 *
 * Widrich et al., "Modern Hopfield Networks and Attention for Immune Repertoire Classification", NeurIPS 2020.
 */
#ifndef HOPSACK_MIL_H
#define HOPSACK_MIL_H

#include "core/bag.h"
#include "core/kmer.h"
#include "core/option.h"
#include "core/param.h"
#include "model/target.h"

typedef enum { SELECT_TOP, SELECT_RANDOM, SELECT_ALL } SelectKind;
typedef enum { COMPAT_NONE, COMPAT_DEEPRC } Compat;
typedef enum { NORM_NONE, NORM_BAGS } BagNormKind; /* model.norm; see nn/bagnorm.h */

typedef enum { INPUTS_RANDOM, INPUTS_LINEAR } MilInputStart; /* model.bag_inputs.start, in this order */

#define POOLING_MOST 8
#define LAYERS_MOST  8

/* A pooling and its settings. */
typedef struct {
    int kind;         /* place in pooling_types */
    int count_weight; /* CountWeight; not 0: bags have log_weight, which is added to its attention logits */
    _Alignas(8) unsigned char options[OPTION_BLOB];
} PoolingChoice;

/* A layer between embedder and pooling, and its settings. */
typedef struct {
    int kind; /* place in layer_types */
    _Alignas(8) unsigned char options[OPTION_BLOB];
} LayerChoice;

/* The genes that a model knows, V and J. Of the data, no setting. */
typedef struct {
    int n_gene[2];         /* known */
    int n_name[2];         /* in the dataset */
    const int16_t *row[2]; /* [n_name] 1 + the gene's number; 0: missing; -1: a gene unknown to the model. Borrowed */
} GeneRows;

/* The keys model.* of the config. The blobs hold the options struct of the chosen kind (embedder.h, pooling.h). */
typedef struct {
    int embedder; /* place in embedder_types */
    _Alignas(8) unsigned char embedder_options[OPTION_BLOB];
    union {
        struct {
            int pooling, count_weight; /* those of entry 0 */
            _Alignas(8) unsigned char pooling_options[OPTION_BLOB];
        };
        PoolingChoice pooling_entry[POOLING_MOST]; /* [n_pooling] side by side */
    };
    double embedder_dropout; /* of the scaled features of vectors; embedders find it in BagSpec */
    int gene_size;           /* of the vector of a gene, joined to the embedding; 0: genes are not read */
    GeneRows genes;
    int n_pooling; /* 0 or 1: one alone */
    int n_train;   /* training bags, for a layer that stores them; of the data, no setting */
    int n_layer;
    LayerChoice layer[LAYERS_MOST]; /* [n_layer] in order */
    int select;                     /* SelectKind */
    double select_fraction;         /* of a bag's instances, > 0; above 1 keeps all, in order, as DeepRC */
    int select_min;                 /* at least that many; 0 with COMPAT_DEEPRC */
    int norm;                       /* BagNormKind: whether bag vectors are standardised before the output network */
    int output_hidden, output_unit;
    bool output_monotone; /* weights of the output network ≥ 0: outputs never fall where the bag vector rises */
    int n_input;     /* numbers of the bag that join its vector before the output network; of the data, no setting */
    bool statistics; /* mean, max and min of every feature of a bag of vectors join them */
    int input_unit;  /* of a layer over all of them; 0: none */
    double input_clip;    /* of those, standardised; 0: none */
    int input_start;      /* MilInputStart, of their weights in the output */
    double input_dropout; /* of those, in training */
    int compat;           /* Compat: data.compat */
    double clip;          /* data.clip, 0: none; embedders find it in BagSpec */
} ModelOptions;

typedef struct Mil Mil;

int mil_count_weight(const ModelOptions *o); /* of the first pooling that has one, 0: none has */
bool mil_ranks(const ModelOptions *o);       /* has one of the poolings attention? */
bool mil_of_one(const ModelOptions *o);      /* must every bag have one instance (model.pooling.kind: none)? */

/* Builds the network for bags of `spec`. ERR_CONFIG or ERR_MODEL if the parts do not fit together. The targets are
 * borrowed; their `at` and `n_out` are set. */
Status mil_new(Mil **out, const ModelOptions *options, const BagSpec *spec, Target *target, int n_target);
void mil_free(Mil *mil);

const ParamList *mil_params(const Mil *mil);
int mil_n_out(const Mil *mil);
int mil_n_z(const Mil *mil);         /* numbers of a bag vector, with those of the bag that join it */
bool mil_weighs(const Mil *mil);     /* may bags have stands_for? */
bool mil_calibrates(const Mil *mil); /* model.norm: bags: mil_calibrate has something to set */
int mil_n_column(const Mil *mil);    /* columns of attention: queries, or heads · queries */

/* What a column of attention is. Queries are numbered on over the poolings that have attention. */
typedef struct {
    int pooling, query, head;
} MilColumn;
MilColumn mil_column(const Mil *mil, int column);
int mil_n_pooling(const Mil *mil); /* those side by side, 1 if it is alone */

int mil_n_layer(const Mil *mil);
const char *mil_layer_kind(const Mil *mil, int layer);
bool mil_mixes(const Mil *mil);                  /* do layers relate the instances of a bag to each other? */
bool mil_options_mix(const ModelOptions *o);     /* would they? Such a network cannot be explained */
int mil_layer_stored(const Mil *mil, int layer); /* patterns it has of its own */
int mil_layer_heads(const Mil *mil, int layer);  /* 0: it is no association */

/* Warns if associations that were to go on until convergence were stopped before; `where` begins the sentence. */
void mil_report_capped(const Mil *mil, const char *where);

/* Numbers of a bag as a whole that the output network reads: those of the bag (Bag.inputs), then its statistics. */
int mil_n_input(const Mil *mil);
void mil_read_inputs(const Mil *mil, real *u, const Bag *bag); /* u [n_input]; NaN: missing */
/* Sets the frozen tensors by which they are standardised to those of the training bags: n of them, read as above. */
void mil_fit_inputs(const Mil *mil, real *theta, const real *const *inputs, int n);
/* Can the output start from a linear model of them, and is it to? Then x [n_input] are the standardised ones that u, read as
 * above, come to, and mil_start_inputs sets an output's weights w [n_input] of them, and its bias. */
bool mil_starts_inputs(const Mil *mil);
void mil_standardise_inputs(const Mil *mil, double *x, const real *theta, const real *u);
void mil_start_inputs(const Mil *mil, real *theta, int output, const double *w, double b);

/* Starts theta, as param_start left it, from k-mers enriched in one class: kernels that find them, attention to what
 * those find, an output that follows. For an input scaled as that of `bag`, a training bag; after mil_plan. Returns
 * how many k-mers found a kernel; those longer than a kernel are passed over. 0 where the embedder has no kernels.
 * Without k-mers (n 0, bag NULL) what the embedder makes of its random start. ERR_MEMORY. */
Status mil_start(Mil *mil, int *n_started, real *theta, const KmerStart *start, int n, const Bag *bag);

/* Reserves workspace for minibatches of up to n_bag bags with up to n_max instances each, `learn` for gradients too.
 * May be called again. mil_memory tells the bytes it would take, without taking them. */
Status mil_plan(Mil *mil, int n_bag, int n_max, bool learn);
size_t mil_memory(const Mil *mil, int n_bag, int n_max, bool learn);

/* Training loss of a minibatch (Σ_targets weight · mean over bags with a known label) and its gradient, added to grad
 * [params.size]; target_loss [n_target] the weighted terms, or NULL. `update` numbers the random stream of selection:
 * random. Allocates nothing. */
double mil_learn(Mil *mil, real *grad, const real *theta, const Batch *batch, uint64_t seed, uint64_t update,
                 double *target_loss);

/* What depends on parameters alone; before mil_predict, whenever theta changed. theta is borrowed until the next. */
void mil_prepare(Mil *mil, const real *theta);

/* Evaluation of one bag: output [n_out]. With `attention`, which needs a plan, also by row of the bag:
 * logit [n, n_column], weight [n, n_column] (0 where selection left an instance out). Allocates nothing. */
typedef struct {
    real *logit, *weight;
} MilAttention;
void mil_predict(Mil *mil, real *output, const Bag *bag, MilAttention *attention);

/* Weights w [n, n_column] of the instances that the last mil_predict pooled, in bag order; returns n ≤ the bag's. */
int mil_weights(const Mil *mil, real *w);

/* Passes a bag as mil_predict does, and keeps what its layers did: of a network that was planned for learning, and then
 * prepared. mil_layer_row: what instance i = 0 … n-1 of those that were pooled retrieved under a head of layer `layer`,
 * a softmax over *n_stored patterns; returns n of mil_observe. */
int mil_observe(Mil *mil, const Bag *bag);
const real *mil_layer_row(const Mil *mil, int *n_stored, int layer, int head, int i);

/* A layer that stores training bags (model.layers: stored: training)? Its outputs are the network's. mil_store sets the
 * frozen tensors of training bag i, of one instance, in theta, the slab of the last mil_prepare, by its label [n_out] and
 * mask [n_target]. */
bool mil_stores(const Mil *mil);
void mil_store(Mil *mil, real *theta, int i, const Bag *bag, const real *label, const real *mask);

/* The same in two steps, so that the statistics of model.norm can be set in between. mil_vector computes the bag
 * vector z [n_z] of a bag before its norm; mil_calibrate sets the norm's frozen tensors in theta, the slab of the
 * last mil_prepare, to those of z [n, n_z], the training bags; mil_predict_vector computes the output [n_out] of z
 * [n_z]. */
void mil_vector(Mil *mil, real *z, const Bag *bag);
void mil_calibrate(const Mil *mil, real *theta, const real *z, int n);
void mil_predict_vector(Mil *mil, real *output, const real *z);

/* What the last pass computed for one of its bags; borrowed, in bag order. For tests and diagnostics. */
typedef struct {
    const Bag *whole, *kept;       /* all instances; those selected */
    int width;                     /* row stride of h and dh */
    const real *a;                 /* [whole.n, n_column] logits of pass one; NULL if it did not run */
    const real *h, *a_kept, *w;    /* [kept.n, width], [kept.n, n_column] twice */
    const real *z, *y;             /* [n_z], [n_out] */
    const real *dh, *da, *dz, *dy; /* their gradients after mil_learn */
} MilView;
MilView mil_view(const Mil *mil, int bag);

#endif
