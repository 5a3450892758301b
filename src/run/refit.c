/* SPDX-License-Identifier: MIT */
#include "run/refit.h"
#include "core/file.h"
#include "core/log.h"

#include <stdio.h>
#include <stdlib.h>

bool refit_is_due(const TrainOptions *options, const Part *part, int n, int kept)
{
    if (!options->refit || kept == 0) return false;
    for (int i = 0; i < n; i++)
        if (part[i] == PART_VALIDATION) return true;
    return false;
}

static Status join_parts(Refit *r, const LoopSetup *setup)
{
    r->part = malloc(((size_t)setup->n + 1) * sizeof *r->part);
    if (!r->part) return fail(ERR_MEMORY, "no memory for the parts of %d bags", setup->n);
    for (int i = 0; i < setup->n; i++) {
        r->part[i] = setup->part[i] == PART_VALIDATION ? PART_TRAIN : setup->part[i];
        r->n_bag += r->part[i] == PART_TRAIN;
    }
    return OK;
}

/* A length in updates, and nothing to choose. */
static TrainOptions fixed_length(const TrainOptions *options, int updates)
{
    TrainOptions o = *options;
    o.updates = updates;
    o.epochs = o.evaluate_every = o.patience = 0;
    o.min_delta = 0;
    o.keep = KEEP_LAST;
    return o;
}

static CheckpointFacts facts_of(const Refit *r)
{
    return (CheckpointFacts){.config = r->config, .data = r->data};
}

static Status save(void *context)
{
    Refit *r = context;
    const CheckpointFacts facts = facts_of(r);
    return loop_save(r->loop, r->path, &facts);
}

/* A checkpoint that is damaged, or of another length, is passed over: training anew comes to the same bits. */
static Status load(Refit *r, const LoopSetup *setup)
{
    char *metrics = NULL;
    const CheckpointFacts facts = facts_of(r);
    if (!file_exists(r->path)) return OK;
    const Status status = loop_load(r->loop, r->path, &facts, &metrics);
    free(metrics);
    if (status != ERR_MODEL) return status;
    log_detail("%s; the refit begins anew", status_sentence());
    loop_free(r->loop);
    r->loop = NULL;
    return loop_new(&r->loop, setup);
}

Status refit_run(Refit *r, const LoopSetup *setup, int updates, const char *path, const char *config, const char *data)
{
    LoopSetup own = *setup;
    *r = (Refit){.path = path, .config = config, .options = fixed_length(setup->options, updates)};
    if (asprintf(&r->data, "%s, refit of %d updates", data, updates) < 0) {
        r->data = NULL;
        return fail(ERR_MEMORY, "no memory for a refit");
    }
    TRY(join_parts(r, setup));
    own.options = &r->options;
    own.part = r->part;
    own.save = save;
    TRY(loop_new(&r->loop, &own));
    TRY(load(r, &own));
    return loop_run(r->loop, NULL, r);
}

void refit_free(Refit *r)
{
    loop_free(r->loop);
    free(r->part);
    free(r->data);
    *r = (Refit){0};
}
