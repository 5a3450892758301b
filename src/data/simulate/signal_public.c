/* SPDX-License-Identifier: MIT */
#include "core/log.h"
#include "data/simulate/simulate_parts.h"

static Status read_pool(Simulator *s)
{
    TRY(seqpool_read(&s->pool, s->options->spike));
    if (s->pool.list.n_dropped)
        log_warn("%s: %lld rows without a sequence of 1 to %d amino acids are left out", s->options->spike,
                 (long long)s->pool.list.n_dropped, BACKGROUND_LEN_MOST);
    return OK;
}

static Status prepare(Simulator *s)
{
    const SimulateOptions *o = s->options;
    Rng rng = rng_stream(s->seed, "pool", 0), gene_rng = rng_stream(s->seed, "pool genes", 0);
    s->n_signal = s->recipe.n_signal = 1;
    if (o->spike)
        TRY(read_pool(s));
    else
        TRY(seqpool_draw(&s->pool, &s->recipe, o->pool, &rng, o->genes ? &gene_rng : NULL));
    s->recipe.carriers = &seqpool_carriers;
    s->recipe.carrying = &s->pool;
    s->recipe.n_pick = s->pool.list.n;
    if (s->pool.list.longest > s->recipe.stride) s->recipe.stride = s->pool.list.longest;
    return OK;
}

static void name(TextOut *out, const Simulator *s, const Carrier *c)
{
    (void)s;
    textout_printf(out, "public%05d", c->motif);
}

static int record(json_t *settings, const Simulator *s)
{
    return json_object_set_new(settings, "signal", json_string("public")) ||
           (s->options->spread > 0 && json_object_set_new(settings, "spread", json_real(s->options->spread)));
}

const SignalType signal_public = {
    .truth_head = SIMULATE_CARRIER_HEAD,
    .carries = true,
    .prepare = prepare,
    .name = name,
    .record = record,
    .record_result = simulate_carriers,
};
