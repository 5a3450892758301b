/* SPDX-License-Identifier: MIT
 *
 * operating.h: what each head of a trained model does with a bag: whether it averages over the instances or picks a few.
 * The measure is that of Ramsauer et al. 2021: k, the fewest instances that hold 90 % of the softmax weight, its median
 * over bags, and the class of that among n instances (nn/dynamics.h).
 *
 * Bags differ in n, so the class goes by the median of k/n. Below 32 instances no head can be of class IV.
 */
#ifndef HOPSACK_OPERATING_H
#define HOPSACK_OPERATING_H

#include "cv/apply.h"
#include "nn/dynamics.h"

typedef struct {
    double low, median, high; /* quartiles */
} Quartiles;

/* A query under one head; over bags that are not empty. */
typedef struct {
    int pooling, query, head; /* mil_column */
    Quartiles k, share;       /* k and k/n */
    double entropy;           /* mean, nats */
    double evenness;          /* mean of entropy / ln n, where n > 1: 1 is equal weights */
    double largest;           /* mean of the largest weight */
    DynamicsClass kind;
} OperatingHead;

typedef struct {
    OperatingHead *head; /* [n_head] queries by heads */
    int n_head, n_bag;   /* n_bag: those that are not empty */
    int n_pooling;       /* of the model; those without attention have no heads here */
    Quartiles n;         /* instances pooled, of a bag */
} Operating;

extern const char *const operating_class[]; /* "I" … "IV", by DynamicsClass */

/* Of the first model, which has been fitted; ERR_MODEL if its pooling has no attention. */
Status operating_measure(Operating *out, Apply *a, const Cohort *cohort);
void operating_free(Operating *o); /* accepts half-built ones */

/* An association of model.layers: what each instance retrieves. n_bag counts instances, n the stored patterns. */
typedef struct {
    int layer;
    const char *kind;
    Operating of;
} OperatingLayer;

/* Of the layers of the first model that are associations: *out [*n], freed by operating_free_layers; ERR_MEMORY. */
Status operating_measure_layers(OperatingLayer **out, int *n, Apply *a, const Cohort *cohort);
void operating_free_layers(OperatingLayer *layer, int n);

/* The same of bags that somebody else reads, of one network. */
typedef struct {
    int n_column, n_bag, room;     /* room: bags there is memory for */
    double *n;                     /* [room] instances pooled */
    double *k, *share;             /* [room, n_column] */
    double *entropy, *even, *most; /* [n_column] sums */
    int n_even;                    /* bags of more than one instance */
} OperatingTally;

Status operating_open(OperatingTally *t, int n_column);
/* Weights w [n, n_column] of what was pooled of a bag, n > 0; scratch [2 n]. ERR_MEMORY. */
Status operating_add(OperatingTally *t, const real *w, int n, double *scratch);
/* *out is the caller's to free; of no bags all its numbers are 0. mil NULL: columns are heads of one query. */
Status operating_conclude(Operating *out, const OperatingTally *t, const Mil *mil);
void operating_close(OperatingTally *t); /* accepts {0} and half-built ones */

#endif
