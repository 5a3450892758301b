/* SPDX-License-Identifier: MIT
 *
 * layers.c: a stack of layers, its memory and its passes.
 */
#include "model/layers.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "nn/kernel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- putting together ---- */

Status layers_init(LayerStack *s, ParamList *list, const ModelOptions *o, const LayerSpec *whole, Index width)
{
    *s = (LayerStack){.n_h = whole->n_in, .width = width, .widest = width};
    for (int k = 0; k < o->n_layer; k++) {
        const LayerType *type = layer_types[o->layer[k].kind];
        if (type->variant) type = type->variant(o->layer[k].options);
        char name[32];
        snprintf(name, sizeof name, "layers.%d.", k);
        LayerSpec spec = *whole;
        spec.place = k, spec.name = name, spec.n_in = (int)s->n_h;
        spec.features &= o->n_layer == 1;
        MilLayer *layer = calloc(1, type->size);
        if (!layer) return fail(ERR_MEMORY, "no memory for the model");
        s->type[k] = type;
        s->self[k] = layer;
        s->n = k + 1;
        const Status status = type->init(layer, list, o->layer[k].options, &spec);
        if (status != OK) return fail_at(status, "model.layers.%d", k);
        assert(layer->in == s->width);
        s->mixes |= !type->block;
        s->answers |= type->store != NULL;
        s->n_h = layer->n_out;
        s->width = layer->out;
        if (s->width > s->widest) s->widest = s->width;
    }
    return OK;
}

void layers_free(LayerStack *s)
{
    for (int k = 0; k < s->n; k++) free(s->self[k]);
    *s = (LayerStack){0};
}

bool layers_copy(LayerStack *to, const LayerStack *from)
{
    *to = *from;
    to->n = 0;
    for (int k = 0; k < from->n; k++, to->n++) {
        to->self[k] = malloc(from->type[k]->size);
        if (!to->self[k]) return false;
        memcpy(to->self[k], from->self[k], from->type[k]->size);
    }
    return true;
}

void layers_plan(LayerStack *s, Arena *arena, const ModelSizes *sizes)
{
    if (s->n == 0) return;
    for (int k = 0; k < s->n; k++) {
        s->type[k]->plan(s->self[k], arena, sizes);
        s->x[k] = ARENA_TAKE(arena, real, sizes->n_row * s->self[k]->in);
        s->dx[k] = ARENA_TAKE(arena, real, sizes->n_keep * s->self[k]->in);
    }
    s->x[s->n] = ARENA_TAKE(arena, real, sizes->n_row * s->width);
    s->dx[s->n] = ARENA_TAKE(arena, real, sizes->n_keep * s->width);
    s->block = ARENA_TAKE(arena, real *, sizes->n_thread);
    for (int t = 0; t < sizes->n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, 2 * KERNEL_BLOCK * s->widest);
        if (s->block) s->block[t] = piece;
    }
}

/* Every layer drops by a seed of its own. */
void layers_prepare(LayerStack *s, const real *theta, const Pass *pass)
{
    for (int k = 0; k < s->n; k++) {
        Pass own = pass ? *pass : (Pass){0};
        Rng rng = rng_stream(own.seed, "layers", (uint64_t)k);
        own.seed = rng_u64(&rng);
        s->type[k]->prepare(s->self[k], theta, pass ? &own : NULL);
    }
}

/* ---- passes ---- */

typedef struct {
    LayerStack *stack;
    int layer;
    real *y;
    const real *x;
    int n;
} BlockWork;

static void block_of_rows(void *context, int chunk, int thread)
{
    const BlockWork *w = context;
    MilLayer *layer = w->stack->self[w->layer];
    const int from = chunk * KERNEL_BLOCK, n = w->n - from < KERNEL_BLOCK ? w->n - from : KERNEL_BLOCK;
    w->stack->type[w->layer]->block(layer, w->y + from * layer->out, w->x + from * layer->in, n, thread);
}

void layers_forward(LayerStack *s, Index at, const LayerBags *bags, bool learn)
{
    const int n = bags->bounds[bags->n_bag];
    for (int k = 0; k < s->n; k++) {
        MilLayer *layer = s->self[k];
        BlockWork work = {
            .stack = s, .layer = k, .y = s->x[k + 1] + at * layer->out, .x = s->x[k] + at * layer->in, .n = n};
        if (!learn && s->type[k]->block)
            parallel_for((n + KERNEL_BLOCK - 1) / KERNEL_BLOCK, block_of_rows, &work);
        else if (n > 0)
            s->type[k]->forward(layer, work.y, work.x, bags);
    }
}

void layers_backward(LayerStack *s, real *grad, Index at, const LayerBags *bags)
{
    const Index n = bags->bounds[bags->n_bag];
    for (int k = s->n - 1; n > 0 && k >= 0; k--) {
        const MilLayer *layer = s->self[k];
        const Index in = at * layer->in, out = at * layer->out;
        memset(s->dx[k] + in, 0, n * layer->in * sizeof *s->dx[k]);
        s->type[k]->backward(s->self[k], s->dx[k] + in, grad, s->x[k] + in, s->x[k + 1] + out, s->dx[k + 1] + out,
                             bags);
    }
}

void layers_block(real *y, LayerStack *s, const real *x, int n, int thread)
{
    for (int k = 0; k < s->n; k++) {
        real *to = k == s->n - 1 ? y : s->block[thread] + ((k + 1) & 1) * KERNEL_BLOCK * s->widest;
        s->type[k]->block(s->self[k], to, x, n, thread);
        x = to;
    }
}

real *layers_scratch(const LayerStack *s, int thread)
{
    return s->block[thread];
}
