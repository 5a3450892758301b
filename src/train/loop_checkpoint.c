/* SPDX-License-Identifier: MIT
 *
 * loop_checkpoint.c: the state of a loop as a checkpoint, and back.
 *
 * A checkpoint is of the state after an update, with that update's evaluation if one was due by train.evaluate_every. The
 * evaluation at the end that was not due by it comes after the last checkpoint, so that a longer run can go on from there
 * as if the shorter had never ended.
 */
#include "core/log.h"
#include "train/loop_parts.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    real *slab[CHECKPOINT_SLABS]; /* [n_params] each, as checkpoint.h numbers them */
} Slabs;

static Slabs slabs(const Loop *l)
{
    return (Slabs){{l->theta, l->stop.theta, l->state.m, l->state.v, l->average}};
}

/* A mean of squares that overflowed only stops its parameter. */
static bool is_sound(const Loop *l)
{
    const real *shown = loop_shown(l), *kept = l->stop.theta;
    for (size_t i = 0; i < l->n_params; i++)
        if (!isfinite(l->theta[i]) || !isfinite(shown[i]) || !isfinite(kept[i]) || !isfinite(l->state.m[i]) ||
            isnan(l->state.v[i]))
            return false;
    return true;
}

Status loop_save(const Loop *l, const char *path, const CheckpointFacts *facts)
{
    const CheckpointState state = {.update = l->update,
                                   .step = l->state.step,
                                   .evaluated = l->evaluated,
                                   .kept_update = l->stop.update,
                                   .kept_loss = l->stop.value,
                                   .lowest = l->stop.lowest,
                                   .waited = l->stop.waited,
                                   .smooth = l->smooth,
                                   .seconds = l->started > 0 ? log_seconds() - l->started : l->before};
    if (!is_sound(l))
        return fail(ERR_DIVERGED,
                    "the parameters after update %d are not numbers any more; a smaller train.lr may help",
                    l->update);
    const Slabs all = slabs(l);
    return checkpoint_write(path, mil_params(l->learner), all.slab, &state, facts);
}

Status loop_load(Loop *l, const char *path, const CheckpointFacts *facts, char **metrics)
{
    CheckpointState state;
    const Slabs all = slabs(l);
    TRY(checkpoint_read(path, mil_params(l->learner), all.slab, &state, facts, metrics));
    if (state.update > l->updates) {
        free(*metrics);
        *metrics = NULL;
        return fail(ERR_MODEL, "%s: is of update %d, the run has only %d", path, state.update, l->updates);
    }
    l->update = l->saved = state.update;
    l->state.step = state.step;
    l->evaluated = state.evaluated;
    l->stop.update = state.kept_update;
    l->stop.value = state.kept_loss;
    l->stop.lowest = state.lowest;
    l->stop.waited = state.waited;
    l->smooth = state.smooth;
    l->before = state.seconds;
    return OK;
}
