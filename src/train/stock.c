/* SPDX-License-Identifier: MIT */
#include "train/stock.h"
#include "train/manifest.h"
#include "train/task.h"

#include <stdlib.h>

static Status open_parts(Stock *s)
{
    const Config *c = s->config;
    if (!c->data.path) return fail(ERR_CONFIG, "data.path is missing: which dataset? (--data.path=FILE)");
    TRY(task_targets(&s->target, c));
    TRY(cohort_open(&s->cohort, c->data.path, c->data.metadata, c->data.id_column, true));
    TRY(cohort_label(&s->cohort, s->target, c->n_task, c->data.compat == COMPAT_DEEPRC, true));
    return folding_open(&s->folding, &s->cohort, &c->splits, c->seed);
}

Status stock_open(Stock *out, const Config *config)
{
    *out = (Stock){.config = config};
    const Status status = open_parts(out);
    if (status != OK) stock_close(out);
    return status;
}

Status stock_fill(Stock *s)
{
    TRY(cache_open(&s->cache, s->cohort.file, (CountScale)s->config->data.counts, s->config->data.cache));
    return manifest_data(&s->data, s->config);
}

void stock_close(Stock *s)
{
    json_decref(s->data);
    cache_close(s->cache);
    folding_close(&s->folding);
    cohort_close(&s->cohort);
    free(s->target);
    *s = (Stock){0};
}
