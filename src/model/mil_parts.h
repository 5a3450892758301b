/* SPDX-License-Identifier: MIT
 *
 * mil_parts.h: what the files of the network share. mil.c builds it, mil_plan.c plans its memory, mil_inputs.c has the
 * numbers of a bag that join its vector, mil_pass.c goes from bags to bag vectors and outputs, mil_predict.c to
 * predictions, mil_backward.c from losses to gradients.
 *
 * Work is cut by sizes alone: pass one into runs of PASS_ROWS instances of a bag, learning into runs of LEARN_ROWS
 * selected ones. Run i adds its gradients to slot i mod n_slot, runs of a slot one after the other, and slots are
 * summed in order; so the thread count changes no bit.
 *
 * Bags of sequences are embedded one by one, because the divisor of a bag's input is in its tables. Embeddings of
 * vectors do not depend on the bag: the vectors of a minibatch are joined, so that small bags fill blocks of
 * KERNEL_BLOCK.
 */
#ifndef HOPSACK_MIL_PARTS_H
#define HOPSACK_MIL_PARTS_H

#include "model/embedder.h"
#include "model/layers.h"
#include "model/mil.h"
#include "model/pooling.h"
#include "model/select.h"
#include "nn/attendstream.h"
#include "nn/bagnorm.h"
#include "nn/baginputs.h"
#include "nn/kernel.h"
#include "nn/linear.h"

#include <string.h>

#define PASS_ROWS          1024
#define LEARN_ROWS         512
#define OUTPUT_LAYERS      8
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    int slot, from, n;
} MilRun; /* places from … from+n-1 of bag `slot`, or of all bags joined */

/* What belongs to one bag of the minibatch. */
typedef struct {
    Bag whole, kept; /* kept: what selection leaves, in memory of `arena` */
    Arena arena;
    int a_at; /* its first row in a */
    SelectScratch select;
} MilBag;

struct Mil {
    ModelOptions o;
    BagSpec spec;
    Target *target;
    int n_target;
    Index n_out;
    const EmbedderType *embedder_type;
    const PoolingType *pooling_type;
    Embedder *embedder;
    Pooling *pooling;
    LayerStack layers;
    Index n_h, width; /* of what is pooled: numbers of an instance, and row stride */
    Index n_z;        /* of the pooling, and of the mean beside it */
    BagNorm norm;
    BagInputs inputs;
    Linear output[OUTPUT_LAYERS + 1];
    ParamList params;
    const real *theta; /* of the last prepare */

    /* workspace, laid out by plan */
    Arena arena;
    int n_bag, n_max; /* what it holds */
    bool learn;
    int n_slot;    /* of gradients */
    MilBag *entry; /* [n_bag] */
    int *bounds;   /* [n_bag + 1] of the selected instances of each bag in the arrays over them */
    Bag joined;    /* vectors: the selected instances of all bags, in memory of `join_arena` */
    Arena join_arena;
    const Bag **kept; /* [n_bag] */
    bool *present;    /* [max_len + 1] lengths in the minibatch */
    MilRun *run;      /* [runs of either kind] */
    int n_run;
    real **block;               /* [n_thread] a block of what is pooled [KERNEL_BLOCK, width] */
    real *a;                    /* [n_bag · n_max, n_column] logits of pass one */
    real *log_weight;           /* [n_keep] added to a_kept, by counts; else NULL */
    real *c;                    /* [n_keep] weights in the mean, by counts; else NULL */
    real *embedded, *dembedded; /* [n_keep, width of the embedder] of selected instances; h, dh without layers */
    real *h, *dh;               /* [n_keep, width] behind the layers */
    real *a_kept, *w, *da;      /* [n_keep, n_column] */
    AttendStream stream;        /* of a prediction in one pass */
    const int *own;             /* [n_bag] numbers of the training bags of an update; NULL: it is none */
    bool *is_empty;             /* [n_bag] */
    real *pooled, *dpooled;     /* [n_bag, n_z of the pooling]; z, dz without a mean */
    real *dmean;                /* [n_bag, n_h] gradient of the means */
    real *z, *dz;               /* [n_bag, n_z] */
    real *x, *dx;               /* [n_bag, n_z] standardised z; z, dz without norm */
    real *inv_std;              /* [n_z] of the minibatch */
    real *u;                    /* [n_input] numbers of a bag as a whole */
    real *input;                /* [n_bag, n_input] standardised, of all bags */
    real *unit, *dunit;         /* [n_bag, n_unit] of the layer over them; unit input without */
    real *in, *din;             /* [n_bag, n_joined]; x, dx without them */
    real *y[OUTPUT_LAYERS + 1], *dy[OUTPUT_LAYERS + 1]; /* [n_bag, n_out of that layer] */
};

