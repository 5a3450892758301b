/* SPDX-License-Identifier: MIT
 *
 * cost.h: what work will take: seconds, as a range, and memory. For plans (--dry-run), which promise nothing.
 *
 * Times come from two sources. Where a network or a reader is at hand, a part of the very work is timed for some
 * milliseconds and scaled by counts. Elsewhere constants hold, which tests/bench/bench_plan.py compares with measured
 * seconds: nanoseconds on one core of the reference machine, an Intel Xeon with AVX-512 under gcc 12. cost_pace() times a
 * fixed kernel here and tells how long this machine takes for one of its seconds. Both take the machine to be otherwise idle.
 */
#ifndef HOPSACK_COST_H
#define HOPSACK_COST_H

#include "core/status.h"

#include <jansson.h>
#include <stdint.h>

#define COST_ROOM    96
#define COST_PROCESS 20e6 /* bytes of the program, its libraries and tables */

typedef struct {
    double low, high; /* seconds; most runs lie between; NaN: not known, nor is a sum with it */
    double bytes;     /* resident, of the process at its peak */
} Cost;

/* Around `seconds`, as the constants err on other data: from 0.6 to 1.7 times as long. */
Cost cost_of(double seconds, double bytes);

/* One piece after the other in one process, or in processes of their own: seconds add up, the larger memory counts. */
void cost_then(Cost *sum, const Cost *next);

double cost_seconds(const Cost *cost); /* the middle of the range: geometric mean */

/* "about 40 s to 2 min, 310 MB of memory"; "about 1 s, …" where both ends read the same; "time unknown, …". */
const char *cost_text(char text[COST_ROOM], const Cost *cost);

/* Adds "seconds", "seconds_low", "seconds_high" (null: not known) and "memory_mb" (10⁶ bytes) to a plan. ERR_MEMORY. */
Status cost_tell(json_t *plan, const Cost *cost);
Cost cost_told(const json_t *plan); /* by cost_tell; zeros where it was not */

/* Seconds that this machine takes for one second of the reference machine; timed once a process, for 20 ms. */
double cost_pace(void);

/* By how much the threads of this process speed up work of which nine tenths are divided among them; at least 1. */
double cost_speedup(void);

#endif
