/* SPDX-License-Identifier: MIT
 *
 * oddsprior.h: how much more often bags of a class hold a sequence than others do, estimated for many sequences together
 * (empirical Bayes). Of n1 bags of the class a hold a sequence, of n0 others b; s = a + b. Given s and the log odds ratio d,
 *
 *     p(a | s, d) = C(n1, a) C(n0, s - a) e^(d a) / sum over a' of the same       Fisher's noncentral hypergeometric
 *
 * d is one of ODDSPRIOR_VALUES. Sequences that about equally many bags hold (3 levels for each doubling of s) share a
 * distribution of d, which EM makes most likely. So one sequence in ten thousand that differs is not drowned by the others,
 * and none counts that differs no more than chance lets some.
 *
 * The weight of a sequence is the mean of d given a and s, less the shift of its level. Where one class is deeper, its bags
 * hold more of nearly all sequences. The shift is ln of how many sequences of the level a bag of the class is expected to
 * hold for each that another holds, but lies between 0 and 2 ln depth. A level of few sequences has the shift of all.
 */
#ifndef HOPSACK_ODDSPRIOR_H
#define HOPSACK_ODDSPRIOR_H

#include "core/status.h"

#include <stdint.h>

#define ODDSPRIOR_LEAST   3    /* a sequence that fewer bags hold has no weight */
#define ODDSPRIOR_MOST    512  /* more holders count as so many, in the same shares */
#define ODDSPRIOR_VALUES  11   /* d = 0, ±.5, ±1, ±1.5, ±2, ±3 */
#define ODDSPRIOR_SMALLER 0.01 /* weights smaller than this are 0 */

typedef struct {
    int n1, n0, most;      /* most: holders that are told apart */
    double depth;          /* mean size of a bag of the class, for each of another bag; after oddsprior_learn */
    double *log_factorial; /* [n1 + n0 + 1] */
    uint32_t *count;       /* [s (s + 1) / 2 + a] sequences */
    double *weight;        /* likewise */
} OddsPrior;

Status oddsprior_open(OddsPrior *out, int n1, int n0);
void oddsprior_close(OddsPrior *o); /* accepts {0} */

void oddsprior_add(OddsPrior *o, int a, int b);     /* a sequence, before oddsprior_learn */
Status oddsprior_learn(OddsPrior *o, double depth); /* depth > 0; 1: the same in both classes */
double oddsprior_weight(const OddsPrior *o, int a, int b);

/* By how much the share of bags that hold a sequence of this weight is larger in the class than in others, were they as deep
 * as these: s / (n1 depth e^w + n0) (e^w - 1). */
double oddsprior_excess(const OddsPrior *o, int a, int b, double weight);

#endif
