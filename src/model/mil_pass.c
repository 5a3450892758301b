/* SPDX-License-Identifier: MIT
 *
 * mil_pass.c: from bags to bag vectors and outputs.
 *
 * Pass one embeds and scores all instances; selection keeps some of them, which pass two embeds again and pools.
 * Where all are kept there is no pass one, but a prediction can then often pool while it embeds (nn/attendstream.h),
 * so that memory does not grow with the bag.
 */
#include "core/parallel.h"
#include "model/bagmean.h"
#include "model/mil_parts.h"
#include "nn/selu.h"

#include <assert.h>
#include <math.h>

void mil_prepare(Mil *m, const real *theta)
{
    m->theta = theta;
    m->embedder_type->prepare(m->embedder, theta, NULL, NULL);
    layers_prepare(&m->layers, theta, NULL);
    m->pooling_type->prepare(m->pooling, theta, NULL);
}

/* ---- pass one: score all, select ---- */

static void cut_rows(Mil *m, int slot, int n, int rows)
{
    for (int from = 0; from < n; from += rows)
        m->run[m->n_run++] = (MilRun){slot, from, n - from < rows ? n - from : rows};
}

static void cut_whole(Mil *m, int n_bag)
{
    m->n_run = 0;
    for (int b = 0; b < n_bag; b++) cut_rows(m, b, m->entry[b].whole.n, PASS_ROWS);
}

static void cut_kept(Mil *m, int n_bag)
{
    m->n_run = 0;
    if (m->spec.kind == BAG_VECTORS)
        cut_rows(m, 0, m->joined.n, LEARN_ROWS);
    else
        for (int b = 0; b < n_bag; b++) cut_rows(m, b, m->entry[b].kept.n, LEARN_ROWS);
}

static void open_bag(void *context, int b, int thread)
{
    Mil *m = context;
    (void)thread;
    m->embedder_type->open(m->embedder, &m->entry[b].whole, b);
}

/* Stores the bags; under COMPAT_DEEPRC all are padded to the longest sequence of the minibatch. */
static void assign_bags(Mil *m, const Bag *bag, int n_bag)
{
    int pad_len = 0, a_at = 0;
    assert(n_bag <= m->n_bag);
    if (m->o.compat == COMPAT_DEEPRC) {
        pad_len = m->embedder_type->min_pad(m->embedder);
        for (int b = 0; b < n_bag; b++)
            if (bag[b].max_len > pad_len) pad_len = bag[b].max_len;
    }
    for (int b = 0; b < n_bag; b++) {
        MilBag *entry = &m->entry[b];
        assert(bag[b].n <= m->n_max);
        entry->whole = mil_own(m, &bag[b]);
        entry->whole.pad_len = pad_len;
        entry->a_at = a_at;
        a_at += bag[b].n;
    }
    if (m->spec.kind == BAG_SEQUENCES) parallel_for(n_bag, open_bag, m); /* vectors know nothing of their bag */
}

/* Adds to the logits of a block what its instances weigh by their counts. Poolings side by side do so themselves. */
static void add_weights(const Mil *m, real *a, const Rows *rows)
{
    const Index n_column = m->pooling->n_column;
    const real *more = rows->bag->log_weight;
    if (!mil_counts(m) || !more || m->o.n_pooling > 1) return;
    more += rows->from;
    for (int i = 0; i < rows->n; i++, a += n_column)
        for (int k = 0; k < n_column; k++) a[k] += more[i];
}

/* a [n, n_column] and, where they are given, more [n] plus the logarithms of what instances stand for. */
static void add_stands_for(real *a, real *more, const real *stands_for, int n, Index n_column)
{
    real last = 1, log_of = 0;
    for (int i = 0; i < n; i++, a += n_column) {
        if (stands_for[i] != last) last = stands_for[i], log_of = (real)log((double)last);
        for (int k = 0; k < n_column; k++) a[k] += log_of;
        if (more) more[i] += log_of;
    }
}

