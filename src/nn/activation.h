/* SPDX-License-Identifier: MIT
 *
 * activation.h: activation functions, element by element, and their derivatives as functions of the output y.
 *
 *   none      y = x                  dy/dx = 1
 *   selu      selu.h                 λ where y > 0, y + λα elsewhere
 *   relu      y = max(x, 0)          1 where y > 0, 0 elsewhere
 *   tanh      y = tanh x             1 - y²
 *   sigmoid   y = 1 / (1 + e⁻ˣ)      y (1 - y)
 */
#ifndef HOPSACK_ACTIVATION_H
#define HOPSACK_ACTIVATION_H

#include "core/real.h"

#include <stddef.h>

typedef enum {
    ACTIVATION_NONE,
    ACTIVATION_SELU,
    ACTIVATION_RELU,
    ACTIVATION_TANH,
    ACTIVATION_SIGMOID,
    N_ACTIVATION
} Activation;

/* n a multiple of KERNEL_LANES. */
void activation_forward(real *y, Index n, Activation kind);                  /* y [n] in place */
void activation_backward(real *dy, const real *y, Index n, Activation kind); /* dy [n] *= slope */

#endif
