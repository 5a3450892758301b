/* SPDX-License-Identifier: MIT
 *
 * publicparts.h: the sequences of a cohort, and how many bags of each class hold one: in a training part, and in what is
 * left of it without each inner fold.
 */
#ifndef HOPSACK_PUBLICPARTS_H
#define HOPSACK_PUBLICPARTS_H

#include "rival/clonemodel.h"
#include "rival/cloneshare.h"

/* The cohort: `state` of a rival whose detail is a PublicDetail. */
typedef struct {
    const Rival *rival;
    const RivalBags *bags;
    bool genes;
    CloneShare own;
    const CloneShare *share;
} Public;

/* As in Rival. */
Status publicparts_check(const Rival *rival, const Cohort *cohort, int n_class);
Status publicparts_open(void **state, const Rival *rival, const RivalBags *bags);
void publicparts_close(void *state);

/* ---- parts ---- */

#define PUBLICPARTS_MOST 256 /* inner folds and one */

/* Part q: the training bags without inner fold q; the last part: all of them. */
typedef struct {
    const Public *p;
    RivalFit *fit;
    int n_part;
    int (*n)[2]; /* [n_part] bags of the other class, of the class */
    int *side;   /* [bags] 2 · inner fold + class of a training bag; -1: of no training part */
} PublicParts;

Status publicparts_new(PublicParts *out, const Public *p, RivalFit *fit);
void publicparts_free(PublicParts *parts);                       /* accepts {0} */
bool publicparts_has(const PublicParts *parts, int i, int part); /* training bag i of the fit */
double publicparts_prior(const PublicParts *parts, int part);    /* ln (N1 + 1) / (N0 + 1) of its bags */

/* holders [n_part, 2] of sequence i of a batch: bags of the other class, of the class. */
void publicparts_holders(int *holders, const PublicParts *parts, const CloneReader *r, int i);

/* ---- sequences that a model keeps ---- */

typedef struct {
    bool writes; /* false: they are counted */
    int64_t n;
    size_t n_text;
    CloneTensors tensors;
    double *value; /* [n] of the model, one each */
} PublicKept;

void publicparts_keep(PublicKept *kept, const Public *p, const CloneReader *r, int i, double value);
/* A model with room for the sequences that were counted; the caller adds `value`, and then the sequences once more. */
Status publicparts_model(PublicKept *kept, const Public *p, RivalFit *fit);

#endif
