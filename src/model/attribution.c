/* SPDX-License-Identifier: MIT
 *
 * attribution.c: a bag is read three times: for its logits, for the means they weigh, and for the parts. Nothing is kept that
 * grows with the bag but logits and parts, unless the pooling itself keeps embeddings.
 */
#include "core/parallel.h"
#include "model/attribution_parts.h"
#include "model/pooling_several.h"

#include <math.h>
#include <stdlib.h>

#define TAIL_STEPS     64 /* of the path of bag vectors, doubling up to */
#define TAIL_MAX_STEPS 8192
#define TAIL_ERROR     1e-7

/* ---- parts ---- */

static void list_part(Attribution *a, PoolingEntry own, PoolingEntry twin)
{
    const Pooling *pooling = own.self;
    AttributionPart *part = &a->part[a->n_part++];
    const PoolingShare *share = own.type->share;
    const bool of_means = !share->of_means || share->of_means(own.self);
    *part = (AttributionPart){.type = own.type,
                              .share = share,
                              .self = own.self,
                              .twin = twin.self,
                              .column_at = own.column_at,
                              .n_column = pooling->n_column,
                              .z_at = own.z_at,
                              .n_z = pooling->n_z,
                              .mean_at = of_means ? a->n_mean : -1,
                              .way_at = a->n_way,
                              .weighs = own.weighs};
    if (of_means) a->n_mean += part->n_column;
    a->n_way += (int)part->n_column;
    a->all_means &= of_means;
}

static void list_parts(Attribution *a)
{
    Mil *m = a->mil, *twin = a->twin;
    a->all_means = true;
    for (int k = 0; k < mil_n_pooling(m); k++)
        if (mil_n_pooling(m) > 1)
            list_part(a, pooling_several_entry(m->pooling, k), pooling_several_entry(twin->pooling, k));
        else
            list_part(a, (PoolingEntry){m->pooling_type, m->pooling, 0, 0, mil_counts(m)},
                      (PoolingEntry){twin->pooling_type, twin->pooling, 0, 0, mil_counts(m)});
    a->beside = m->pooling->mean ? a->n_mean++ : -1;
    a->n_way += a->beside >= 0;
}

static void list_owners(Attribution *a)
{
    for (Index k = 0; k < a->n_mean; k++) a->owner[k] = a->n_part;
    for (int i = 0; i < a->n_part; i++)
        for (Index k = 0; a->part[i].mean_at >= 0 && k < a->part[i].n_column; k++)
            a->owner[a->part[i].mean_at + k] = i;
}

/* ---- memory ---- */

#define TAKE(field, count) ok &= (a->field = calloc((size_t)(count) + 1, sizeof *a->field)) != NULL

static bool reserve_means(Attribution *a, Index n_max)
{
    bool ok = true;
    const Index size = a->n_mean * a->n_h;
    TAKE(attention.logit, n_max * a->n_column), TAKE(attention.weight, n_max * a->n_column);
    TAKE(owner, a->n_mean), TAKE(output, a->mil->n_out), TAKE(top, a->n_mean), TAKE(sum, a->n_mean), TAKE(m, size);
    TAKE(p, a->n_z), TAKE(p_0, a->n_z), TAKE(z, a->n_z), TAKE(z_0, a->n_z), TAKE(dz, a->n_z), TAKE(z_step, a->n_z),
        TAKE(g, a->n_z), TAKE(p_none, a->n_z);
    TAKE(m_ref, size), TAKE(p_ref, a->n_z);
    TAKE(u, size), TAKE(c, a->n_mean), TAKE(share, n_max), TAKE(out, n_max), TAKE(through, a->n_way);
    TAKE(x, parallel_threads());
    for (int t = 0; ok && t < parallel_threads(); t++) TAKE(x[t], (a->n_part + 1) * a->n_h);
    for (int k = 0; k < ATTRIBUTION_PIECES; k++)
        TAKE(piece[k].sum, a->n_mean), TAKE(piece[k].m, size), TAKE(piece[k].through, a->n_mean);
    for (int j = 0; j <= a->mil->o.output_hidden + 1; j++) {
        const Index n = j ? a->mil->output[j - 1].n_out : a->mil->output[0].n_in;
        TAKE(y[j], n), TAKE(dy[j], n);
    }
    return ok;
}