/* Adds a block to the pieces of a stream: logits a, embeddings h. */
static void stream_block(Mil *m, int chunk, real *a, const Rows *rows)
{
    const Bag *bag = rows->bag;
    const real *weight = mil_counts(m) && bag->log_weight ? bag->log_weight + rows->from : NULL;
    real both[KERNEL_BLOCK] = {0};
    if (bag->stands_for) {
        if (weight) memcpy(both, weight, rows->n * sizeof *both);
        add_stands_for(a, both, bag->stands_for + rows->from, rows->n, m->pooling->n_column);
        weight = both;
    }
    const AttendRows piece = {.a = a, .h = m->block[rows->thread], .log_weight = weight, .n = rows->n};
    attendstream_add(&m->stream, chunk, &piece, rows->thread);
}

/* What is pooled of a block of rows, in the thread's block. */
static const real *embed_block(Mil *m, const Rows *rows)
{
    real *h = m->block[rows->thread];
    real *x = m->layers.n > 0 ? layers_scratch(&m->layers, rows->thread) : h;
    m->embedder_type->forward(m->embedder, x, rows);
    layers_block(h, &m->layers, x, rows->n, rows->thread);
    return h;
}

static void score_run(void *context, int chunk, int thread)
{
    Mil *m = context;
    const MilRun *run = &m->run[chunk];
    MilBag *entry = &m->entry[run->slot];
    if (is_streamed(m)) attendstream_clear(&m->stream, chunk);
    for (int at = 0; at < run->n; at += KERNEL_BLOCK) {
        const Rows rows = {.bag = &entry->whole,
                           .slot = run->slot,
                           .from = run->from + at,
                           .n = run->n - at < KERNEL_BLOCK ? run->n - at : KERNEL_BLOCK,
                           .cached = -1,
                           .thread = thread};
        real *a = m->a + (entry->a_at + rows.from) * m->pooling->n_column;
        m->pooling_type->score(m->pooling, a, embed_block(m, &rows), &rows);
        add_weights(m, a, &rows);
        if (is_streamed(m)) stream_block(m, chunk, a, &rows);
    }
}

static void keep_top(void *context, int b, int thread)
{
    Mil *m = context;
    MilBag *entry = &m->entry[b];
    const int n = entry->whole.n, k = select_count(&m->o, n);
    const Index n_column = m->pooling->n_column;
    (void)thread;
    select_top(&entry->select, m->a + entry->a_at * n_column, entry->whole.row, n, n_column, k);
    arena_rewind(&entry->arena);
    bag_take(&entry->kept, &entry->arena, &entry->whole, entry->select.keep, k, m->spec.n_feat);
}

static void pool_stream(Mil *m, int n_bag)
{
    for (int b = 0, run = 0; b < n_bag; b++) {
        const int n = m->entry[b].whole.n, n_run = (n + PASS_ROWS - 1) / PASS_ROWS;
        attendstream_join(&m->stream, b, run, n_run);
        m->is_empty[b] = n == 0;
        m->entry[b].kept = (Bag){0};
        run += n_run;
    }
}

static void join_kept(Mil *m, int n_bag)
{
    if (n_bag == 1) {
        m->joined = m->entry[0].kept;
        return;
    }
    for (int b = 0; b < n_bag; b++) m->kept[b] = &m->entry[b].kept;
    arena_rewind(&m->join_arena);
    bag_join(&m->joined, &m->join_arena, m->kept, n_bag, m->spec.n_feat);
}

/* Fills the entries' `kept`. `rng` is for a random choice. */
static void select_kept(Mil *m, int n_bag, Rng rng)
{
    if (is_streamed(m)) {
        cut_whole(m, n_bag);
        parallel_for(m->n_run, score_run, m);
        pool_stream(m, n_bag);
    } else if (select_scores(&m->o)) {
        cut_whole(m, n_bag);
        parallel_for(m->n_run, score_run, m);
        parallel_for(n_bag, keep_top, m);
    } else
        for (int b = 0; b < n_bag; b++) {
            MilBag *entry = &m->entry[b];
            const int n = entry->whole.n, k = select_count(&m->o, n);
            if (k == n) {
                entry->kept = entry->whole;
                continue;
            }
            select_random(&entry->select, n, k, &rng);
            arena_rewind(&entry->arena);
            bag_take(&entry->kept, &entry->arena, &entry->whole, entry->select.keep, k, m->spec.n_feat);
        }
    m->bounds[0] = 0;
    for (int b = 0; b < n_bag; b++) m->bounds[b + 1] = m->bounds[b] + m->entry[b].kept.n;
    if (m->spec.kind == BAG_VECTORS) join_kept(m, n_bag);
}

