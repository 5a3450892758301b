/* SPDX-License-Identifier: MIT
 *
 * publicmodel.h: models of rival_public.c and rival_public_eb.c, and other bags by them.
 */
#ifndef HOPSACK_PUBLICMODEL_H
#define HOPSACK_PUBLICMODEL_H

#include "rival/betabinomial.h"
#include "rival/rival.h"

/* What tells the rows of the table apart: `detail`. */
typedef struct {
    bool genes;  /* the same sequence with other V or J genes is another */
    bool weighs; /* each sequence has a weight (PublicBase); else those of a test are counted (PublicOdds) */
} PublicDetail;

typedef struct {
    double threshold;         /* -log10 p from which on a sequence is associated */
    double prior;             /* ln (N1 + 1) / (N0 + 1) */
    BetaBinomial of_class[2]; /* of the other class, of the class */
} PublicOdds;

/* The log odds of a bag of which k of n distinct sequences are associated. */
double publicmodel_output(const PublicOdds *odds, double k, double n);

/* Adds the odds, and -log10 p [n] of the sequences, which the caller fills. */
Status publicmodel_add(double **log_p, RivalModel *model, int64_t n, const PublicOdds *odds);

/* What is added to the weights of a bag's sequences. */
typedef struct {
    double prior; /* ln (N1 + 1) / (N0 + 1) */
    double each;  /* taken off for each distinct sequence of the bag */
} PublicBase;

/* The log odds of a bag of n distinct sequences whose weights have this sum. */
double publicmodel_weighed(const PublicBase *base, double sum, double n);

/* Adds the base, and weights [n] of the sequences, which the caller fills. */
Status publicmodel_add_weights(double **log_odds, RivalModel *model, int64_t n, const PublicBase *base);

/* As in Rival. */
Status publicmodel_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
Status publicmodel_apply(double *output, void *applier, int member);
Status publicmodel_rank(double *score, void *applier, int member, int output);
void publicmodel_close(void *applier);

#endif
