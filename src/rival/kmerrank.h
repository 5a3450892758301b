/* SPDX-License-Identifier: MIT
 *
 * kmerrank.h: sequences ranked by their k-mers. The score of a sequence is the sum of the values of the cells of a profile
 * that its windows are in, in all views.
 */
#ifndef HOPSACK_KMERRANK_H
#define HOPSACK_KMERRANK_H

#include "cohort/cohort.h"
#include "cohort/kmerprofile.h"

typedef struct {
    const KmerProfile *profile;
    int output;    /* of the model, that the values are of */
    double *value; /* [n_cell]; NULL: of no output yet */
    double *score; /* [largest bag] of the bag at work, in its order */
    const Bag *bag;
} KmerRank;

/* All values are 0 then; the caller adds to them. Bags are the cohort's. */
Status kmerrank_begin(KmerRank *r, const KmerProfile *profile, const Cohort *cohort, int output);
bool kmerrank_is_of(const KmerRank *r, int output);
void kmerrank_score(double *score, KmerRank *r, const Bag *bag); /* [n of the bag] by rows of the file */
void kmerrank_free(KmerRank *r);

#endif