static bool reserve_path(Attribution *a)
{
    bool ok = true;
    const Index rows = KERNEL_BLOCK, width = a->mil->width, size = a->n_mean * a->n_h;
    const bool vectors = a->mil->spec.kind == BAG_VECTORS, sparse = a->mil->spec.sparse;
    a->n_input = vectors ? a->mil->spec.n_feat : a->mil->spec.max_len;
    TAKE(codes, vectors ? 0 : rows * a->n_input), TAKE(factor, rows), TAKE(gene, rows);
    TAKE(vector, vectors && !sparse ? rows * a->n_input : 0);
    TAKE(sparse, rows), TAKE(value, sparse ? rows * a->n_input : 0);
    TAKE(first, a->mil->spec.max_len + 2), TAKE(at, a->mil->spec.max_len + 2), TAKE(number, rows);
    TAKE(h, rows * width), TAKE(dh, rows * width), TAKE(a, rows * (a->n_mean + a->n_column));
    TAKE(da, rows * (a->n_mean + a->n_column));
    TAKE(grad, a->mil->params.size), TAKE(dx, rows * a->n_input);
    TAKE(m_step, size), TAKE(dm, size), TAKE(w, a->n_mean), TAKE(d_a, a->n_mean);
    TAKE(logit, a->n_mean), TAKE(x_old, (a->n_part + 1) * a->n_h), TAKE(subject, a->n_input);
    TAKE(dx_h, a->n_h), TAKE(dh_one, a->n_h);
    return ok;
}

/* Instances a bag of the twin must have room for, so that those which selection keeps fill a block. */
static int twin_room(const Attribution *a, int n_max)
{
    int n = a->all_means || n_max < KERNEL_BLOCK ? KERNEL_BLOCK : n_max;
    while (select_count(&a->twin->o, n) < KERNEL_BLOCK && n < INT32_MAX / 2) n *= 2;
    return n;
}

static Status reserve(Attribution *a, int n_max)
{
    if (!reserve_means(a, n_max) || !reserve_path(a))
        return fail(ERR_MEMORY, "no memory for the contributions of %d instances", n_max);
    list_owners(a);
    TRY(mil_plan(a->twin, 1, twin_room(a, n_max), true));
    mil_prepare(a->twin, a->mil->theta);
    return OK;
}

Status attribution_new(Attribution **out, Mil *mil, Mil *twin, int n_max)
{
    *out = NULL;
    if (mil_stores(mil))
        return fail(ERR_MODEL,
                    "a model that retrieves training samples (model.layers: stored: training) is not explained "
                    "by features");
    if (mil_mixes(mil))
        return fail(ERR_MODEL,
                    "an association of model.layers mixes the instances of a bag, so its outputs cannot be "
                    "divided among them; explain models without one");
    Attribution *a = *out = calloc(1, sizeof *a);
    if (!a) return fail(ERR_MEMORY, "no memory for contributions");
    *a =
        (Attribution){.mil = mil, .twin = twin, .n_h = mil->n_h, .n_z = mil->n_z, .n_column = mil->pooling->n_column};
    list_parts(a);
    const Status status = reserve(a, n_max);
    if (status == OK) return OK;
    attribution_free(a);
    *out = NULL;
    return status;
}

void attribution_free(Attribution *a)
{
    if (!a) return;
    free(a->attention.logit), free(a->attention.weight);
    free(a->top), free(a->sum), free(a->m), free(a->p), free(a->p_0), free(a->z), free(a->z_0), free(a->dz);
    free(a->z_step), free(a->g), free(a->p_none), free(a->m_ref), free(a->p_ref);
    free(a->u), free(a->c), free(a->share), free(a->out);
    for (int t = 0; a->x && t < parallel_threads(); t++) free(a->x[t]);
    free((void *)a->x);
    for (int k = 0; k < ATTRIBUTION_PIECES; k++)
        free(a->piece[k].sum), free(a->piece[k].m), free(a->piece[k].through);
    for (int j = 0; j < OUTPUT_LAYERS + 2; j++) free(a->y[j]), free(a->dy[j]);
    free(a->codes), free(a->factor), free(a->gene), free(a->vector), free(a->sparse), free(a->value), free(a->first);
    free(a->at), free(a->number), free(a->h), free(a->dh), free(a->a), free(a->da), free(a->grad), free(a->dx);
    free(a->m_step), free(a->dm), free(a->w), free(a->d_a), free(a->dx_h), free(a->dh_one);
    free(a->logit), free(a->x_old), free(a->subject), free(a->owner), free(a->output), free(a->through);
    free(a);
}

