/* SPDX-License-Identifier: MIT
 *
 * assumptionbags.h: simulated bags of vectors on which a model shows whether it obeys the standard assumption of
 * multiple-instance learning: a bag is positive because of instances that are there, never because of others that are
 * missing. After the three tests of Raff and Holt, "Reproducibility in Multiple Instance Learning: A Case For
 * Algorithmic Unit Tests", NeurIPS 2023; their sizes and numbers are our own.
 *
 * Instances are background, or one of four kinds that each have features of their own: concept A, concept B, poison and
 * neutral ones, which fill up so that all bags have as many that are no background. A bag is positive if the concepts that the test asks for
 * are there. In the training set something else predicts the label as well, and it does the opposite in the test set:
 *
 *     single      A                  poison: in all negative bags of training, in all positive bags of the test
 *     threshold   A and B            the same; negative bags have A, B or neither
 *     frequency   A and B            many instances of concepts: in positive bags of training, in negative of the test
 *
 * A model that obeys the assumption has the same AUC on both sets, one that learns the other rule an AUC near 0 on the
 * test set.
 */
#ifndef HOPSACK_ASSUMPTIONBAGS_H
#define HOPSACK_ASSUMPTIONBAGS_H

#include "core/bag.h"
#include "core/status.h"

typedef enum { ASSUMPTION_SINGLE, ASSUMPTION_THRESHOLD, ASSUMPTION_FREQUENCY, ASSUMPTION_TESTS } AssumptionTest;
extern const char *const assumption_name[]; /* [ASSUMPTION_TESTS] */

#define ASSUMPTION_FEATURES 16
#define ASSUMPTION_BAGS     200 /* of each set, half of them positive */
#define ASSUMPTION_MOST     40  /* instances of a bag, at most */

typedef struct {
    Bag bag[ASSUMPTION_BAGS];
    int label[ASSUMPTION_BAGS]; /* 0, 1 */
    float *x;                   /* [all instances, ASSUMPTION_FEATURES] */
    int row[ASSUMPTION_MOST];   /* 0, 1, … of every bag */
} AssumptionBags;

typedef enum {
    ASSUMPTION_TRAIN,
    ASSUMPTION_ALIKE, /* other bags of the training set's kind: has the model learned any rule? */
    ASSUMPTION_TEST
} AssumptionSet;

/* A set of a test: streams (seed, "assumption", ·). ERR_MEMORY. The set must stay where it is. */
Status assumptionbags_make(AssumptionBags *out, AssumptionTest test, AssumptionSet set, uint64_t seed);
void assumptionbags_free(AssumptionBags *s); /* accepts half-made ones */

#endif
