/* SPDX-License-Identifier: MIT
 *
 * cutoff.h: the operating point of a binary task: the output above which a bag is called positive. It is chosen on bags
 * that took no part in training, and scored on others. Cutoffs lie halfway between two neighbouring outputs, or outside
 * all of them.
 */
#ifndef HOPSACK_CUTOFF_H
#define HOPSACK_CUTOFF_H

#include "cohort/metric.h"

#include <stdbool.h>

typedef enum {
    CUTOFF_NONE,
    CUTOFF_YOUDEN,      /* largest sensitivity + specificity; of equal ones where the two differ least */
    CUTOFF_SENSITIVITY, /* highest cutoff with a sensitivity of at least `wanted` */
    CUTOFF_SPECIFICITY  /* lowest cutoff with a specificity of at least `wanted` */
} CutoffKind;

typedef struct {
    CutoffKind kind;
    double wanted; /* above 0, up to 1 */
} CutoffRule;

/* "none", "youden", "sensitivity:0.9", "specificity:0.95". False: the text is none of them. */
bool cutoff_read(CutoffRule *rule, const char *text);

/* Sorts bag [n]. Returns false and leaves *cutoff as it is if the rule is none, a class is missing, or an output is not
 * finite. */
bool cutoff_choose(double *cutoff, CutoffRule rule, MetricRank *bag, int n);

#endif
