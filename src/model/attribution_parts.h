/* SPDX-License-Identifier: MIT
 *
 * attribution_parts.h: what the files of attribution share. attribution.c reads bags, attribution_divide.c divides
 * outputs, attribution_output.c goes from bag vectors to scores, attribution_path.c along the input of one instance.
 */
#ifndef HOPSACK_ATTRIBUTION_PARTS_H
#define HOPSACK_ATTRIBUTION_PARTS_H

#include "model/attribution.h"
#include "model/mil_parts.h"

#include <math.h>

/* A pooling side by side with others, or alone. */
typedef struct {
    const PoolingType *type;
    const PoolingShare *share;
    void *self, *twin;         /* its struct in both networks */
    Index column_at, n_column; /* of the network's attention; -1: it has none there */
    Index z_at, n_z;
    Index mean_at; /* its first column among the means; -1: it has no means */
    Index way_at;  /* and among the ways */
    bool weighs;   /* by counts */
} AttributionPart;

/* A piece of a bag and the sums over its rows, of all means. */
typedef struct {
    double *sum;     /* [n_mean] Σ e */
    double *m;       /* [n_mean, n_h] Σ e x */
    double *through; /* [n_mean] Σ |term| */
} AttributionPiece;

#define ATTRIBUTION_PIECES 64 /* of a bag: their number and borders depend on its size alone */

struct Attribution {
    Mil *mil, *twin;
    Index n_h, n_z, n_column; /* n_z: without the numbers of the bag */
    AttributionPart part[POOLING_MOST];
    int n_part;
    bool all_means; /* every part is of means */
    MilAttention attention;
    const Bag *bag; /* opened; `rows`: what was pooled, in the order of the bag */
    const Bag *rows;
    bool is_streamed;

    Index n_mean; /* columns of means, and the plain mean beside */
    int *owner;   /* [n_mean] the part a mean belongs to; n_part: the plain mean beside */
    Index beside; /* which that is; -1: none */
    int n_way;
    double *through; /* [n_way] Σ |term| of the last direction */
    double *top;     /* [n_mean] largest logit */
    double *sum;     /* [n_mean] Σ exp(a - top) */
    double *m;       /* [n_mean, n_h] */
    AttributionPiece piece[ATTRIBUTION_PIECES];
    int piece_rows; /* of a piece */

    double *p, *p_0;       /* [n_z] */
    double *z, *z_0, *dz;  /* [n_z] */
    double *p_none;        /* [n_z] p without instances, of parts without means */
    double *m_ref, *p_ref; /* [n_mean, n_h], [n_z] the reference: means over n_ref bags */
    int n_ref;
    double *z_step, *g;                                   /* [n_z] */
    double *u, *c;                                        /* [n_mean, n_h], [n_mean] */
    double *y[OUTPUT_LAYERS + 2], *dy[OUTPUT_LAYERS + 2]; /* of every layer: its input, and the outputs */
    double **x;                                           /* [n_thread] values of an instance [n_part + 1, n_h] */
    real *output;                                         /* [n_out] */
    double *share;                                        /* [n_max] parts of a pooling without means */
    double *out;                                          /* [n_max] */

    /* of a path; rows of the twin */
    Bag copies;              /* KERNEL_BLOCK copies of one instance, scaled */
    uint8_t *codes;          /* [KERNEL_BLOCK, residues] */
    real *factor;            /* [KERNEL_BLOCK] */
    BagGene *gene;           /* [KERNEL_BLOCK] */
    float *vector;           /* [KERNEL_BLOCK, n_input] */
    SparseRow *sparse;       /* [KERNEL_BLOCK] */
    float *value;            /* [KERNEL_BLOCK, n_input] of the sparse rows */
    int *first, *number;     /* [max_len + 2] of `copies`; [KERNEL_BLOCK] their row numbers, all 0 */
    size_t *at;              /* [max_len + 2] of `copies` */
    real *h, *dh, *a, *da;   /* [KERNEL_BLOCK, ·] */
    real *grad;              /* [n_params], looked at by nobody */
    double *dx;              /* [KERNEL_BLOCK, n_input] */
    double *m_step, *dm;     /* [n_mean, n_h]; m_step: of a bag's plain means too */
    double *w, *d_a, *logit; /* [n_mean] */
    double *x_old;           /* [n_part + 1, n_h] values of the instance itself */
    double *subject;         /* [n_input] its input less the zero input */
    const Bag *met;          /* the bag that the twin knows */
    double *dx_h, *dh_one;   /* [n_h] */
    Index n_input;           /* longest sequence, or features */
};

/* s of bag vector z [n_z], and dz [n_z] its gradient, unless NULL. */
double attribution_score(Attribution *a, double *dz, const double *z, const double *direction);

static inline double attribution_activate(double p, ShareActivation f)
{
    return f == SHARE_RELU ? p > 0 ? p : 0 : f == SHARE_TANH ? tanh(p) : p;
}
static inline double attribution_slope(double z, ShareActivation f)
{
    return f == SHARE_RELU ? z > 0 : f == SHARE_TANH ? 1 - z * z : 1;
}
static inline ShareActivation attribution_activation(const AttributionPart *part)
{
    return part->share->activation ? part->share->activation(part->self) : SHARE_LINEAR;
}

/* z [n_z] of the means m [n_mean, n_h], where all parts have them; p as well. */
void attribution_merge(Attribution *a, const double *m);
/* u [n_mean, n_h] and c [n_mean] from g [n_z], the gradient by p. */
void attribution_spread(Attribution *a, double *u, double *c, const double *g);

/* What the count of row i of a->rows adds to its logits. */
static inline double attribution_more(const Attribution *a, Index i)
{
    return a->rows->log_weight ? (double)a->rows->log_weight[i] : 0;
}

/* Logit of row i of a->rows in mean column k, and its weight there. */
double attribution_logit(const Attribution *a, Index i, Index k);
double attribution_weight(const Attribution *a, Index i, Index k);
/* x [n_part + 1, n_h] of an embedding: the value that each part pools, and the plain mean beside. */
void attribution_values(const Attribution *a, double *x, const real *h);
/* Calls `body` for the rows of a piece, in order; x as attribution_values has it. */
typedef void AttributionRowBody(Attribution *a, int piece, const double *x, Index i);
void attribution_each_row(Attribution *a, int piece, int thread, AttributionRowBody *body);
int attribution_n_piece(const Attribution *a);
/* Fills p, p_0, z, z_0, g, u and c for a direction; sum->score and bias. */
void attribution_gradient(Attribution *a, AttributionSum *sum, const double *direction);

#endif
