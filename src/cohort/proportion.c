/* SPDX-License-Identifier: MIT */
#include "cohort/proportion.h"

#include <math.h>

#define Z 1.959963984540054 /* 97.5 % quantile of the normal distribution */

void proportion_interval(double interval[2], double hits, double n)
{
    if (!(n > 0)) {
        interval[0] = interval[1] = (double)NAN;
        return;
    }
    const double share = hits / n, middle = share + Z * Z / (2 * n);
    const double half = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)), whole = 1 + Z * Z / n;
    interval[0] = hits <= 0 ? 0 : (middle - half) / whole; /* rounding would leave a trace of 0 and 1 */
    interval[1] = hits >= n ? 1 : (middle + half) / whole;
}
