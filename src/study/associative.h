/* SPDX-License-Identifier: MIT
 *
 * associative.h: associative memories of several kinds behind one function: stored patterns, a cue, and what the memory makes
 * of it.
 *
 *   continuous   nn/recall.h: any numbers
 *   hopfield82   nn/hopfield82.h: entries of two values, as are those that follow
 *   dense        nn/densememory.h with F(x) = max(x, 0)^n
 *   polynomial   the same with F(x) = x^n
 *   exp          the same with F(x) = eˣ
 *
 * One update of the continuous kind moves all free entries together. One of the others visits each once, in order, and gives it
 * the value of lower energy. No update raises the energy.
 */
#ifndef HOPSACK_ASSOCIATIVE_H
#define HOPSACK_ASSOCIATIVE_H

#include "core/cost.h"
#include "core/status.h"
#include "nn/recall.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSOCIATIVE_CAP   1000 /* updates until convergence, at most */
#define ASSOCIATIVE_MOVE  1e-6 /* a move below this part of the largest entry is none */
#define ASSOCIATIVE_OPEN  0.02 /* seconds on the reference machine (core/cost.h), once: program, files */
#define ASSOCIATIVE_KINDS "continuous hopfield82 dense polynomial exp"

typedef struct {
    int kind;     /* place in ASSOCIATIVE_KINDS */
    int power;    /* n of dense and polynomial, ≥ 2 */
    double beta;  /* > 0, of the continuous kind */
    bool dot;     /* its similarity; else distance */
    bool release; /* known entries of a cue with unknown ones may change too */
    int steps;    /* updates, ≥ 1; -1: until nothing moves, ASSOCIATIVE_CAP at most */
} AssociativeOptions;

struct AssociativeKind;
const char *associative_name(int kind);

typedef struct {
    const struct AssociativeKind *kind;
    AssociativeOptions o;
    RecallMemory memory; /* x [n, d] borrowed */
    double least;        /* a smaller move is none */
    double low, high;    /* kinds of two values: what -1 and 1 stand for */
    int8_t *sign;        /* [n, d] -1, 1 */
    int8_t *usual;       /* [d] what an unknown entry starts as: the more frequent value */
    double *weight;      /* [d, d] of hopfield82 */
} Associative;

/* x [n, d] is borrowed, finite, squares too. ERR_FORMAT: a kind of two values, and x has others; ERR_MEMORY. */
Status associative_open(Associative *out, const AssociativeOptions *o, const double *x, int n, Index d);
void associative_close(Associative *a); /* accepts {0} */

/* Of n_cue cues from n patterns of d entries, in 2 to 6 updates, or `steps` if these are fewer; without ASSOCIATIVE_OPEN. */
Cost associative_cost(const AssociativeOptions *o, double n, double d, double n_cue);

/* Before recall: the weights of hopfield82, O(n d²). ERR_MEMORY. */
Status associative_learn(Associative *a);

/* Working memory of one thread. */
typedef struct {
    double *p, *rank; /* [n] */
    double *next;     /* [d] */
    bool *known;      /* [d] */
    int8_t *s;        /* [d] */
    int32_t *order;   /* [d] */
    int *overlap;     /* [n] */
} AssociativeScratch;

Status associative_scratch(AssociativeScratch *out, const Associative *a); /* ERR_MEMORY */
void associative_scratch_free(AssociativeScratch *s);                      /* accepts {0} */

typedef struct {
    double *state, *first; /* [d] at the end, after one update: the caller's */
    int updates;           /* that moved something */
    bool converged;
    double energy_first; /* of the cue; where it has unknown entries, of the first state without */
    double energy_last;  /* of exp: -log(-E), as E has no double */
    int k;               /* entries with 90 % of the last softmax; 0: the kind has none */
    double p_max;        /* its largest */
} Recalled;

/* ERR_FORMAT: cue [d], NaN: unknown, has no known entry, or one that the kind cannot hold. */
Status associative_check(const Associative *a, const double *cue);
void associative_recall(Recalled *out, const Associative *a, AssociativeScratch *s, const double *cue);

/* Place of the stored pattern with the least Euclidean distance to a state; of equal ones the first. */
int associative_nearest(double *distance, const Associative *a, const double *state);

#endif
