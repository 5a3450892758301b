/* SPDX-License-Identifier: MIT
 *
 * layer_dense.c: y = dropout( f(x Wᵀ + b) ) of every row.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "model/layer.h"
#include "nn/dense.h"
#include "nn/dropout.h"
#include "nn/kernel.h"

#include <stdio.h>
#include <string.h>

#define ROWS 256 /* of a chunk of work */

typedef struct {
    int n_unit, activation;
    double dropout;
} DenseOptions;

typedef struct {
    MilLayer base;
    DenseOptions o;
    Dense dense;
    bool drops; /* this is an update, with dropout */
    Dropout dropout;
    real *u;  /* [n_keep, out] before dropout; nothing without */
    real *dx; /* of the backward pass under way */
    const real *from_x, *dy;
    real *to_y;
    int n;
} DenseLayer;

static const Option options[] = {
    {"n_unit", OPTION_INT, offsetof(DenseOptions, n_unit), "64", 1, 4096, NULL, "units", "width of the layer"},
    {"activation", OPTION_CHOICE, offsetof(DenseOptions, activation), "relu", 0, 0, "relu selu tanh none", "",
     "activation function"},
    {"dropout", OPTION_NUMBER, offsetof(DenseOptions, dropout), "0", 0, 0.99, NULL, "",
     "dropout: fraction of the units that an update leaves out"},
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, const LayerSpec *spec)
{
    static const Activation activations[] = {ACTIVATION_RELU, ACTIVATION_SELU, ACTIVATION_TANH, ACTIVATION_NONE};
    DenseLayer *l = self;
    Linear linear;
    char name[32];
    *l = (DenseLayer){.o = *(const DenseOptions *)blob};
    snprintf(name, sizeof name, "%.*s", (int)strlen(spec->name) - 1, spec->name);
    linear_init_uniform(&linear, list, name, spec->n_in, l->o.n_unit);
    dense_init(&l->dense, &linear, KERNEL_WIDTH(spec->n_in), activations[l->o.activation]);
    l->base = (MilLayer){.n_in = spec->n_in, .n_out = l->o.n_unit, .in = l->dense.in, .out = l->dense.out};
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    DenseLayer *l = self;
    dense_plan(&l->dense, arena, 0, sizes->n_slot ? sizes->n_thread : 0);
    l->u = ARENA_TAKE(arena, real, l->o.dropout > 0 ? sizes->n_keep * l->base.out : 0);
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    DenseLayer *l = self;
    dense_prepare(&l->dense, theta);
    l->drops = pass && l->o.dropout > 0;
    if (l->drops) l->dropout = dropout_of(l->o.dropout, rng_stream(pass->seed, "dropout", pass->update), 0);
}

static void block(void *self, real *y, const real *x, int n, int thread)
{
    const DenseLayer *l = self;
    (void)thread;
    dense_forward(y, &l->dense, x, n);
}

static int chunk_rows(const DenseLayer *l, int from)
{
    return l->n - from < ROWS ? l->n - from : ROWS;
}

static void forward_chunk(void *context, int chunk, int thread)
{
    DenseLayer *l = context;
    const Index from = chunk * ROWS, size = chunk_rows(l, chunk * ROWS) * l->base.out;
    real *y = l->to_y + from * l->base.out;
    block(l, y, l->from_x + from * l->base.in, chunk_rows(l, chunk * ROWS), thread);
    if (!l->drops) return;
    memcpy(l->u + from * l->base.out, y, size * sizeof *y);
    dropout_apply(y, &l->dropout, (int)from, chunk_rows(l, chunk * ROWS), l->base.out);
}

/* Shares rows out among threads. */
static void in_chunks(DenseLayer *l, int n, void (*body)(void *context, int chunk, int thread))
{
    l->n = n;
    parallel_for_work((double)n * l->dense.l.n_in * l->dense.l.n_out, (n + ROWS - 1) / ROWS, body, l);
}

static void forward(void *self, real *y, const real *x, const LayerBags *bags)
{
    DenseLayer *l = self;
    l->to_y = y;
    l->from_x = x;
    in_chunks(l, bags->bounds[bags->n_bag], forward_chunk);
}

static void input_chunk(void *context, int chunk, int thread)
{
    DenseLayer *l = context;
    const Index from = chunk * ROWS;
    (void)thread;
    dense_input(l->dx + from * l->base.in, &l->dense, l->dy + from * l->base.out, chunk_rows(l, chunk * ROWS));
}

/* forward was  y = dropout(u),  u = f(x Wᵀ + b) */
static void backward(void *self, real *dx, real *grad, const real *x, const real *y, real *dy, const LayerBags *bags)
{
    DenseLayer *l = self;
    const int n = bags->bounds[bags->n_bag];
    if (l->drops) dropout_apply(dy, &l->dropout, 0, n, l->base.out);
    dense_slope(dy, &l->dense, l->drops ? l->u : y, n);
    l->dx = dx;
    l->dy = dy;
    in_chunks(l, n, input_chunk);
    dense_weights(grad, &l->dense, x, dy, n);
}

const LayerType layer_dense = {
    .name = "dense",
    .options = options,
    .options_size = sizeof(DenseOptions),
    .size = sizeof(DenseLayer),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .block = block,
};
_Static_assert(sizeof(DenseOptions) <= OPTION_BLOB, "options fit");
