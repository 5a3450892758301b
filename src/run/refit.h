/* SPDX-License-Identifier: MIT
 *
 * refit.h: train.refit. A training with early stopping learns from the training part alone; the validation part only
 * chooses its length. Refitting trains the same network anew, from the same start, on both parts together, for as many
 * updates as the chosen model had, and that network is the run's model.
 *
 * It keeps checkpoints of its own, refit.safetensors beside the first training's, so that it resumes to the same bits.
 */
#ifndef HOPSACK_REFIT_H
#define HOPSACK_REFIT_H

#include "train/loop.h"

typedef struct {
    TrainOptions options;
    Part *part;       /* [n] validation bags are training bags */
    Loop *loop;       /* NULL: not begun */
    int n_bag;        /* training bags */
    const char *path, *config; /* of its checkpoint, and the settings; borrowed */
    char *data;                /* which data, and how many updates */
} Refit; /* starts as {0} */

/* Does a training with these options and parts, which kept the model of `kept` updates, get refitted? Not without a
 * validation part, which had nothing to choose. */
bool refit_is_due(const TrainOptions *options, const Part *part, int n, int kept);

/* Trains, from the checkpoint at `path` if that belongs to this refit. setup: of the first training, whose `save` and
 * evaluations have no part here. config, data: as in CheckpointFacts. Fails as loop_new and loop_run do. */
Status refit_run(Refit *r, const LoopSetup *setup, int updates, const char *path, const char *config, const char *data);
void refit_free(Refit *r);

#endif
