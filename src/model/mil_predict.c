/* SPDX-License-Identifier: MIT
 *
 * mil_predict.c: outputs of one bag, with its attention.
 */
#include "model/mil_parts.h"

#include <assert.h>

/* Of all instances, in the order of the bag, by what pass one pooled. */
static void copy_stream_attention(const Mil *m, MilAttention *attention)
{
    const Bag *bag = &m->entry[0].whole;
    const Index n_column = m->pooling->n_column;
    for (int i = 0; i < bag->n; i++) {
        const real *a = m->a + i * n_column;
        const Index to = bag->row[i] * n_column;
        memcpy(attention->logit + to, a, n_column * sizeof *a);
        attendstream_weights(attention->weight + to, &m->stream, 0, a, 1);
    }
}

/* By row of the bag. Without pass one the logits are those of the selected, which then are all or a random choice. */
static void copy_attention(const Mil *m, MilAttention *attention)
{
    const MilBag *entry = &m->entry[0];
    const Index n_column = m->pooling->n_column, bytes = n_column * sizeof(real);
    memset(attention->weight, 0, entry->whole.n * bytes);
    memset(attention->logit, 0, entry->whole.n * bytes);
    if (select_scores(&m->o))
        for (int i = 0; i < entry->whole.n; i++)
            memcpy(attention->logit + entry->whole.row[i] * n_column, m->a + i * n_column, bytes);
    for (int i = 0; i < entry->kept.n; i++) {
        const Index row = entry->kept.row[i] * n_column;
        memcpy(attention->logit + row, m->a_kept + i * n_column, bytes);
        memcpy(attention->weight + row, m->w + i * n_column, bytes);
    }
}

/* z of one bag; nothing is kept for backward. */
static void to_vector(Mil *m, const Bag *bag)
{
    const bool learn = m->learn;
    m->learn = false;
    mil_to_vectors(m, bag, 1, rng_stream(0, "select", (uint64_t)bag->n));
    m->learn = learn;
}

static void to_output(Mil *m, real *output)
{
    const bool learn = m->learn;
    m->learn = false;
    mil_to_outputs(m, 1);
    m->learn = learn;
    memcpy(output, m->y[m->o.output_hidden], m->n_out * sizeof *output);
}

void mil_predict(Mil *m, real *output, const Bag *bag, MilAttention *attention)
{
    to_vector(m, bag);
    to_output(m, output);
    if (attention && mil_streams(m))
        copy_stream_attention(m, attention);
    else if (attention)
        copy_attention(m, attention);
}

int mil_weights(const Mil *m, real *w)
{
    const Index n_column = m->pooling->n_column;
    const int n = mil_streams(m) ? m->entry[0].whole.n : m->entry[0].kept.n;
    if (mil_streams(m))
        attendstream_weights(w, &m->stream, 0, m->a, n);
    else
        memcpy(w, m->w, n * n_column * sizeof *w);
    return n;
}

void mil_vector(Mil *m, real *z, const Bag *bag)
{
    to_vector(m, bag);
    memcpy(z, m->z, m->n_z * sizeof *z);
    memcpy(z + m->n_z, m->input, m->inputs.n_input * sizeof *z);
}

void mil_calibrate(const Mil *m, real *theta, const real *z, int n)
{
    if (m->o.norm == NORM_BAGS && n > 0) bagnorm_fit(theta, &m->norm, z, mil_n_z(m), n);
}

void mil_predict_vector(Mil *m, real *output, const real *z)
{
    memcpy(m->z, z, m->n_z * sizeof *z);
    memcpy(m->input, z + m->n_z, m->inputs.n_input * sizeof *z);
    to_output(m, output);
}

int mil_observe(Mil *m, const Bag *bag)
{
    assert(m->learn);
    mil_to_vectors(m, bag, 1, rng_stream(0, "select", (uint64_t)bag->n));
    return m->entry[0].kept.n;
}

const real *mil_layer_row(const Mil *m, int *n_stored, int layer, int head, int i)
{
    const LayerBags bags = mil_layer_bags(m, 1);
    const LayerWeights w = m->layers.type[layer]->weights(m->layers.self[layer], &bags, 0);
    *n_stored = w.n_stored;
    return w.p + i * w.row_step + head * w.head_step;
}

bool mil_stores(const Mil *m)
{
    return m->layers.answers;
}

void mil_store(Mil *m, real *theta, int i, const Bag *bag, const real *label, const real *mask)
{
    const LayerType *type = m->layers.type[0];
    real known[TARGET_CLASSES];
    const Rows rows = {.bag = bag, .n = 1, .cached = -1};
    real *x = layers_scratch(&m->layers, 0);
    assert(m->layers.answers && bag->n == 1);
    for (int t = 0; t < m->n_target; t++)
        for (int k = 0; k < m->target[t].n_out; k++) known[m->target[t].at + k] = mask[t];
    m->embedder_type->forward(m->embedder, x, &rows);
    type->store(m->layers.self[0], theta, i, x, label, known);
}