/* ---- pass two: the selected instances to outputs ---- */

static void score_rows(Mil *m, Index row, const Rows *rows)
{
    real *a = m->a_kept + row * m->pooling->n_column;
    m->pooling_type->score(m->pooling, a, m->h + row * m->width, rows);
    add_weights(m, a, rows);
}

/* Without layers an embedding is scored while it is in the cache. */
static void embed_run(void *context, int chunk, int thread)
{
    Mil *m = context;
    const MilRun *run = &m->run[chunk];
    for (int at = 0; at < run->n; at += KERNEL_BLOCK) {
        Rows rows = mil_rows(m, run, at, thread);
        const Index row = rows.cached;
        if (!m->learn) rows.cached = -1;
        m->embedder_type->forward(m->embedder, m->embedded + row * m->embedder->width, &rows);
        if (m->layers.n == 0) score_rows(m, row, &rows);
    }
}

static void score_kept_run(void *context, int chunk, int thread)
{
    Mil *m = context;
    const MilRun *run = &m->run[chunk];
    for (int at = 0; at < run->n; at += KERNEL_BLOCK) {
        Rows rows = mil_rows(m, run, at, thread);
        const Index row = rows.cached;
        if (!m->learn) rows.cached = -1;
        score_rows(m, row, &rows);
    }
}

/* h and a_kept of the selected instances. */
static void embed_kept(Mil *m, int n_bag)
{
    cut_kept(m, n_bag);
    parallel_for(m->n_run, embed_run, m);
    if (m->layers.n == 0) return;
    const LayerBags bags = mil_layer_bags(m, n_bag);
    layers_forward(&m->layers, 0, &bags, m->learn);
    parallel_for(m->n_run, score_kept_run, m);
}

static void mean_of_kept(void *context, int b, int thread)
{
    Mil *m = context;
    const Index width = m->width, from = m->bounds[b];
    bagmean_forward(m->z + b * m->n_z + m->pooling->n_z, m->block[thread], m->h + from * width,
                    mil_mean_weights(m, b), m->bounds[b + 1] - from, m->n_h, width);
}

/* An instance that stands for c of them has c times its weight in the softmax. */
static void weigh(Mil *m, int b)
{
    const Bag *kept = &m->entry[b].kept;
    if (!kept->stands_for) return;
    assert(m->pooling->streams);
    add_stands_for(m->a_kept + m->bounds[b] * m->pooling->n_column, NULL, kept->stands_for, kept->n,
                   m->pooling->n_column);
}

/* What was added to the logits of the selected instances, and what they weigh in the plain mean. */
static void list_weights(Mil *m, int n_bag)
{
    for (int b = 0; b < n_bag; b++) {
        const Bag *kept = &m->entry[b].kept;
        real *log_weight = m->log_weight + m->bounds[b], *c = m->c ? m->c + m->bounds[b] : NULL;
        for (int i = 0; i < kept->n; i++) {
            log_weight[i] = kept->log_weight ? kept->log_weight[i] : 0;
            if (!c) continue;
            const double weight = exp((double)log_weight[i]);
            c[i] = (real)(kept->stands_for ? weight * (double)kept->stands_for[i] : weight);
        }
    }
}

/* What is pooled and, where the pooling asks for it, the mean side by side in z. */
void mil_pool_kept(Mil *m, int n_bag)
{
    for (int b = 0; b < n_bag; b++) weigh(m, b);
    if (mil_counts(m)) list_weights(m, n_bag);
    const PoolingBags bags = mil_bags(m, n_bag);
    m->pooling_type->pool(m->pooling, m->pooled, m->w, &bags, m->learn);
    if (m->pooling->mean) parallel_for_work(10. * m->bounds[n_bag] * m->n_h, n_bag, mean_of_kept, m);
}

