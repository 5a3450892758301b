/* SPDX-License-Identifier: MIT
 *
 * loop_parts.h: the state of a training loop, for the files that share it: loop.c and loop_checkpoint.c.
 *
 * The network stands here twice, over the same parameters: the learner has workspace for a minibatch of draws and its
 * gradients, the scorer for one whole bag.
 */
#ifndef HOPSACK_LOOP_PARTS_H
#define HOPSACK_LOOP_PARTS_H

#include "train/earlystop.h"
#include "train/loop.h"
#include "train/minibatch.h"
#include "train/scorer.h"

struct Loop {
    LoopSetup in;
    ModelOptions model; /* of `in`, with the number of training bags */
    Mil *learner;
    Minibatch minibatch;
    Scorer scorer;
    RareHits hits; /* of the members; what draws and samples hold always */
    const OptimizerType *optimizer;
    OptimizerOptions step;
    OptimizerState state;
    size_t n_params;
    int update, updates; /* done, or under way; in all */
    real *theta, *grad;  /* [n_params]; between updates the gradient is 0 */
    real *average;       /* [n_params] of theta over updates, with train.average; else NULL */
    EarlyStop stop;
    LoopTimes times;
    double started, smooth; /* seconds; mean loss for the progress line */
    int evaluated, saved;   /* update that was evaluated, and saved, last */
    double before;          /* seconds trained before a resume */
    double saved_at;        /* time of the last checkpoint */
};

/* Sets what the numbers of the training bags as a whole settle before the first update: frozen mean and scale, and the
 * output's weights of them (model.bag_inputs.start). */
Status loop_fit_inputs(Loop *l);

/* The parameters that are evaluated and kept. */
static inline real *loop_shown(const Loop *l)
{
    return l->average ? l->average : l->theta;
}

#endif
