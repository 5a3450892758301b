/* SPDX-License-Identifier: MIT
 *
 * scale.h: the axis of a figure: a range of numbers, and ticks at 1, 2 or 5 times a power of ten (Heckbert 1990).
 */
#ifndef HOPSACK_SCALE_H
#define HOPSACK_SCALE_H

#define SCALE_TICKS 20

typedef struct {
    double low, high; /* low < high */
    int n_tick;
    double tick[SCALE_TICKS]; /* [n_tick] ascending, from low to high */
    int decimals;             /* of a tick's label */
} Scale;

/* Exactly this range. What is no range (not finite, empty, turned round) becomes one: 0 to 1, or half a unit on each side. */
Scale scale_exact(double low, double high, int n_wanted);

/* The same, made wider until it begins and ends at a tick. n_wanted: about so many ticks, 2 … 8. */
Scale scale_nice(double low, double high, int n_wanted);

/* From 0 at `low` to 1 at `high`, held within; NaN is 0. */
double scale_share(const Scale *s, double value);

#define SCALE_LABEL 32
const char *scale_label(char out[SCALE_LABEL], const Scale *s, int tick);

#endif
