/* SPDX-License-Identifier: MIT
 *
 * leakorder.h: does a feature number the rows of a file, or the instances of each bag, or has it one value a bag? Fed with
 * the numbers other than 0 of one feature, bag after bag; what is 0 follows from counts.
 *
 *   row number        the values are 0 … n-1 or 1 … n in any order; or they go up by 1 from row to row, but
 *                     for bags that begin anew with 0 or 1 (several files numbered alike); or all rise, as of rows filtered
 *   instance number   they rise by 1 within every bag, from one beginning
 *   of the bag        one value in all instances of every bag, and so often that chance does not do it
 */
#ifndef HOPSACK_LEAKORDER_H
#define HOPSACK_LEAKORDER_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { ORDER_NONE, ORDER_ROW, ORDER_INSTANCE, ORDER_OF_BAG } Order;

/* A feature. */
typedef struct {
    bool broken; /* not all are whole numbers from 0 to 2^24, so it numbers nothing */
    /* Somewhere: not above the one before; in a bag not 1 more; a bag begins with neither 1 more nor 0 or 1, with another
     * value than the first bag. */
    bool falls, jumps, leaps, other_start;
    bool varies;                /* within a bag */
    float last, start, first;   /* value before; what bags begin with; value of the first bag of several instances */
    float now;                  /* what the bag that is walked now begins with */
    int bags, many, first_bags; /* with a number; of these, of several instances; of these, with value `first` */
    int64_t n, at;              /* numbers other than 0; row of the first */
    int64_t steps, first_steps; /* instances less bags, of `many` and of `first_bags` */
    uint64_t sum;               /* of the hashes of the values */
} LeakOrder;                    /* starts as {0} */

/* The bags so far. */
typedef struct {
    int64_t n;              /* instances */
    int bags, single, many; /* bags; of one instance; of several */
    uint64_t sum;           /* hashes of 1 … n */
    int n_feat;
} LeakBags;

void leakorder_instance(LeakBags *b);
/* Value other than 0 of the instance counted last, the place-th of its bag from 0; the bag's first such number? */
void leakorder_number(LeakOrder *o, const LeakBags *b, float value, int64_t place, bool first);
/* After a bag of n instances of which `n_number` are other than 0, from `min` to `max`. */
void leakorder_bag(LeakOrder *o, int64_t n, int64_t n_number, float min, float max);

/* Of a feature that is not constant; many_values: more than two other than 0. */
Order leakorder_judge(const LeakOrder *o, const LeakBags *b, bool many_values);
/* What pandas and R call a column of row numbers: 'Unnamed: 0', or nothing. */
bool leakorder_is_name(const char *name);

#endif
