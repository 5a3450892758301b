/* SPDX-License-Identifier: MIT
 *
 * scorer.h: the network with workspace for one whole bag: outputs and scores of the parts of a cohort. A whole bag may be a
 * hundred times a draw, and needs no gradients.
 *
 * Evaluations during training may see a sample of each bag (train.evaluate_instances): always the same one, from stream
 * (seed, "evaluate", member). Like the draws of an update, it holds the rare ones of the k-mers that the network starts
 * from: a validation score that cannot see them would tell early stopping nothing.
 */
#ifndef HOPSACK_SCORER_H
#define HOPSACK_SCORER_H

#include "train/loop.h"
#include "train/rarehits.h"

typedef struct {
    const LoopSetup *in; /* must stay where it is */
    Mil *mil;
    const int *train; /* [n_train] members, borrowed */
    int n_train;
    Index n_out;
    int update, updates;     /* at which it evaluates, of how many; the loop's affair */
    real *output;            /* [n, n_out] of the parts last evaluated */
    real *vector;            /* [n_train, n_z] of the training bags, where model.norm wants them */
    const RareHits *hits;    /* of the members, whose samples hold them always; n 0 or NULL: none */
    int n_sample;            /* instances of a bag that evaluations see at most; 0: all */
    Arena sample;            /* memory of what an evaluation draws from a bag */
    uint64_t *bits;          /* scratch of that */
    int seen[PART_TEST + 1]; /* after which update each of them was; 0: not yet */
    real *part_output, *part_target, *part_mask; /* of one part without gaps */
    MetricRank *rank;                            /* [n] scratch */
} Scorer;

Status scorer_new(Scorer *s, const LoopSetup *in, const int *train, int n_train);
void scorer_free(Scorer *s); /* accepts half-built ones */

void scorer_plan(Arena *arena, const LoopSetup *in); /* counts the memory of a sample */

/* Scores of a part by theta, which mil has been prepared with: part, loss, n_bag and score of the record. The training part
 * comes first, as it sets the statistics of model.norm in theta. A signal ends it as it ends loop_run. */
Status scorer_evaluate(Scorer *s, LoopRecord *record, Part part, real *theta);

/* Outputs and labels of the n_bag bags that scorer_evaluate saw last. */
MetricInput scorer_input(const Scorer *s, int n_bag);

/* output [n, n_out] of a part's members by theta, the parameters kept after update `kept` (0: after none); from whole bags. */
Status scorer_part(Scorer *s, real *output, Part part, real *theta, int kept);

/* output [n, n_out] of the first n members. */
Status scorer_pass(Scorer *s, real *output, int n, const real *theta);

#endif
