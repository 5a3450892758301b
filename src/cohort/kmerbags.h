/* SPDX-License-Identifier: MIT
 *
 * kmerbags.h: the training bags as k-mers are tested over them: in order of group, then of class; a block at a time in
 * memory.
 */
#ifndef HOPSACK_KMERBAGS_H
#define HOPSACK_KMERBAGS_H

#include "cohort/kmers.h"

#define KMERBAGS_BLOCK 32 /* most bags of a block */

/* One class against the others, or the labels. */
typedef struct {
    int target_class;
    int column;      /* of the sums (kmercount.h): Σ (x - mean x) v = sum[column] - share · Σ v */
    double share;    /* mean of x; 0 for labels, which add_group of kmers.c centres */
    double sxx;      /* Σ (x - mean x)² */
    bool presence;   /* Fisher's exact test of the bags that hold the k-mer; of occurrences otherwise */
    int n_in;        /* bags of the class; presence alone, as the rest */
    int least, most; /* k-mers held by fewer or more bags cannot be significant, and are not tested */
} KmerTest;

typedef struct {
    const KmerSetup *in;
    int n;
    int *number;        /* [n] in the cache */
    int *size;          /* [n] sequences */
    KmerWeight *weight; /* [n] its label is less the mean of its group */
    double *label;      /* [n] less the mean of all; 0 without labels */
    int n_group;
    int start[KMERS_TOGETHER + 1]; /* [n_group + 1] bags of group g are start[g] … start[g+1] - 1 */
    double shift[KMERS_TOGETHER];  /* [n_group] mean label of the group less that of all */
    int n_column;                  /* of the sums: classes, or 2 for labels */
    bool labelled;
    int n_test;
    KmerTest test[2 * TARGET_CLASSES];
    bool presence; /* are k-mers tested for presence? Then candidates of all tests are ordered by z, not by t */
    const Bag *block[KMERBAGS_BLOCK];
} KmerBags;

/* *reason is set where nothing can be tested. */
Status kmerbags_list(KmerBags *out, const KmerSetup *setup, const char **reason);
void kmerbags_free(KmerBags *bags);

/* Reads bags first, first + 1, … < end into `block`; *n is how many, at least 1. A signal ends it. */
Status kmerbags_read(KmerBags *bags, int first, int end, int *n);

/* Do both hold the same bags of this group? Their labels are the same, as setups differ in parts alone. */
bool kmerbags_same_group(const KmerBags *a, const KmerBags *b, int group);

/* Is bag b on the first side of the test: of the class, or of a label above the mean? */
bool kmerbags_inside(const KmerBags *bags, const KmerTest *test, int b);

/* t of one k-mer from its v - v0 [n] in the bags; z where there are tests of presence. */
double kmerbags_t(const KmerBags *bags, const KmerTest *test, const double *value);

/* z of what kmerbags_t gives. */
double kmerbags_z(const KmerBags *bags, double t);

#endif
