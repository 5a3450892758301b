/* SPDX-License-Identifier: MIT
 *
 * capacity.h: how many random patterns an associative memory holds: the share of cues, stored patterns of ±1 with some entries
 * turned round, that it brings back exactly (the signs of the state are those of the pattern).
 */
#ifndef HOPSACK_CAPACITY_H
#define HOPSACK_CAPACITY_H

#include "study/associative.h"

#include <jansson.h>

typedef struct {
    AssociativeOptions memory;
    int d;              /* entries */
    double flip;        /* share of the entries that are turned round, rounded to whole ones; 0 … 1 */
    const double *size; /* [n_size] numbers of stored patterns, ascending */
    int n_size;         /* 0: 1, 2, 5, 10, … until less than one cue in a hundred is recalled, or CAPACITY_MOST */
    int n_cue;          /* of each number */
    uint64_t seed;
    const char *table; /* to write: kind, power, d, flip, patterns, cues, recalled, mean_updates */
    const char *plot;  /* SVG to write, or NULL */
    bool force, dry_run;
} CapacitySetup;

#define CAPACITY_MOST  20000
#define CAPACITY_SIZES 1000 /* n_size, at most */

/* *out: {"points": [{"patterns", "cues", "recalled"}]}; dry_run: {"points": []} and what cost_tell adds. Same bits with any
 * number of threads. ERR_MEMORY, ERR_IO. */
Status capacity_write(json_t **out, const CapacitySetup *setup);

#endif