static void read_stream(Mil *m, int n_bag)
{
    const AttendStream *s = &m->stream;
    const Index stride = s->n_column * s->width, n_z = m->n_z;
    m->pooling_type->read(m->pooling, m->pooled, s->m, stride, m->is_empty, n_bag);
    for (Index b = 0; m->pooling->mean && b < n_bag; b++)
        memcpy(m->z + b * n_z + m->pooling->n_z, s->m + b * stride + s->n_query * s->width, m->n_h * sizeof *m->z);
}

static void set_inputs(Mil *m, int n_bag)
{
    const Index n_input = m->inputs.n_input;
    for (int b = 0; n_input > 0 && b < n_bag; b++) {
        mil_read_inputs(m, m->u, &m->entry[b].whole);
        baginputs_forward(m->input + b * n_input, &m->inputs, m->theta, m->u);
    }
}

void mil_to_vectors(Mil *m, const Bag *bag, int n_bag, Rng rng)
{
    const Index n_pooled = m->pooling->n_z, n_z = m->n_z;
    assert(m->theta);
    assign_bags(m, bag, n_bag);
    set_inputs(m, n_bag);
    select_kept(m, n_bag, rng);
    embed_kept(m, n_bag);
    if (is_streamed(m))
        read_stream(m, n_bag);
    else
        mil_pool_kept(m, n_bag);
    for (Index b = 0; m->pooling->mean && b < n_bag; b++)
        memcpy(m->z + b * n_z, m->pooled + b * n_pooled, n_pooled * sizeof *m->z);
}

/* [n_bag, n_joined]: bag vectors, each with the numbers of its bag behind. */
static const real *join_inputs(Mil *m, int n_bag)
{
    const Index n_z = m->n_z, n_more = m->inputs.n_out;
    if (m->inputs.n_unit > 0) baginputs_layer(m->unit, &m->inputs, m->theta, m->input, n_bag);
    for (Index b = 0; n_more > 0 && b < n_bag; b++) {
        real *to = m->in + b * (n_z + n_more);
        memcpy(to, m->x + b * n_z, n_z * sizeof *to);
        memcpy(to + n_z, m->unit + b * n_more, n_more * sizeof *to);
    }
    return m->in;
}

void mil_to_outputs(Mil *m, int n_bag)
{
    if (m->o.norm == NORM_BAGS && m->learn) bagnorm_forward(m->x, m->inv_std, &m->norm, m->z, n_bag);
    if (m->o.norm == NORM_BAGS && !m->learn) bagnorm_predict(m->x, &m->norm, m->theta, m->z, n_bag);
    const real *x = join_inputs(m, n_bag);
    if (m->layers.answers) {
        memcpy(m->y[0], x, n_bag * m->n_out * sizeof *x);
        return;
    }
    for (int j = 0; j <= m->o.output_hidden; j++) {
        linear_forward(m->y[j], &m->output[j], m->theta, x, n_bag);
        if (j < m->o.output_hidden)
            for (int i = 0; i < n_bag * m->output[j].n_out; i++) m->y[j][i] = selu(m->y[j][i]);
        x = m->y[j];
    }
}

const real *mil_embed(Mil *m, const Bag *bag, int from, int n, int thread)
{
    const Rows rows = {.bag = bag, .slot = 0, .from = from, .n = n, .cached = -1, .thread = thread};
    return embed_block(m, &rows);
}

void mil_rows_forward(Mil *m, real *h, const Rows *rows)
{
    const Index at = rows->cached;
    const int bounds[] = {0, rows->n};
    if (m->layers.n == 0) {
        m->embedder_type->forward(m->embedder, h, rows);
        return;
    }
    assert(m->learn && !m->layers.mixes);
    m->embedder_type->forward(m->embedder, m->embedded + at * m->embedder->width, rows);
    layers_forward(&m->layers, at, &(LayerBags){.bounds = bounds, .n_bag = 1}, true);
    if (h != m->h + at * m->width) memcpy(h, m->h + at * m->width, rows->n * m->width * sizeof *h);
}
