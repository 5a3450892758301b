/* SPDX-License-Identifier: MIT
 *
 * mil_backward.c: from losses to gradients.
 */
#include "core/parallel.h"
#include "model/bagmean.h"
#include "model/mil_parts.h"
#include "nn/selu.h"

#include <assert.h>

/* ---- backward ---- */

/* Σ_targets weight · mean over bags with a known label; its gradient goes to the last dy. */
static double losses(Mil *m, const Batch *batch, double *target_loss)
{
    real *y = m->y[m->o.output_hidden], *dy = m->dy[m->o.output_hidden];
    double total = 0;
    ZERO(dy, batch->n_bag * m->n_out);
    for (int t = 0; t < m->n_target; t++) {
        const Target *target = &m->target[t];
        double sum = 0;
        int known = 0;
        for (int b = 0; b < batch->n_bag; b++) known += batch->mask[b * m->n_target + t] != 0;
        for (int b = 0; b < batch->n_bag; b++) {
            const Index at = b * m->n_out + target->at;
            if (batch->mask[b * m->n_target + t] == 0) continue;
            sum += target->type->loss(target, y + at, batch->target + at);
            target->type->loss_backward(dy + at, target, y + at, batch->target + at,
                                        (double)(float)target->weight / known);
        }
        const double weighted = known ? (double)(float)target->weight * sum / known : 0;
        if (target_loss) target_loss[t] = weighted;
        total += weighted;
    }
    return total;
}

static void output_backward(Mil *m, real *grad, int n_bag)
{
    ZERO(m->din, n_bag * mil_n_joined(m));
    if (m->layers.answers) {
        memcpy(m->din, m->dy[0], n_bag * m->n_out * sizeof *m->din);
        return;
    }
    for (int j = m->o.output_hidden; j >= 0; j--) {
        const Index n = n_bag * m->output[j].n_in;
        real *dx = j ? m->dy[j - 1] : m->din;
        if (j) ZERO(dx, n);
        linear_backward(dx, grad, &m->output[j], m->theta, j ? m->y[j - 1] : m->in, m->dy[j], n_bag);
        if (j)
            for (Index i = 0; i < n; i++) dx[i] *= selu_slope(m->y[j - 1][i]);
    }
}

/* dx of the bag vectors, and the gradient of the layer over the inputs; nothing before those is learned. */
static void joined_backward(Mil *m, real *grad, int n_bag)
{
    const Index n_z = m->n_z, n_joined = mil_n_joined(m), n_unit = m->inputs.n_unit;
    if (n_joined == n_z) return;
    for (Index b = 0; b < n_bag; b++) {
        const real *din = m->din + b * n_joined;
        memcpy(m->dx + b * n_z, din, n_z * sizeof *m->dx);
        memcpy(m->dunit + b * n_unit, din + n_z, n_unit * sizeof *m->dunit);
    }
    if (n_unit > 0) baginputs_layer_backward(grad, &m->inputs, m->theta, m->input, m->unit, m->dunit, n_bag);
}

/* dz, and its two parts where a mean stands behind what is pooled. */
static void vector_backward(Mil *m, int n_bag)
{
    const Index n_pooled = m->pooling->n_z, n_h = m->n_h, n_z = m->n_z;
    if (m->o.norm == NORM_BAGS) {
        ZERO(m->dz, n_bag * n_z);
        bagnorm_backward(m->dz, &m->norm, m->x, m->inv_std, m->dx, n_bag);
    }
    for (Index b = 0; m->pooling->mean && b < n_bag; b++) {
        memcpy(m->dpooled + b * n_pooled, m->dz + b * n_z, n_pooled * sizeof *m->dz);
        memcpy(m->dmean + b * n_h, m->dz + b * n_z + n_pooled, n_h * sizeof *m->dz);
    }
}

static void mean_of_kept_backward(void *context, int b, int thread)
{
    Mil *m = context;
    const Index width = m->width, n_h = m->n_h, from = m->bounds[b];
    (void)thread;
    bagmean_backward(m->dh + from * width, m->dmean + b * n_h, mil_mean_weights(m, b), m->bounds[b + 1] - from, n_h,
                     width);
}

void mil_pool_kept_backward(Mil *m, real *grad, int n_bag)
{
    const Index n = m->bounds[n_bag];
    ZERO(m->da, n * m->pooling->n_column);
    ZERO(m->dh, n * m->width);
    const PoolingBags bags = mil_bags(m, n_bag);
    m->pooling_type->pool_backward(m->pooling, m->da, m->dh, grad, m->dpooled, m->pooled, m->w, &bags);
    if (m->pooling->mean) parallel_for_work(10. * (double)n * m->n_h, n_bag, mean_of_kept_backward, m);
}

