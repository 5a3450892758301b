/* SPDX-License-Identifier: MIT
 *
 * pooling_attention.h: the attention network of DeepRC, which scores one instance at a time (pooling_attention.c), for
 * poolings that begin with it.
 */
#ifndef HOPSACK_POOLING_ATTENTION_H
#define HOPSACK_POOLING_ATTENTION_H

#include "model/pooling_attend.h"
#include "nn/dense.h"
#include "nn/logits.h"

#define ATTENTION_LAYERS 8 /* at most */

typedef struct {
    int n_layer, n_unit, n_query;
    int normalizer;
    bool mean;
} AttentionOptions;

/* Their rows, in options of that type with AttentionOptions as its member `field`. */
#define POOLING_ATTENTION_ROWS(type, field)                                                                          \
    {"n_layer", OPTION_INT, offsetof(type, field.n_layer),                                                           \
     "2",       0,          ATTENTION_LAYERS,                                                                        \
     NULL,      "layers",   "number of hidden layers of the attention network"},                                     \
        {"n_unit", OPTION_INT, offsetof(type, field.n_unit),                                                         \
         "32",     1,          4096,                                                                                 \
         NULL,     "units",    "width of each hidden layer of the attention network"},                               \
        {"n_query", OPTION_INT, offsetof(type, field.n_query), "1", 1, 64,                                           \
         NULL,      "queries",  "number of learned queries"},                                                        \
        POOLING_NORMALIZER_ROW(type, field.normalizer), POOLING_MEAN_ROW(type, field.mean)

/* Begins the struct of such a pooling. */
typedef struct {
    AttendPooling top;
    int n_layer, widest;
    Dense hidden[ATTENTION_LAYERS];
    real *u[ATTENTION_LAYERS]; /* [n_keep, out] activations that backward needs */
    Logits query;
    real **scratch; /* [n_thread] two blocks of the widest layer */
} AttentionScorer;

/* As the descriptor has them; `self` is an AttentionScorer. What is pooled has n_value numbers an instance, at row
 * stride value_width. */
void pooling_attention_init(AttentionScorer *p, ParamList *list, const AttentionOptions *o, int n_h, int width);
void pooling_attention_values(AttentionScorer *p, int n_value, int value_width);
void pooling_attention_plan(void *self, Arena *arena, const ModelSizes *sizes);
void pooling_attention_prepare(void *self, const real *theta, const Pass *pass);
void pooling_attention_score(void *self, real *a, const real *h, const Rows *rows);
void pooling_attention_zero(void *self, int grad_slot);
void pooling_attention_score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h,
                                      const Rows *rows);
void pooling_attention_finish(void *self, real *grad, int n_slot);
void pooling_attention_start(void *self, real *theta, int n, int *z_at);

#endif
