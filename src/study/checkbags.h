/* SPDX-License-Identifier: MIT
 *
 * checkbags.h: one pass over every bag of a dataset: is it whole, is it there twice, does it share its largest clones with
 * another bag, as two samples of one donor do, and does it follow the conventions of the others?
 *
 * Two bags are proposed as one donor's where at least CHECKBAGS_SHARED of the smaller one's CHECKBAGS_TOP largest clones (of
 * equal counts those with the smallest hashes) are among the other's, and four times more than in the median pair.
 */
#ifndef HOPSACK_CHECKBAGS_H
#define HOPSACK_CHECKBAGS_H

#include "cohort/cohort.h"

#include <jansson.h>

#define CHECKBAGS_TOP    100
#define CHECKBAGS_SHARED 0.2
#define CHECKBAGS_LEAST  10 /* clones of a bag that can be compared, and shared ones */

typedef struct {
    int n;          /* bags, as in the file */
    uint64_t *hash; /* [n] */
    char **damage;  /* [n] NULL: the bag is whole */
    int n_damaged;
    int n_equal;   /* bags that equal an earlier one */
    int *equal_to; /* [n] the first bag of equal content; itself */
    int *donor;    /* [n] number of the proposed donor, from 0 in the order of bags */
    int n_donor;
    int n_pair;
    struct CheckPair {
        int a, b, shared, of;
    } * pair;         /* [n_pair] bags that share clones, the most first */
    double *junction; /* [n] share of sequences that begin with C and end with F or W; NULL: vectors */
    int n_locus;
    char (*locus)[4];  /* [n_locus] "TRB", … of V genes */
    int64_t *in_locus; /* [n, n_locus] sequences */
} CheckBags;

Status checkbags_read(CheckBags *out, BagFile *file);
void checkbags_free(CheckBags *c);

#endif
