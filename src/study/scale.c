/* SPDX-License-Identifier: MIT */
#include "study/scale.h"

#include <math.h>
#include <stdio.h>

static void make_range(double *low, double *high)
{
    if (!isfinite(*low) || !isfinite(*high)) {
        *low = 0;
        *high = 1;
    } else if (*low > *high) {
        const double kept = *low;
        *low = *high;
        *high = kept;
    }
    const double smallest = 1e-9 * (fabs(*low) + fabs(*high)) + 1e-300; /* what ticks can still divide */
    if (*high - *low > smallest) return;
    const double half = fabs(*low) > 1 ? 0.5 * fabs(*low) : 0.5;
    *low -= half;
    *high += half;
}

/* The step at 1, 2 or 5 times a power of ten that is next to `rough`. */
static double nice_step(double rough)
{
    const double power = pow(10, floor(log10(rough))), digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void add_ticks(Scale *s, double step)
{
    const double first = ceil(s->low / step - 1e-6);
    s->n_tick = 0;
    for (double k = first; k * step <= s->high + 1e-6 * step && s->n_tick < SCALE_TICKS; k++)
        s->tick[s->n_tick++] = k == 0 ? 0 : k * step;
    const double power = -floor(log10(step) + 1e-9);
    s->decimals = power > 0 ? (int)fmin(power, 9) : 0;
}

Scale scale_exact(double low, double high, int n_wanted)
{
    Scale s = {.low = low, .high = high};
    make_range(&s.low, &s.high);
    add_ticks(&s, nice_step((s.high - s.low) / n_wanted));
    return s;
}

Scale scale_nice(double low, double high, int n_wanted)
{
    Scale s = {.low = low, .high = high};
    make_range(&s.low, &s.high);
    const double step = nice_step((s.high - s.low) / n_wanted);
    s.low = floor(s.low / step + 1e-6) * step;
    s.high = ceil(s.high / step - 1e-6) * step;
    add_ticks(&s, step);
    return s;
}

double scale_share(const Scale *s, double value)
{
    const double share = (value - s->low) / (s->high - s->low);
    return share > 0 ? share < 1 ? share : 1 : 0;
}

const char *scale_label(char out[SCALE_LABEL], const Scale *s, int tick)
{
    const double value = s->tick[tick];
    if (fabs(value) >= 1e6)
        snprintf(out, SCALE_LABEL, "%.3g", value);
    else
        snprintf(out, SCALE_LABEL, "%.*f", s->decimals, value);
    return out;
}
