/* SPDX-License-Identifier: MIT
 *
 * loop.h: the training loop. Batches of bags in the order of the epoch, instances drawn from each, one step of the
 * optimizer; now and then both parts are scored on whole bags, and the parameters to keep are kept.
 *
 * What it consists of: minibatch.h (bags, draws and labels of an update), scorer.h (outputs and scores on whole bags),
 * average.h, earlystop.h (what is kept, and patience) and checkpoint.h. After loop_run has begun nothing here allocates, but
 * for checkpoints.
 *
 * Between two updates the loop is its numbers and four slabs: loop_save writes them, and a loop of the same setup that
 * loads them goes on to the same bits.
 */
#ifndef HOPSACK_LOOP_H
#define HOPSACK_LOOP_H

#include "cohort/label.h"
#include "cohort/split.h"
#include "core/stop.h"
#include "data/bagfile/cache.h"
#include "model/mil.h"
#include "train/checkpoint.h"
#include "cohort/metric.h"
#include "train/optimizer.h"
#include "train/train_options.h"

#include <stdint.h>

#define LOOP_TARGETS 64 /* maximum number of tasks of a model */

/* What is trained on. All is borrowed. */
typedef struct {
    const TrainOptions *options;
    uint64_t seed;
    const ModelOptions *model;
    const BagSpec *spec;
    Target *target; /* [n_target] */
    int n_target;
    Cache *cache;
    int n;                  /* members */
    int n_max;              /* instances of the largest bag */
    int n_count;            /* arrays of counts that bags have: factor, log_weight */
    int scale;              /* ScaleKind: of vectors, fitted on the training part */
    const int *bag;         /* [n] numbers in the cache */
    const Part *part;       /* [n] */
    const Labels *labels;   /* [n] */
    const KmerStart *start; /* [n_start] k-mers that the network starts from; see mil_start */
    int n_start;
    bool in_turn;                /* no bag is read while others are worked on: for timing */
    const StopFlag *stop;        /* a signal's number ends the loop after the update under way; may be NULL */
    void (*updated)(int update); /* called when loop_run begins, and after every update; may be NULL */
    /* loop_run's context; called where a checkpoint is due: at evaluations, now and then, and before the loop ends for a
     * signal. May be NULL */
    Status (*save)(void *context);
} LoopSetup;

/* One evaluation of one part. */
typedef struct {
    int update;
    double epoch; /* passes over the training bags */
    Part part;
    double lr, seconds;
    double loss;  /* Σ weight · loss over the targets */
    double value; /* by keep.h, which chooses the model: of the validation part, else NaN */
    int n_bag;
    double score[LOOP_TARGETS][METRIC_MOST]; /* as metric_of(target) names them */
} LoopRecord;

typedef struct {
    int update;  /* of the parameters kept; 0: none yet */
    double loss; /* their value by keep.h on the validation part; NaN without one */
} LoopKept;

typedef struct Loop Loop;

/* Plans all memory, draws the initial parameters and fits the scaling. ERR_CONFIG, ERR_MEMORY. */
Status loop_new(Loop **out, const LoopSetup *setup);
void loop_free(Loop *loop); /* accepts NULL */

/* Trains to the end, from where the loop stands. `evaluated` is called for each record, in order training, validation.
 * ERR_DIVERGED names the update, and whatever save wrote before is of a good state; ERR_SIGINT and ERR_SIGTERM after a
 * signal, when save has been called. The parameters kept stay valid in every case. */
typedef Status LoopEvaluated(void *context, const LoopRecord *record);
Status loop_run(Loop *loop, LoopEvaluated *evaluated, void *context);

/* The state, and what belongs to it, as a checkpoint. ERR_DIVERGED where it holds what is no number; ERR_IO; ERR_MEMORY.
 * Not after a loop_run that failed by divergence. */
Status loop_save(const Loop *loop, const char *path, const CheckpointFacts *facts);

/* Takes up a saved state; loop_run goes on from there. *metrics, the caller's to free, is the text saved. Fails as
 * checkpoint_read does; the loop then can only be freed. */
Status loop_load(Loop *loop, const char *path, const CheckpointFacts *facts, char **metrics);

/* The next update alone, without evaluation; what bench times. */
Status loop_update(Loop *loop);

typedef struct {
    double load, learn, step; /* seconds so far: bags and draws; the network; penalties and optimizer */
} LoopTimes;
LoopTimes loop_times(const Loop *loop);

int loop_updates(const Loop *loop);    /* to do in all */
int loop_done(const Loop *loop);       /* updates done; fewer in the end where patience stopped it */
double loop_seconds(const Loop *loop); /* trained before loop_load */
LoopKept loop_kept(const Loop *loop);
const real *loop_theta(const Loop *loop); /* [n_params] kept */
const Mil *loop_mil(const Loop *loop);

/* Outputs of the first n members by the parameters as they are; what bench times. */
Status loop_pass(Loop *loop, int n, real *output);

/* Outputs [n, n_out] of a part's members (others untouched) by the parameters kept. The training part comes first: it sets
 * the statistics of model.norm where evaluations saw samples of bags. A signal ends it as it ends loop_run. */
Status loop_part(Loop *loop, Part part, real *output);

/* Bytes of workspace that loop_new would take for these settings where all bags are held, and the number of learned
 * parameters. */
Status loop_memory(const LoopSetup *setup, size_t *bytes, size_t *params);
/* Bytes that come to it where some are not, the largest of which has `largest`. */
size_t loop_stream_memory(const LoopSetup *setup, size_t largest);

#endif