/* May a prediction see a bag once, pool all of it and keep nothing? Networks that hopsack 0.1.0 had pool as they did
 * there. */
static inline bool mil_streams(const Mil *m)
{
    return m->o.select == SELECT_ALL && m->pooling->streams && !m->layers.mixes &&
           (m->pooling->mean || m->o.norm == NORM_BAGS);
}

/* Is this a pass that does? */
static inline bool is_streamed(const Mil *m)
{
    return mil_streams(m) && !m->learn;
}

/* Do instances weigh by their counts? */
static inline bool mil_counts(const Mil *m)
{
    return mil_count_weight(&m->o) != 0;
}

/* Do instances have vectors of their genes? */
static inline bool mil_genes(const Mil *m)
{
    return m->o.gene_size > 0;
}

/* The bag without what this network does not read of it, and others do. */
static inline Bag mil_own(const Mil *m, const Bag *bag)
{
    Bag own = *bag;
    if (!mil_counts(m)) own.log_weight = NULL;
    if (!mil_genes(m)) own.gene = NULL;
    return own;
}

/* What the output network reads: a bag vector and what joins it. */
static inline Index mil_n_joined(const Mil *m)
{
    return m->n_z + m->inputs.n_out;
}

/* Rows of a block within a run over selected instances. */
static inline Rows mil_rows(const Mil *m, const MilRun *run, int at, int thread)
{
    const bool joined = m->spec.kind == BAG_VECTORS;
    return (Rows){.bag = joined ? &m->joined : &m->entry[run->slot].kept,
                  .slot = run->slot,
                  .from = run->from + at,
                  .n = run->n - at < KERNEL_BLOCK ? run->n - at : KERNEL_BLOCK,
                  .cached = (joined ? 0 : m->bounds[run->slot]) + run->from + at,
                  .thread = thread};
}

/* The selected instances of each bag, as layers see them. */
static inline LayerBags mil_layer_bags(const Mil *m, int n_bag)
{
    return (LayerBags){.bounds = m->bounds, .n_bag = n_bag, .own = m->own};
}

/* What is pooled: the selected instances of each bag. */
static inline PoolingBags mil_bags(const Mil *m, int n_bag)
{
    return (PoolingBags){.a = m->a_kept, .h = m->h, .bounds = m->bounds, .n_bag = n_bag, .log_weight = m->log_weight};
}

/* Weights of a bag's selected instances in the plain mean; NULL: all 1. */
static inline const real *mil_mean_weights(const Mil *m, int b)
{
    return m->c ? m->c + m->bounds[b] : m->entry[b].kept.stands_for;
}

void mil_free_workspace(Mil *m);

/* Declares what belongs to the numbers that join a bag vector (ERR_CONFIG), and lays out their memory. */
Status mil_init_inputs(Mil *m);
void mil_plan_inputs(Mil *m, Arena *arena, Index bags, bool learn);

/* A minibatch as far as its bag vectors z, with m->learn keeping what backward needs; and from z to outputs. `rng` is
 * for random selection. */
void mil_to_vectors(Mil *m, const Bag *bag, int n_bag, Rng rng);
void mil_to_outputs(Mil *m, int n_bag);

/* Whole bags from the rows m->h and m->a_kept to bag vectors; and back, from m->dpooled and m->dmean to m->dh and m->da. */
void mil_pool_kept(Mil *m, int n_bag);
void mil_pool_kept_backward(Mil *m, real *grad, int n_bag);
/* What is pooled of a block of n rows of the first bag, from `from` on: h [n, width], in the thread's block. */
const real *mil_embed(Mil *m, const Bag *bag, int from, int n, int thread);
/* For explanations, where no layer mixes: h [n, width] of rows that are kept for backward from row rows->cached on; and
 * EmbedderType.input of the same rows from dh. `grad` [n_params] is scratch. */
void mil_rows_forward(Mil *m, real *h, const Rows *rows);
void mil_rows_input(Mil *m, double *dx, Index stride, real *grad, const real *h, const real *dh, const Rows *rows);

#endif
