/* SPDX-License-Identifier: MIT
 *
 * layer.h: a layer between embedder and pooling (model.layers): rows x [n, n_in] to rows y [n, n_out]. A kind of layer is
 * a descriptor in the table of layer.c, and one file.
 *
 * Most layers look at one row at a time; `block` then is their forward pass for pass one and for streamed predictions.
 * Others relate the rows of a bag to each other and have no `block`.
 *
 * The network calls, once an update (or whenever parameters changed):
 *     prepare → block, on many threads at once → forward of all rows of a minibatch → backward of the same rows
 */
#ifndef HOPSACK_LAYER_H
#define HOPSACK_LAYER_H

#include "model/embedder.h"
#include "model/mil.h"

/* Every layer's struct begins with this. */
typedef struct {
    Index n_in, n_out; /* numbers of a row */
    Index in, out;     /* strides of x and y, multiples of KERNEL_LANES; beyond n_in and n_out rows are 0 */
    int64_t n_capped;  /* associations so far that had not converged when they were stopped (steps: -1) */
} MilLayer;

/* What a layer is built for. */
typedef struct {
    int place;        /* in model.layers */
    const char *name; /* in front of the names of its tensors: "layers.0." */
    int n_in;
    int n_class;             /* of all tasks together; a number counts as one */
    bool features;           /* the rows are scaled features, and no layer is beside */
    int n_train;             /* training bags */
    int n_out;               /* of the network */
    const int *output_class; /* [n_out] classes of the task of each output; 1: a number */
} LayerSpec;

/* Whole bags end to end: bag b has rows bounds[b] … bounds[b+1]-1, the first is row 0. */
typedef struct {
    const int *bounds; /* [n_bag + 1] */
    int n_bag;
    const int *own; /* [n_bag] a bag's number among the training bags, of bags of one instance; NULL: they are none */
} LayerBags;

/* What an association of a layer did, after `forward`: p of state row and head lies at
 * at[row · row_step + head · head_step] and is n_stored numbers long. */
typedef struct {
    const real *p;
    Index row_step, head_step;
    int n_stored;
} LayerWeights;

typedef struct LayerType LayerType;

struct LayerType {
    const char *name;
    const Option *options;
    size_t options_size; /* ≤ OPTION_BLOB */
    size_t size;         /* of the layer's struct */

    Status (*init)(void *self, ParamList *list, const void *options, const LayerSpec *spec);
    void (*plan)(void *self, Arena *arena, const ModelSizes *sizes);
    void (*prepare)(void *self, const real *theta, const Pass *pass); /* as of an embedder */

    /* y [n, out] of x [n, in], the rows of whole bags; with a pass they may drop, and backward may follow. */
    void (*forward)(void *self, real *y, const real *x, const LayerBags *bags);
    /* The same rows, once more: dx [n, in] and the slab `grad` are added to; dy [n, out] may be overwritten. */
    void (*backward)(void *self, real *dx, real *grad, const real *x, const real *y, real *dy, const LayerBags *bags);
    /* y of n ≤ KERNEL_BLOCK rows, each on its own, in evaluation. NULL: rows depend on the others of their bag. */
    void (*block)(void *self, real *y, const real *x, int n, int thread);
    /* The layer that these options ask for in place of this one; NULL: this one. */
    const LayerType *(*variant)(const void *options);
    /* Sets the frozen tensors of training bag i: its row x [n_in], label and known [n_out]. NULL: it has none. What such a
     * layer returns are the network's outputs. */
    void (*store)(const void *self, real *theta, int i, const real *x, const real *label, const real *known);
    /* Heads of its association; and what that of bag b did. NULL: it has none. */
    int (*n_head)(const void *self);
    int (*n_stored)(const void *self); /* patterns of its own; NULL: it has none */
    LayerWeights (*weights)(const void *self, const LayerBags *bags, int b);
};

extern const LayerType *const layer_types[]; /* ends with NULL */

extern const LayerType layer_association, layer_dense, layer_lookup;

/* Rows without what their stride has beyond n: `from` itself where there is nothing, else copied to `to`. */
const real *layer_packed(real *to, const real *from, Index rows, Index n, Index stride);
/* Adds packed rows to rows of that stride. */
void layer_add_packed(real *to, Index stride, const real *from, Index rows, Index n);

#endif