static void scores_backward(Mil *m, int slot, const Rows *rows)
{
    const Index row = rows->cached, at = row * m->width;
    m->pooling_type->score_backward(m->pooling, slot, m->dh + at, m->da + row * m->pooling->n_column, m->h + at,
                                    rows);
}

/* The blocks of a gradient slot, one after the other. */
static void each_block(Mil *m, int slot, int thread, void (*body)(Mil *m, int slot, const Rows *rows))
{
    for (int i = slot; i < m->n_run; i += m->n_slot)
        for (int at = 0; at < m->run[i].n; at += KERNEL_BLOCK) {
            const Rows rows = mil_rows(m, &m->run[i], at, thread);
            body(m, slot, &rows);
        }
}

/* Behind the layers, where there are any. */
static void slot_scores_backward(void *context, int slot, int thread)
{
    Mil *m = context;
    m->pooling_type->zero(m->pooling, slot);
    each_block(m, slot, thread, scores_backward);
}

static void embedder_backward(Mil *m, int slot, const Rows *rows)
{
    const Index at = rows->cached * m->embedder->width;
    if (m->layers.n == 0) scores_backward(m, slot, rows);
    m->embedder_type->backward(m->embedder, slot, m->embedded + at, m->dembedded + at, rows);
}

static void slot_backward(void *context, int slot, int thread)
{
    Mil *m = context;
    m->embedder_type->zero(m->embedder, slot);
    if (m->layers.n == 0) m->pooling_type->zero(m->pooling, slot);
    each_block(m, slot, thread, embedder_backward);
}

/* From dh and da to the parameters; returns the slots that gradients went to. */
static int rows_backward(Mil *m, real *grad, int n_bag)
{
    const int n_slot = m->n_run < m->n_slot ? m->n_run : m->n_slot;
    if (m->layers.n > 0) {
        const LayerBags bags = mil_layer_bags(m, n_bag);
        parallel_for(n_slot, slot_scores_backward, m);
        layers_backward(&m->layers, grad, 0, &bags);
    }
    parallel_for(n_slot, slot_backward, m);
    return n_slot;
}

void mil_rows_input(Mil *m, double *dx, Index stride, real *grad, const real *h, const real *dh, const Rows *rows)
{
    const Index at = rows->cached, last = at * m->width, first = at * m->embedder->width;
    const int bounds[] = {0, rows->n};
    if (m->layers.n == 0) {
        m->embedder_type->input(m->embedder, 0, dx, stride, h, dh, rows);
        return;
    }
    if (dh != m->dh + last) memcpy(m->dh + last, dh, rows->n * m->width * sizeof *dh);
    layers_backward(&m->layers, grad, at, &(LayerBags){.bounds = bounds, .n_bag = 1});
    m->embedder_type->input(m->embedder, 0, dx, stride, m->embedded + first, m->dembedded + first, rows);
}

/* Like mil_prepare, but only for the lengths of a minibatch. */
static void prepare_for(Mil *m, const real *theta, const Batch *batch, const Pass *pass)
{
    ZERO(m->present, m->spec.max_len + 1);
    for (int b = 0; b < batch->n_bag; b++)
        for (int l = 0; l <= batch->bag[b].max_len; l++)
            if (batch->bag[b].first && batch->bag[b].first[l + 1] > batch->bag[b].first[l]) m->present[l] = true;
    m->theta = theta;
    m->embedder_type->prepare(m->embedder, theta, m->present, pass);
    layers_prepare(&m->layers, theta, pass);
    m->pooling_type->prepare(m->pooling, theta, pass);
}

double mil_learn(Mil *m, real *grad, const real *theta, const Batch *batch, uint64_t seed, uint64_t update,
                 double *target_loss)
{
    assert(m->learn);
    const Pass pass = {.seed = seed, .update = update};
    prepare_for(m, theta, batch, &pass);
    m->own = batch->own;
    mil_to_vectors(m, batch->bag, batch->n_bag, rng_stream(seed, "select", update));
    if (m->inputs.n_input > 0) baginputs_drop(m->input, &m->inputs, m->o.input_dropout, seed, update, batch->n_bag);
    mil_to_outputs(m, batch->n_bag);
    const double loss = losses(m, batch, target_loss);
    output_backward(m, grad, batch->n_bag);
    joined_backward(m, grad, batch->n_bag);
    vector_backward(m, batch->n_bag);
    mil_pool_kept_backward(m, grad, batch->n_bag);
    const int n_slot = rows_backward(m, grad, batch->n_bag);
    m->embedder_type->finish(m->embedder, grad, n_slot);
    m->pooling_type->finish(m->pooling, grad, n_slot);
    m->own = NULL;
    return loss;
}
