/* SPDX-License-Identifier: MIT
 *
 * vectorcheck.h: what is odd about vectors before they become a dataset: features that give the answer away, features
 * without information, equal instances and bags. One pass over the instances; memory of a few numbers a feature and 16
 * bytes an instance.
 *
 * A feature is
 *   constant              if it has one value in all instances
 *   a copy of the label   if it equals the bag's label in all instances, or has one value in each of two classes
 *   a bag number          if it equals the bag's key, or its place among the bags, in all instances
 *   an instance label     if it has two values, and its largest (or smallest) in a bag tells the two labels apart in all
 *                         bags, of which there are so many that chance does not do it
 *   separating            if the largest, smallest or mean value in a bag does so
 */
#ifndef HOPSACK_VECTORCHECK_H
#define HOPSACK_VECTORCHECK_H

#include "data/vectorspool.h"

typedef enum { ODD_LABEL, ODD_BAG, ODD_INSTANCE_LABEL, ODD_SEPARATES } Odd; /* those before the last are leaks */
extern const char *const odd_name[];                                        /* as in reports */

#define VECTORCHECK_MOST 100       /* odd features that are listed */
#define VECTORCHECK_WIDE (1 << 22) /* more features than that are not looked at one by one */

typedef struct {
    int feature;
    Odd odd;
} OddFeature;

typedef struct {
    int n_constant;
    int n_single;                /* bags of one instance */
    int n_label, n_unlabelled;   /* different labels; bags without one */
    int n_shared, n_shared_both; /* distinct instances that several bags have; of these, bags of different labels */
    int n_equal, n_equal_both;   /* groups of equal bags; of these, with different labels */
    int equal[2];                /* two bags of the first group, one with different labels if there is any */
    int n_odd;                   /* listed */
    int n_leak, n_separating;    /* all */
    OddFeature feature[VECTORCHECK_MOST]; /* [n_odd] leaks first */
    double chance;                        /* separating features to expect of random numbers */
} VectorFindings;

/* label [n_bag], NULL where there is none. The spool is sorted. */
Status vectorcheck_run(VectorFindings *out, VectorSpool *spool, const char *const *label);

#define VECTORCHECK_NAME 64
const char *vectorcheck_name(char text[VECTORCHECK_NAME], const VectorSpool *spool,
                             int feature); /* "'name'", or its number from 1 */

#endif
