/* SPDX-License-Identifier: MIT
 *
 * layers.h: the layers of model.layers, one after the other. x[0] is what the embedder made of the instances, x[n] what is
 * pooled. Without layers both are one array, which is the network's.
 */
#ifndef HOPSACK_LAYERS_H
#define HOPSACK_LAYERS_H

#include "model/layer.h"

typedef struct {
    int n;
    const LayerType *type[LAYERS_MOST];
    MilLayer *self[LAYERS_MOST];
    bool answers;     /* what comes out are the network's outputs */
    bool mixes;       /* an instance's row depends on the others of its bag */
    Index n_h, width; /* of the rows that come out: numbers, and stride */
    Index widest;     /* stride of any row */

    real *x[LAYERS_MOST + 1], *dx[LAYERS_MOST + 1]; /* [n_row, stride], [n_keep, stride] */
    real **block;                                   /* [n_thread] two of [KERNEL_BLOCK, widest] */
} LayerStack;

/* Rows of spec->n_in numbers at stride `width` come in; name and place are set here. ERR_CONFIG, ERR_MEMORY; layers_free in any case. */
Status layers_init(LayerStack *s, ParamList *list, const ModelOptions *o, const LayerSpec *spec, Index width);
void layers_free(LayerStack *s);                          /* accepts {0} */
bool layers_copy(LayerStack *to, const LayerStack *from); /* false: no memory. Of parameters' places and sizes */
void layers_plan(LayerStack *s, Arena *arena, const ModelSizes *sizes);
void layers_prepare(LayerStack *s, const real *theta, const Pass *pass);

/* x[n] from x[0], both from row `at` on. `learn`: backward may follow. */
void layers_forward(LayerStack *s, Index at, const LayerBags *bags, bool learn);
/* From dx[n] to dx[0], of the rows of the last forward with `learn`. */
void layers_backward(LayerStack *s, real *grad, Index at, const LayerBags *bags);
/* y [n, width] of x [n, stride of x[0]], n ≤ KERNEL_BLOCK; not where layers mix. */
void layers_block(real *y, LayerStack *s, const real *x, int n, int thread);
real *layers_scratch(const LayerStack *s, int thread); /* [KERNEL_BLOCK, stride of x[0]] for that x */

#endif
