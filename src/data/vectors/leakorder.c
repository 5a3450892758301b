/* SPDX-License-Identifier: MIT
 *
 * Sums of hashes compare sets without keeping them: those of a feature's values and of 1 … n agree only if the sets do.
 */
#include "data/vectors/leakorder.h"
#include "core/rng.h"

#include <math.h>
#include <string.h>

#define CHANCE    1e-3      /* features of random order that may be expected to rise */
#define STEPS_MIN 8         /* instances beyond the first of their bag; with fewer it may be chance */
#define EXACT     (1 << 24) /* whole numbers to here are exact in single precision */

void leakorder_instance(LeakBags *b)
{
    b->sum += rng_mix((uint64_t)++b->n);
}

void leakorder_number(LeakOrder *o, const LeakBags *b, float value, int64_t place, bool first)
{
    if (o->broken) return;
    if (value < 0 || value > EXACT || value != floorf(value)) {
        o->broken = true;
        return;
    }
    if (o->n == 0)
        o->at = b->n - 1;
    else if (value <= o->last)
        o->falls = true;
    if (first) {
        o->now = value - (float)place;
        if (o->n > 0 && o->now > 1 && o->now != o->last + 1) o->leaps = true;
    } else if (value - (float)place != o->now)
        o->jumps = true;
    o->n++;
    o->last = value;
    o->sum += rng_mix((uint64_t)value);
}

/* A bag may begin with 0, which is not met. */
static void close_numbers(LeakOrder *o, int64_t n_zero)
{
    if (n_zero != (o->now == 0)) o->jumps = true;
    if (o->bags == 0)
        o->start = o->now;
    else if (o->now != o->start)
        o->other_start = true;
}

void leakorder_bag(LeakOrder *o, int64_t n, int64_t n_number, float min, float max)
{
    if (!o->broken) close_numbers(o, n - n_number);
    o->bags++;
    if (n_number < n || min < max) o->varies = true;
    if (o->varies || n < 2) return;
    if (o->many++ == 0) o->first = max;
    o->steps += n - 1;
    if (max < o->first || max > o->first) return;
    o->first_bags++;
    o->first_steps += n - 1;
}

/* ---- judging ---- */

static bool is_set(const LeakOrder *o, const LeakBags *b)
{
    const uint64_t less = b->sum - rng_mix((uint64_t)b->n); /* of 0 … n-1, whose 0 is not met */
    return (o->n == b->n && o->sum == b->sum) || (o->n == b->n - 1 && o->sum == less);
}

static bool rises(const LeakOrder *o, const LeakBags *b)
{
    return !o->falls && (o->n == b->n || (o->n == b->n - 1 && o->at == 1));
}

/* Only bags of one instance may be without a number other than 0. */
static bool steps(const LeakOrder *o, const LeakBags *b)
{
    return !o->jumps && b->bags - o->bags <= b->single && b->n - b->bags >= STEPS_MIN;
}

/* Two values need both to be frequent: a feature that is almost always 0 is the same within most bags. */
static bool is_of_bag(const LeakOrder *o, const LeakBags *b, bool many_values)
{
    const int64_t rest = b->n - b->bags - o->first_steps;
    if (o->varies || o->steps < STEPS_MIN) return false;
    if (many_values && o->many > 2) return true;
    return o->first_steps >= STEPS_MIN && rest >= STEPS_MIN && o->first_bags > 1 && b->many - o->first_bags > 1;
}

Order leakorder_judge(const LeakOrder *o, const LeakBags *b, bool many_values)
{
    if (is_of_bag(o, b, many_values)) return ORDER_OF_BAG;
    if (o->broken || b->n_feat * exp(-lgamma((double)b->n + 1)) >= CHANCE) return ORDER_NONE;
    if (is_set(o, b) || rises(o, b)) return ORDER_ROW;
    if (!steps(o, b)) return ORDER_NONE;
    if (!o->other_start) return ORDER_INSTANCE;
    return o->leaps ? ORDER_NONE : ORDER_ROW;
}

bool leakorder_is_name(const char *name)
{
    return !*name || strncmp(name, "Unnamed: ", 9) == 0;
}
