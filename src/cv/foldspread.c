/* SPDX-License-Identifier: MIT */
#include "cv/foldspread.h"

#include <math.h>

FoldSpread foldspread_of(const double *value, int n)
{
    FoldSpread s = {.mean = NAN, .std = NAN};
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(value[i])) {
            sum += value[i];
            s.n++;
        }
    if (s.n > 0) s.mean = sum / s.n;
    for (int i = 0; i < n; i++)
        if (!isnan(value[i])) square += (value[i] - s.mean) * (value[i] - s.mean);
    if (s.n > 1) s.std = sqrt(square / (s.n - 1));
    return s;
}
