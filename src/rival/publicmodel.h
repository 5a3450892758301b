/* SPDX-License-Identifier: MIT
 *
 * publicmodel.h: models of rival_public.c, and other bags by them.
 */
#ifndef HOPSACK_PUBLICMODEL_H
#define HOPSACK_PUBLICMODEL_H

#include "rival/betabinomial.h"
#include "rival/rival.h"

/* What tells the rows of the table apart: `detail`. */
typedef struct {
    bool genes; /* the same sequence with other V or J genes is another */
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

/* As in Rival. */
Status publicmodel_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
Status publicmodel_apply(double *output, void *applier, int member);
Status publicmodel_rank(double *score, void *applier, int member, int output);
void publicmodel_close(void *applier);

#endif
