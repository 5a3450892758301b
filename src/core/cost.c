/* SPDX-License-Identifier: MIT
 *
 * cost.c: ranges, not figures: a plan that names one number is taken at its word, and no constant is good to more than a
 * factor of 1.7 over machines, data and load.
 */
#include "core/cost.h"
#include "core/log.h"
#include "core/parallel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SPREAD_LOW  0.6
#define SPREAD_HIGH 1.7

#define ROUNDS    8       /* of the kernel; the shortest counts */
#define STEPS     2000000 /* of a round */
#define REFERENCE 2.47e-3 /* seconds of a round on the reference machine */
#define TABLE     8192    /* counters, as k-mers are counted */

Cost cost_of(double seconds, double bytes)
{
    return (Cost){SPREAD_LOW * seconds, SPREAD_HIGH * seconds, bytes};
}

void cost_then(Cost *sum, const Cost *next)
{
    sum->low += next->low;
    sum->high += next->high;
    if (next->bytes > sum->bytes) sum->bytes = next->bytes;
}

double cost_seconds(const Cost *cost)
{
    return sqrt(cost->low * cost->high);
}

/* ---- as text ---- */

/* One significant digit, or two where the first is 1: "15 s", "2 min", "3 h". */
static double rounded(double x)
{
    if (x <= 0) return 0;
    const double unit = pow(10, floor(log10(x)));
    const double step = x < 2 * unit ? unit / 10 : unit;
    return round(x / step) * step;
}

static void say_seconds(char text[32], double seconds)
{
    if (seconds < 1)
        snprintf(text, 32, "1 s");
    else if (seconds < 95)
        snprintf(text, 32, "%.0f s", rounded(seconds));
    else if (seconds < 95 * 60)
        snprintf(text, 32, "%.0f min", rounded(seconds / 60));
    else
        snprintf(text, 32, "%.0f h", rounded(seconds / 3600));
}

const char *cost_text(char text[COST_ROOM], const Cost *cost)
{
    char low[32], high[32];
    const double mb = cost->bytes / 1e6;
    if (isnan(cost->high)) {
        snprintf(text, COST_ROOM, "time unknown, %.0f MB of memory", rounded(mb));
        return text;
    }
    say_seconds(low, cost->low);
    say_seconds(high, cost->high);
    if (cost->high < 1)
        snprintf(text, COST_ROOM, "less than 1 s, %.0f MB of memory", rounded(mb));
    else if (strcmp(low, high) == 0)
        snprintf(text, COST_ROOM, "about %s, %.0f MB of memory", low, rounded(mb));
    else
        snprintf(text, COST_ROOM, "about %s to %s, %.0f MB of memory", low, high, rounded(mb));
    return text;
}

/* ---- as JSON ---- */

static json_t *milli(double x)
{
    return isnan(x) ? json_null() : json_real(round(x * 1e3) / 1e3);
}

Status cost_tell(json_t *plan, const Cost *cost)
{
    const bool failed = json_object_set_new(plan, "seconds", milli(cost_seconds(cost))) |
                        json_object_set_new(plan, "seconds_low", milli(cost->low)) |
                        json_object_set_new(plan, "seconds_high", milli(cost->high)) |
                        json_object_set_new(plan, "memory_mb", json_real(round(cost->bytes / 1e5) / 10));
    return failed ? fail(ERR_MEMORY, "no memory for the plan") : OK;
}

static double told(const json_t *plan, const char *key)
{
    const json_t *value = json_object_get(plan, key);
    return json_is_null(value) ? (double)NAN : json_number_value(value);
}

Cost cost_told(const json_t *plan)
{
    return (Cost){told(plan, "seconds_low"), told(plan, "seconds_high"),
                  json_number_value(json_object_get(plan, "memory_mb")) * 1e6};
}

/* ---- the machine ---- */

/* What rivals do most: keys are computed, counters found and raised, numbers added up. */
static double time_round(void)
{
    static uint32_t table[TABLE];
    static volatile double sink;
    const double started = log_own_seconds();
    uint64_t key = 1;
    double sum = 0;
    for (int i = 0; i < STEPS; i++) {
        key = key * 6364136223846793005u + 1442695040888963407u;
        uint32_t *counter = &table[key >> 51];
        sum += (double)++*counter;
    }
    sink = sum;
    (void)sink;
    return log_own_seconds() - started;
}

double cost_pace(void)
{
    static double pace;
    if (pace > 0) return pace;
    double least = time_round();
    for (int r = 1; r < ROUNDS; r++) {
        const double seconds = time_round();
        if (seconds < least) least = seconds;
    }
    pace = least / REFERENCE;
    return pace;
}

double cost_speedup(void)
{
    return 1 / (0.1 + 0.9 / parallel_threads());
}