/* ---- means ---- */

double attribution_logit(const Attribution *a, Index i, Index k)
{
    const int of = a->owner[k];
    const AttributionPart *part = &a->part[of];
    if (of == a->n_part) return mil_counts(a->mil) ? attribution_more(a, i) : 0;
    if (part->column_at < 0) return part->weighs ? attribution_more(a, i) : 0;
    return (double)a->attention.logit[a->rows->row[i] * a->n_column + part->column_at + k - part->mean_at];
}

double attribution_weight(const Attribution *a, Index i, Index k)
{
    return exp(attribution_logit(a, i, k) - a->top[k]) / a->sum[k];
}

void attribution_values(const Attribution *a, double *x, const real *h)
{
    for (int k = 0; k <= a->n_part; k++, x += a->n_h)
        if (k < a->n_part && a->part[k].mean_at >= 0 && a->part[k].share->value)
            a->part[k].share->value(a->part[k].self, x, h);
        else
            for (Index j = 0; j < a->n_h; j++) x[j] = (double)h[j];
}

/* h of a block of the pooled rows. */
static const real *block_at(Attribution *a, Index from, int n, int thread)
{
    if (a->is_streamed) return mil_embed(a->mil, a->rows, (int)from, n, thread);
    return a->mil->h + from * a->mil->width;
}

static void add_row(Attribution *a, AttributionPiece *piece, const double *x, Index i)
{
    for (Index k = 0; k < a->n_mean; k++) {
        const double e = exp(attribution_logit(a, i, k) - a->top[k]);
        const double *of = x + a->owner[k] * a->n_h;
        double *m = piece->m + k * a->n_h;
        piece->sum[k] += e;
        for (Index j = 0; j < a->n_h; j++) m[j] += e * of[j];
    }
}

void attribution_each_row(Attribution *a, int piece, int thread, AttributionRowBody *body)
{
    const Index end =
        (Index)(piece + 1) * a->piece_rows < a->rows->n ? (Index)(piece + 1) * a->piece_rows : a->rows->n;
    for (Index from = (Index)piece * a->piece_rows; from < end; from += KERNEL_BLOCK) {
        const int n = end - from < KERNEL_BLOCK ? (int)(end - from) : KERNEL_BLOCK;
        const real *h = block_at(a, from, n, thread);
        for (int i = 0; i < n; i++, h += a->mil->width) {
            attribution_values(a, a->x[thread], h);
            body(a, piece, a->x[thread], from + i);
        }
    }
}

static void sum_row(Attribution *a, int piece, const double *x, Index i)
{
    add_row(a, &a->piece[piece], x, i);
}

static void sum_piece(void *context, int piece, int thread)
{
    Attribution *a = context;
    ZERO(a->piece[piece].sum, (size_t)a->n_mean);
    ZERO(a->piece[piece].m, (size_t)(a->n_mean * a->n_h));
    attribution_each_row(a, piece, thread, sum_row);
}

int attribution_n_piece(const Attribution *a)
{
    return (a->rows->n + a->piece_rows - 1) / a->piece_rows;
}

static void find_means(Attribution *a)
{
    const Index size = a->n_mean * a->n_h;
    for (Index k = 0; k < a->n_mean; k++) {
        a->top[k] = -INFINITY;
        for (Index i = 0; i < a->rows->n; i++) a->top[k] = fmax(a->top[k], attribution_logit(a, i, k));
    }
    ZERO(a->sum, (size_t)a->n_mean);
    ZERO(a->m, (size_t)size);
    parallel_for(attribution_n_piece(a), sum_piece, a);
    for (int b = 0; b < attribution_n_piece(a); b++) {
        for (Index k = 0; k < a->n_mean; k++) a->sum[k] += a->piece[b].sum[k];
        for (Index j = 0; j < size; j++) a->m[j] += a->piece[b].m[j];
    }
    for (Index k = 0; k < a->n_mean; k++)
        for (Index j = 0; j < a->n_h; j++) a->m[k * a->n_h + j] /= a->sum[k];
}

