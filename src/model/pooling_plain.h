/* SPDX-License-Identifier: MIT
 *
 * pooling_plain.h: what poolings without parameters and without attention share: every logit is 0, and nothing is
 * learned.
 */
#ifndef HOPSACK_POOLING_PLAIN_H
#define HOPSACK_POOLING_PLAIN_H

#include "model/pooling.h"

/* As the descriptor has them. */
void pooling_plain_prepare(void *self, const real *theta, const Pass *pass);
void pooling_plain_score(void *self, real *a, const real *h, const Rows *rows);
void pooling_plain_zero(void *self, int grad_slot);
void pooling_plain_score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h,
                                  const Rows *rows);
void pooling_plain_finish(void *self, real *grad, int n_slot);

#endif
