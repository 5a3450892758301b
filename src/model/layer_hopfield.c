/* SPDX-License-Identifier: MIT */
#include "model/layer_hopfield.h"
#include "core/rng.h"
#include "nn/kernel.h"

#include <math.h>

static Status check_widths(const LayerHopfieldSettings *s, int n_in)
{
    if (!s->output_projection && s->output_size)
        return fail(ERR_CONFIG, "output_size: without output_projection the output has n_head times pattern_size "
                                "numbers; leave it out");
    if (s->static_query && s->head_size && s->head_size != n_in)
        return fail(ERR_CONFIG, "head_size: with static_query it is that of an instance, %d; it is given as %d", n_in,
                    s->head_size);
    return OK;
}

Status layer_hopfield_options(HopfieldOptions *o, const LayerHopfieldSettings *s, int n_in)
{
    static const AssociationActivation activation[] = {ASSOCIATION_LINEAR, ASSOCIATION_RELU, ASSOCIATION_TANH};
    hopfield_options(o, n_in);
    TRY(check_widths(s, n_in));
    AssociationOptions *core = &o->core;
    core->n_head = s->n_head;
    core->head_size = s->static_query ? n_in : s->head_size;
    core->pattern_size = s->pattern_size;
    core->n_out = s->output_size;
    core->beta_learned = s->learn_beta;
    core->state_static = s->static_query;
    core->stored_static = s->static_stored;
    core->projection_static = s->static_projection;
    core->connected = s->connected;
    core->bias = s->bias;
    core->fan = s->init == 1;
    core->similarity = (Similarity)s->similarity;
    core->normalizer = (Normalizer)s->normalizer;
    core->norm = s->norm_space > 0;
    core->norm_affine = s->norm_space > 1;
    core->zero = s->zero_association;
    core->no_output = !s->output_projection;
    core->activation = activation[s->activation];
    association_heads(core, isnan(s->beta) ? 0 : s->beta, s->steps, s->eps);
    o->norm_state = s->norm_query < 2, o->norm_state_affine = s->norm_query < 1;
    o->norm_stored = s->norm_stored < 2, o->norm_stored_affine = s->norm_stored < 1;
    o->norm_projection = s->norm_projection < 2, o->norm_projection_affine = s->norm_projection < 1;
    return OK;
}

Status layer_hopfield_base(MilLayer *base, const LayerHopfieldSettings *s, const Association *core, int n_in)
{
    *base = (MilLayer){
        .n_in = n_in, .n_out = core->n_out, .in = KERNEL_WIDTH(n_in), .out = KERNEL_WIDTH((int)core->n_out)};
    if (!s->residual || core->n_out == n_in) return OK;
    return fail(ERR_CONFIG,
                "residual: what is added has %d numbers and an instance %d; leave output_size out, or residual",
                (int)core->n_out, n_in);
}

void layer_dropout_plan(LayerDropout *d, Arena *arena, Index n, bool learn)
{
    d->keep = ARENA_TAKE(arena, uint8_t, d->p > 0 && learn ? n : 0);
    d->scale = (real)(1 / (1 - d->p));
}

void layer_dropout_prepare(LayerDropout *d, const Pass *pass)
{
    d->on = pass && d->p > 0;
    if (pass) d->pass = *pass;
}

RetrievalMasks layer_dropout_masks(LayerDropout *d, Index n)
{
    Rng rng = rng_stream(d->pass.seed, "association", d->pass.update);
    for (Index i = 0; d->on && i < n; i++) d->keep[i] = rng_uniform(&rng) >= d->p;
    return (RetrievalMasks){.keep = d->on ? d->keep : NULL, .keep_scale = d->scale};
}

void layer_hopfield_output(real *y, const MilLayer *l, bool residual, const real *f, const real *x, int n)
{
    const Index more = l->out - l->n_out;
    for (Index i = 0; i < n; i++, y += l->out, f += l->n_out) {
        for (Index j = 0; j < l->n_out; j++) y[j] = f[j];
        for (Index j = l->n_out; more > 0 && j < l->out; j++) y[j] = 0;
        for (Index j = 0; residual && j < l->n_out; j++) y[j] += x[i * l->in + j];
    }
}
