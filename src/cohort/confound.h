/* SPDX-License-Identifier: MIT
 *
 * confound.h: does one of the traits of bags (traits.h) alone predict the label? Each is compared with the label by rank
 * correlation, or by the share of the label's variance between its classes. The label is permuted CONFOUND_PERMUTATIONS
 * times over all traits at once, and a trait's p is the share of permutations whose largest statistic reaches its own
 * (Westfall and Young 1993, single step). So p holds for all traits together, however they depend on one another.
 *
 *     z = sqrt(9 d / 2) (((n - 1) R² / d)^⅓ - 1 + 2 / (9 d))      R²: squared correlation, or variance between classes
 *                                                                d: 1, or classes - 1     (Wilson and Hilferty 1931)
 *
 * What is counted are units: bags, or with groups all bags of one group, if they have the same label.
 */
#ifndef HOPSACK_CONFOUND_H
#define HOPSACK_CONFOUND_H

#include "cohort/traits.h"

#define CONFOUND_PERMUTATIONS 1999
#define CONFOUND_LEVEL        0.009 /* of all traits of a task together; the other 0.001 is that of study/checktogether.h */

/* The label of each unit. */
typedef struct {
    int n;       /* units with a label */
    int *member; /* [n] the first member of each */
    int *unit;   /* [n_member] the unit of each member; -1: none */
    bool joined; /* are units groups? */
    int n_class; /* 0: labels are numbers */
    int *class;  /* [n] */
    int *count;  /* [n] scratch */
    double *y;   /* [n_side, n] label scores, of mean 0 and sum of squares 1; a side for each class if there are
                    more than two */
    int n_side;
} ConfoundUnits;

/* Of the labels of target `index`; `group` [c->n_row] as in folds.h, or NULL. */
Status confound_units(ConfoundUnits *out, const Cohort *c, const Target *t, int index, const int *group);
void confound_units_free(ConfoundUnits *u);
/* value [n] of each unit: the mean over its bags of n_member members; of classes the one they have, NaN if they differ. */
void confound_values(double *value, const ConfoundUnits *u, const Trait *trait, int n_member);

typedef struct {
    const Trait *trait;
    bool constant;      /* nothing to compare */
    double strength;    /* AUC ≥ ½ of telling the classes apart; of a label that is a number |rank correlation| */
    double interval[2]; /* 95 % */
    bool lower;         /* smaller values have the label (the last class, or larger numbers) */
    int class;          /* of several: which one is told from the others; else the last class */
    bool settles;       /* no class of the trait holds bags of two labels */
    double p;
} ConfoundRow;

/* row [traits->n_trait]. Permutations come from stream (seed, "confound", index). */
Status confound_test(ConfoundRow *row, const Traits *traits, const ConfoundUnits *u, uint64_t seed, int index);

#endif
