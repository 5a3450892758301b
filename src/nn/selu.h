/* SPDX-License-Identifier: MIT
 *
 * selu.h: SELU(x) = λx for x > 0, λα(eˣ - 1) otherwise (Klambauer et al. 2017). From the activation y = SELU(x):
 * SELU'(x) = λ where y > 0, y + λα elsewhere.
 */
#ifndef HOPSACK_SELU_H
#define HOPSACK_SELU_H

#include "core/real.h"

#include <math.h>
#include <stddef.h>

#define SELU_LAMBDA       ((real)1.0507009873554804934193349852946)
#define SELU_LAMBDA_ALPHA ((real)(1.0507009873554804934193349852946 * 1.6732632423543772848170429916717))

static inline real selu(real x)
{
    return x > 0 ? SELU_LAMBDA * x : SELU_LAMBDA_ALPHA * (real)expm1((double)x);
}
static inline real selu_slope(real y)
{
    return y > 0 ? SELU_LAMBDA : y + SELU_LAMBDA_ALPHA;
}

#endif
