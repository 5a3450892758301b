/* SPDX-License-Identifier: MIT
 *
 * association.h: the core of all modern Hopfield layers: projections into the association space, retrieval there
 * (retrieval.h), projection of what was retrieved.
 *
 *   q = R W_qᵀ + b_q      k = Y W_kᵀ + b_k      v = V W_vᵀ + b_v          head h owns its block of columns
 *   y = activation( retrieve(q, k, v) W_oᵀ + b_o )
 *
 *   R [n_state, ·] state patterns (queries)    Y [n_stored, ·] stored patterns (keys)    V [n_stored, ·] their
 *   projections (values): raw inputs of three widths     y [rows of o, n_out]
 *
 * Tensors, named as in the reference implementation. If the three widths agree, pattern_size is not given and V is
 * not connected: in_proj_weight, the rows of q, k and v stacked; else q_proj_weight, k_proj_weight, v_proj_weight. In
 * both cases one in_proj_bias. A static part has no weights and no bias. p_norm_{weight,bias},
 * out_proj.{weight,bias}.
 *
 * What q and k are compared by is an option: a dot product, a distance or Tanimoto's similarity (similarity.h).
 *
 * A state that sees no stored pattern in any head, and so every state of an empty bag, has output 0, not the bias,
 * and passes no gradient.
 */
#ifndef HOPSACK_ASSOCIATION_H
#define HOPSACK_ASSOCIATION_H

#include "core/status.h"
#include "nn/layernorm.h"
#include "nn/projection.h"
#include "nn/retrieval.h"

typedef enum { ASSOCIATION_LINEAR, ASSOCIATION_RELU, ASSOCIATION_TANH } AssociationActivation;

/* Zero is the default where nothing else is said; association_options sets all defaults. */
typedef struct {
    int n_state, n_stored, n_projection; /* widths of R, Y, V; stored and projection default to that of state */
    int n_head;                          /* 1 … RETRIEVAL_HEADS, default 1 */
    int head_size;                       /* a head's width of q and k; 0: n_state / n_head, which must divide */
    int pattern_size;                    /* a head's width of v; 0: head_size, or n_projection where V is static */
    int n_out;                        /* width of y; 0: n_state. Without output projection: n_head · pattern_size */
    double beta[RETRIEVAL_HEADS];     /* 0: 1 / √head_size, or 1 where nothing is projected at all */
    bool beta_learned;                /* one for each head; all start at the value above */
    int steps[RETRIEVAL_HEADS];       /* extra updates at most; -1: until convergence */
    double eps[RETRIEVAL_HEADS];      /* > 0, default 1e-4 */
    bool whole_batch;                 /* one decision for all bags when to stop, as the reference; see retrieval.h */
    bool state_static, stored_static; /* used as it is, in every head; its width is head_size */
    bool projection_static;           /* likewise; its width is pattern_size */
    bool connected;                   /* V goes through W_k, b_k first, then through a W_v [n_head · pattern_size,
                                          * n_head · head_size]; needs equal widths and head_size = pattern_size */
    bool bias;                        /* of q, k, v and output; default true */
    bool norm, norm_affine;           /* of q and k, per head, after projection; one weight and bias for both */
    bool zero;                        /* one more stored pattern, all zero */
    bool no_output;                   /* y is the concatenated heads */
    bool fan;                         /* weights start with deviation 1/√n_in, not 0.02 */
    Similarity similarity;            /* of q and k, default dot; see similarity.h */
    Normalizer normalizer;            /* what makes weights of scores, default softmax; see normalizer.h */
    AssociationActivation activation;
} AssociationOptions;

void association_options(AssociationOptions *o, int n_state);
/* Fills in what is 0; ERR_CONFIG if the settings contradict each other. */
Status association_resolve(AssociationOptions *o);
void association_heads(AssociationOptions *o, double beta, int steps, double eps); /* the same for every head */

typedef struct {
    AssociationOptions o; /* resolved */
    Index n_r, n_y, n_v;  /* widths of R, Y, V as they come, static or not */
    Projection q, k, v, out;
    LayerNorm norm;
    size_t beta_at; /* [n_head], if learned */
    real beta[RETRIEVAL_HEADS];
    Retrieval retrieval;
    Index n_read; /* n_head · pattern_size */
    Index n_out;  /* width of y */
} Association;

typedef struct {
    real *q_raw, *k_raw; /* [n_state, ·], [n_stored, ·] before the association-space norm, if there is one */
    real *q, *k, *v;     /* projected; unused where static */
    real *through;       /* [n_stored, n_head · head_size] V through the stored patterns' projection, if connected */
    LayerNormCache norm_q, norm_k;
    RetrievalCache retrieval;
    real *o; /* [rows, n_read] */
    real *dq, *dk, *dv, *dq_raw, *dk_raw, *dthrough, *d_o, *da;
} AssociationCache;

/* Options must have been resolved. Names are PREFIXin_proj_weight …, and `beta_name` if β is learned. */
void association_init(Association *l, ParamList *list, const char *prefix, const char *beta_name,
                      const AssociationOptions *o);
void association_plan(AssociationCache *c, const Association *l, const RetrievalSizes *sizes, Arena *arena);
/* The inputs of a layer: any of them may be the same. */
typedef struct {
    const real *state, *stored, *projection; /* R, Y, V */
    const BagPairs *bags;
    const RetrievalMasks *masks; /* NULL: none */
} AssociationInput;

/* Gradients of the inputs: each may be NULL, or the same. */
typedef struct {
    real *state, *stored, *projection;
} AssociationGrad;

void association_forward(real *y, AssociationCache *c, const Association *l, const real *theta,
                         const AssociationInput *in);
/* The same in two parts: what depends on the n_stored stored patterns and their projections alone, and the rest. */
void association_store(AssociationCache *c, const Association *l, const real *theta, const real *stored,
                       const real *projection, int n_stored);
void association_recall(real *y, AssociationCache *c, const Association *l, const real *theta,
                        const AssociationInput *in);
/* d and the slab `grad` are added to; y is what forward returned. */
void association_backward(const AssociationGrad *d, real *grad, AssociationCache *c, const Association *l,
                          const real *theta, const AssociationInput *in, const real *y, const real *dy);
/* [n_head] β of each head. */
const real *association_beta(const Association *l, const real *theta);

/* The way of one kind of pattern into the association space. */
typedef struct {
    const Projection *projection; /* q or k */
    const HeadStep *step;         /* of the patterns there */
    real *at, *raw;               /* projected and normed; projected */
    LayerNormCache *norm;
    real *d, *draw; /* backward: gradients of at; of raw, scratch */
} AssociationSide;

/* Patterns x [n, ·] as retrieval wants them: side->at is written if they are projected or normed. */
void association_to_space(const AssociationSide *side, const Association *l, const real *theta, const real *x, int n);

/* ---- parts that fixedquery.h shares ---- */

real association_activate(real x, AssociationActivation kind);
real association_slope(real y, AssociationActivation kind); /* dy/dx from the activation y */

#endif