void attribution_open(Attribution *a, const Bag *bag)
{
    MilBag *entry = &a->mil->entry[0];
    a->bag = bag;
    a->met = NULL;
    mil_predict(a->mil, a->output, bag, &a->attention);
    a->is_streamed = mil_streams(a->mil);
    a->rows = a->is_streamed ? &entry->whole : &entry->kept;
    const Index least = (a->rows->n + ATTRIBUTION_PIECES - 1) / ATTRIBUTION_PIECES;
    a->piece_rows = least > PASS_ROWS ? (int)least : PASS_ROWS;
    if (a->rows->n > 0) find_means(a);
}

const MilAttention *attribution_attention(const Attribution *a)
{
    return &a->attention;
}

/* ---- from means to scores, and back ---- */

void attribution_merge(Attribution *a, const double *m)
{
    for (int k = 0; k < a->n_part; k++) {
        const AttributionPart *part = &a->part[k];
        const double *from = m + part->mean_at * a->n_h;
        double *p = a->p + part->z_at, *z = a->z + part->z_at;
        if (part->mean_at < 0) continue;
        if (part->share->merge)
            part->share->merge(part->self, p, from);
        else
            memcpy(p, from, (size_t)part->n_z * sizeof *p);
        for (Index j = 0; j < part->n_z; j++) z[j] = attribution_activate(p[j], attribution_activation(part));
    }
    if (a->beside < 0) return;
    memcpy(a->p + a->n_z - a->n_h, m + a->beside * a->n_h, (size_t)a->n_h * sizeof *a->p);
    memcpy(a->z + a->n_z - a->n_h, m + a->beside * a->n_h, (size_t)a->n_h * sizeof *a->z);
}

void attribution_spread(Attribution *a, double *u, double *c, const double *g)
{
    ZERO(c, (size_t)a->n_mean);
    for (int k = 0; k < a->n_part; k++) {
        const AttributionPart *part = &a->part[k];
        if (part->mean_at < 0) continue;
        if (part->share->spread)
            part->share->spread(part->self, u + part->mean_at * a->n_h, c + part->mean_at, g + part->z_at);
        else
            memcpy(u + part->mean_at * a->n_h, g + part->z_at, (size_t)part->n_z * sizeof *u);
    }
    if (a->beside >= 0) memcpy(u + a->beside * a->n_h, g + a->n_z - a->n_h, (size_t)a->n_h * sizeof *u);
}

/* p of a part without means, and p without instances. */
static void find_pooled(Attribution *a, const AttributionPart *part, double *p, double *p_0)
{
    for (Index j = 0; j < part->n_z; j++) p_0[j] = 0, p[j] = (double)a->mil->pooled[part->z_at + j];
    if (part->share->pooled) part->share->pooled(part->self, p, p_0);
}

static void sum_plain_row(Attribution *a, int piece, const double *x, Index i)
{
    (void)i;
    for (Index k = 0; k < a->n_mean; k++) {
        const double *of = x + a->owner[k] * a->n_h;
        double *m = a->piece[piece].m + k * a->n_h;
        for (Index j = 0; j < a->n_h; j++) m[j] += of[j];
    }
}

static void sum_plain_piece(void *context, int piece, int thread)
{
    Attribution *a = context;
    ZERO(a->piece[piece].m, (size_t)(a->n_mean * a->n_h));
    attribution_each_row(a, piece, thread, sum_plain_row);
}

/* m [n_mean, n_h] of the same values with equal weights. */
static void find_plain_means(Attribution *a, double *m)
{
    const Index size = a->n_mean * a->n_h;
    ZERO(m, (size_t)size);
    parallel_for(attribution_n_piece(a), sum_plain_piece, a);
    for (int b = 0; b < attribution_n_piece(a); b++)
        for (Index j = 0; j < size; j++) m[j] += a->piece[b].m[j];
    for (Index j = 0; j < size; j++) m[j] /= a->rows->n;
}

