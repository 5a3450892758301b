/* SPDX-License-Identifier: MIT
 *
 * refit.h: train.refit. A training with early stopping learns from the training part alone; the validation part only
 * chooses its length. Refitting trains the same network anew, from the same start, on both parts together, and that network
 * is the run's model. Its length comes from the update whose validation value (keep.h), averaged with those of the
 * evaluations before and after it, is least: single values of small validation parts are noisy, and what is chosen here is
 * a length, not one state. It takes as many passes over its bags as the first training had done by then. With keep: last
 * it is the whole length of the training.
 *
 * It keeps checkpoints of its own, refit.safetensors beside the first training's, so that it resumes to the same bits.
 */
#ifndef HOPSACK_REFIT_H
#define HOPSACK_REFIT_H

#include "run/evaluation.h"
#include "train/loop.h"

typedef struct {
    TrainOptions options;
    Part *part;                /* [n] validation bags are training bags */
    Loop *loop;                /* NULL: not begun */
    int n_bag;                 /* training bags */
    const char *path, *config; /* of its checkpoint, and the settings; borrowed */
    char *data;                /* which data, and how many updates */
} Refit;                       /* starts as {0} */

/* Bags that a refit learns from, of `count` by part; 0: there is none. */
int refit_bags(const TrainOptions *options, const int count[3]);

/* The update of the first training, which has ended, that gives the length; 0: there is no refit, as no validation part or
 * train.refit is there. metrics: text of metrics.jsonl, ended: updates done. ERR_FORMAT where the text is no such file. */
Status refit_length(int *chosen, const TrainOptions *options, const char *metrics, int ended);

/* Trains as long as `chosen` updates of the first training, in passes over the bags; resumes from the checkpoint at `path`
 * if it belongs to this refit. setup: of the first training; its `save` and evaluations are not used. config, data: as in
 * CheckpointFacts. Fails as loop_new and loop_run do. */
Status refit_run(Refit *r, const LoopSetup *setup, int chosen, const char *path, const char *config,
                 const char *data);
/* Outputs of the refitted model; those of the validation part stay the chosen model's, which has not learned from it. */
Status refit_outputs(Refit *r, Evaluation *evaluation);
void refit_free(Refit *r);

#endif
