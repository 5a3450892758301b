/* SPDX-License-Identifier: MIT
 *
 * checkpoint.h: checkpoint.safetensors, from which training goes on as if it had never stopped. Tensors are `model/…`,
 * `best/…` (the parameters kept), `adam.m/…`, `adam.v/…` and, with train.average, `average/…`, each with the names of the
 * model file. Beside them stands one
 * JSON object with sorted keys, metadata "hopsack":
 *
 *     checkpoint {update step evaluated kept_update kept_loss lowest waited smooth seconds} config (YAML text)
 *     data kernels metrics (text of metrics.jsonl so far) version
 *
 * Random streams are numbered by update, so no state of theirs has to be kept.
 */
#ifndef HOPSACK_CHECKPOINT_H
#define HOPSACK_CHECKPOINT_H

#include "core/param.h"
#include "core/real.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

/* The numbers of a loop between two updates. */
typedef struct {
    int update;       /* done */
    uint64_t step;    /* of the optimizer */
    int evaluated;    /* the last update that was evaluated; 0: none */
    int kept_update;  /* of best/; 0: none yet */
    double kept_loss; /* its validation loss; NaN without */
    double lowest;    /* validation loss so far; NaN: none */
    int waited;       /* evaluations since that */
    double smooth;    /* mean loss, for the progress line */
    double seconds;   /* trained so far */
} CheckpointState;

enum { CHECKPOINT_MODEL, CHECKPOINT_BEST, CHECKPOINT_M, CHECKPOINT_V, CHECKPOINT_AVERAGE, CHECKPOINT_SLABS };

/* What the run adds. On reading, config and data are what must be found, or the checkpoint is refused. */
typedef struct {
    const char *config; /* YAML text of all settings */
    /* May a checkpoint of settings `before` go on under settings `now`? ERR_CONFIG says which differs. NULL: any may. */
    Status (*compare)(const char *before, const char *now, const char *where);
    const char *data; /* any text that is equal where, and only where, the data are the same */
    /* Does `before`, which is another text, mean the same data in the words of an older version? NULL: no. */
    bool (*same_data)(const char *before, void *context);
    void *context;
    const char *metrics; /* metrics.jsonl so far; not used on reading; NULL: "" */
} CheckpointFacts;

/* slab [CHECKPOINT_SLABS][params->size]; that of the average is NULL without train.average. The file appears whole or not
 * at all; what stood at `path` is replaced. */
Status checkpoint_write(const char *path, const ParamList *params, real *const *slab, const CheckpointState *state,
                        const CheckpointFacts *facts);

/* ERR_MODEL: damaged, or of another model or other data; ERR_CONFIG: of other settings, and which. Then nothing is
 * changed. *metrics is the caller's to free. */
Status checkpoint_read(const char *path, const ParamList *params, real *const *slab, CheckpointState *state,
                       const CheckpointFacts *facts, char **metrics);

#endif