void attribution_refer(Attribution *a, AttributionReference kind)
{
    const double *m = a->m;
    if (a->rows->n == 0) return;
    if (kind == ATTRIBUTION_INSTANCES) {
        find_plain_means(a, a->m_step);
        m = a->m_step;
    }
    a->n_ref++;
    for (Index j = 0; j < a->n_mean * a->n_h; j++) a->m_ref[j] += (m[j] - a->m_ref[j]) / a->n_ref;
    for (int k = 0; k < a->n_part; k++) {
        const AttributionPart *part = &a->part[k];
        if (part->mean_at >= 0) continue;
        find_pooled(a, part, a->p + part->z_at, a->p_0 + part->z_at);
        for (Index j = part->z_at; j < part->z_at + part->n_z; j++) a->p_ref[j] += (a->p[j] - a->p_ref[j]) / a->n_ref;
    }
}

/* p_0 and z_0: of the reference, or of no instance. */
static void find_start(Attribution *a)
{
    if (a->n_ref > 0) {
        attribution_merge(a, a->m_ref);
        memcpy(a->p_0, a->p, (size_t)a->n_z * sizeof *a->p);
        memcpy(a->z_0, a->z, (size_t)a->n_z * sizeof *a->z);
    } else {
        ZERO(a->p_0, (size_t)a->n_z);
        ZERO(a->z_0, (size_t)a->n_z);
    }
    for (int k = 0; k < a->n_part; k++) {
        const AttributionPart *part = &a->part[k];
        double *p_0 = a->p_0 + part->z_at;
        if (part->mean_at >= 0 && a->n_ref == 0 && part->share->merge) part->share->merge(part->self, p_0, NULL);
        if (part->mean_at < 0) find_pooled(a, part, a->p + part->z_at, p_0);
        if (part->mean_at < 0 && a->n_ref > 0) memcpy(p_0, a->p_ref + part->z_at, (size_t)part->n_z * sizeof *p_0);
        for (Index j = 0; j < part->n_z; j++)
            a->z_0[part->z_at + j] = attribution_activate(p_0[j], attribution_activation(part));
    }
}

/* p, p_0, z and z_0 of the open bag. */
static void find_vectors(Attribution *a)
{
    find_start(a);
    attribution_merge(a, a->m);
    for (int k = 0; k < a->n_part; k++) {
        const AttributionPart *part = &a->part[k];
        double *p = a->p + part->z_at, *z = a->z + part->z_at;
        if (part->mean_at >= 0) continue;
        find_pooled(a, part, p, a->p_none + part->z_at);
        for (Index j = 0; j < part->n_z; j++) z[j] = attribution_activate(p[j], attribution_activation(part));
    }
}

/* g [n_z], by p: the mean gradient by z along the way from z_0 to z, and what of it goes through the activation. */
static double mean_gradient(Attribution *a, double *g, const double *direction, int n_step)
{
    double sum = 0;
    ZERO(g, (size_t)a->n_z);
    for (int s = 0; s < n_step; s++) {
        const double along = (s + 0.5) / n_step;
        for (Index j = 0; j < a->n_z; j++) a->z_step[j] = a->z_0[j] + along * (a->z[j] - a->z_0[j]);
        attribution_score(a, a->dz, a->z_step, direction);
        for (Index j = 0; j < a->n_z; j++) g[j] += a->dz[j] / n_step;
    }
    for (Index j = 0; j < a->n_z; j++) {
        const double dp = a->p[j] - a->p_0[j], dz = a->z[j] - a->z_0[j];
        sum += g[j] * dz;
        g[j] = dp == 0 ? 0 : dp == dz ? g[j] : g[j] * (dz / dp);
    }
    return sum;
}

void attribution_gradient(Attribution *a, AttributionSum *sum, const double *direction)
{
    const bool is_linear = a->mil->o.output_hidden == 0;
    find_vectors(a);
    sum->bias = attribution_score(a, NULL, a->z_0, direction);
    sum->score = attribution_score(a, NULL, a->z, direction);
    const double gain = sum->score - sum->bias;
    double got = mean_gradient(a, a->g, direction, is_linear ? 1 : TAIL_STEPS);
    for (int n = 2 * TAIL_STEPS; !is_linear && n <= TAIL_MAX_STEPS; n *= 2) {
        if (fabs(got - gain) <= TAIL_ERROR * fabs(gain)) break;
        got = mean_gradient(a, a->g, direction, n);
    }
    /* The slope of SELU jumps at 0; what is left of that error, some 1e-5, is shared out. */
    for (Index j = 0; !is_linear && got * gain > 0 && j < a->n_z; j++) a->g[j] *= gain / got;
    attribution_spread(a, a->u, a->c, a->g);
}
