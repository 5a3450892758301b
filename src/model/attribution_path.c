/* SPDX-License-Identifier: MIT
 *
 * attribution_path.c: integrated gradients along the input of one instance.
 *
 * Where all poolings are of means, the instance is taken out of the bag's sums once, and each step adds it again as its scaled
 * input makes it. Otherwise the twin holds the whole bag and pools it anew for each step.
 */
#include "model/attribution_parts.h"

#include <assert.h>
#include <math.h>

#define PATH_ERROR 0.01

/* One instance, and the score that it is asked for. */
typedef struct {
    const double *direction;
    Index i;       /* its place among the pooled rows */
    int len;       /* residues, or features */
    double factor; /* of a sequence's one-hot entries */
} Subject;

/* ---- scaled copies ---- */

static int length_of(const Bag *bag, Index i)
{
    int len = 0;
    while (i >= bag->first[len + 1]) len++;
    return len;
}

static void copy_sequence(Attribution *a, const Subject *s, const double *scale, int n)
{
    const Bag *rows = a->rows;
    const uint8_t *codes = bag_codes(rows, (int)s->i, s->len);
    for (int l = 0; l <= s->len + 1; l++) a->first[l] = l > s->len ? n : 0, a->at[l] = 0;
    a->at[s->len + 1] = (size_t)n * (size_t)s->len;
    for (int k = 0; k < n; k++) {
        a->factor[k] = (real)(scale[k] * s->factor);
        memcpy(a->codes + (Index)k * s->len, codes, (size_t)s->len);
    }
    a->copies.max_len = s->len;
    a->copies.first = a->first;
    a->copies.at = a->at;
    a->copies.codes = a->codes;
    a->copies.factor = a->factor;
    for (int k = 0; rows->gene && k < n; k++) a->gene[k] = rows->gene[s->i];
    a->copies.gene = rows->gene ? a->gene : NULL;
}

static const real *origin_of(const Attribution *a)
{
    const EmbedderType *type = a->mil->embedder_type;
    return type->origin && !a->mil->spec.sparse ? type->origin(a->mil->embedder) : NULL;
}

static void copy_vector(Attribution *a, const Subject *s, const double *scale, int n)
{
    const real *origin = origin_of(a);
    const float *x = a->rows->x + s->i * a->n_input;
    for (Index k = 0; k < n; k++)
        for (Index j = 0; j < a->n_input; j++) {
            const double zero = origin ? (double)origin[j] : 0;
            a->vector[k * a->n_input + j] = scale[k] == 1 ? x[j] : (float)(zero + scale[k] * ((double)x[j] - zero));
        }
    a->copies.x = a->vector;
}

static void copy_sparse(Attribution *a, const Subject *s, const double *scale, int n)
{
    const SparseRow row = a->rows->sparse[s->i];
    for (Index k = 0; k < n; k++) {
        float *value = a->value + k * a->n_input;
        for (int j = 0; j < row.n; j++) value[j] = (float)(scale[k] * (double)row.value[j]);
        a->sparse[k] = (SparseRow){row.n, row.feature, value};
    }
    a->copies.sparse = a->sparse;
}

static void make_copies(Attribution *a, const Subject *s, const double *scale, int n)
{
    a->copies = (Bag){.n = n, .row = a->number, .pad_len = a->rows->pad_len, .inv_std = a->rows->inv_std};
    if (a->mil->spec.kind == BAG_SEQUENCES)
        copy_sequence(a, s, scale, n);
    else if (a->mil->spec.sparse)
        copy_sparse(a, s, scale, n);
    else
        copy_vector(a, s, scale, n);
}

static Rows rows_of(const Attribution *a, int from, int n, Index cached)
{
    return (Rows){.bag = &a->copies, .slot = 0, .from = from, .n = n, .cached = (int)cached, .thread = 0};
}

/* ---- poolings of means ---- */

/* The means with the instance as step x [n_part + 1, n_h] and logits `a_new` make it: m_step and weights w. */
static void put_back(Attribution *a, const Subject *s, const double *x, const double *x_old, const double *a_new)
{
    for (Index k = 0; k < a->n_mean; k++) {
        const Index at = a->owner[k] * a->n_h, row = k * a->n_h;
        const double e_old = exp(attribution_logit(a, s->i, k) - a->top[k]);
        const double top = fmax(a->top[k], a_new[k]), shrink = exp(a->top[k] - top), e = exp(a_new[k] - top);
        const double rest = fmax(a->sum[k] - e_old, 0), sum = rest * shrink + e;
        a->w[k] = e / sum;
        for (Index j = 0; j < a->n_h; j++) {
            const double others = rest > 0 ? a->m[row + j] * a->sum[k] - e_old * x_old[at + j] : 0;
            a->m_step[row + j] = (others * shrink + e * x[at + j]) / sum;
        }
    }
}

/* Adds to dh [n_h] of embedding h; da [n_mean] of the scores. */
static void means_backward(Attribution *a, double *dh, double *da, const double *x, const real *h)
{
    for (int p = 0; p <= a->n_part; p++) {
        const AttributionPart *part = &a->part[p];
        ZERO(a->dx_h, (size_t)a->n_h);
        for (Index k = 0; k < a->n_mean; k++) {
            const double *dm = a->dm + k * a->n_h, *m = a->m_step + k * a->n_h, *of = x + p * a->n_h;
            if (a->owner[k] != p) continue;
            da[k] = 0;
            for (Index j = 0; j < a->n_h; j++) {
                a->dx_h[j] += a->w[k] * dm[j];
                da[k] += a->w[k] * dm[j] * (of[j] - m[j]);
            }
        }
        if (p < a->n_part && part->share->value_backward)
            part->share->value_backward(part->self, dh, a->dx_h, h);
        else
            for (Index j = 0; j < a->n_h; j++) dh[j] += a->dx_h[j];
        if (p < a->n_part && part->column_at >= 0 && part->share->score_backward)
            part->share->score_backward(part->self, dh, da + part->mean_at, h);
    }
}

/* Where scores of a part lie in a->a and a->da: [KERNEL_BLOCK, n_column] each. */
static real *scores_of(const AttributionPart *part, real *a)
{
    return a + part->mean_at * KERNEL_BLOCK;
}

static void score_copies(Attribution *a, const Rows *rows)
{
    for (int p = 0; p < a->n_part; p++)
        if (a->part[p].column_at >= 0)
            a->part[p].type->score(a->part[p].twin, scores_of(&a->part[p], a->a), a->h, rows);
}

/* Logits of copy i. */
static void logits_of(Attribution *a, double *logit, const Subject *s, Index i)
{
    const double more = attribution_more(a, s->i);
    for (Index k = 0; k < a->n_mean; k++) {
        const AttributionPart *part = &a->part[a->owner[k]];
        logit[k] =
            a->owner[k] == a->n_part || part->column_at < 0
                ? attribution_logit(a, s->i, k)
                : (double)scores_of(part, a->a)[i * part->n_column + k - part->mean_at] + (part->weighs ? more : 0);
    }
}

/* Gradient of one copy by its embedding and scores, as rows of dh and da. */
static void copy_backward(Attribution *a, const double *x, Index i)
{
    const Index width = a->mil->width;
    real *dh = a->dh + i * width;
    for (int p = 0; p < a->n_part; p++)
        for (Index j = 0; j < a->part[p].n_z; j++) {
            const Index at = a->part[p].z_at + j;
            a->dz[at] *= attribution_slope(a->z[at], attribution_activation(&a->part[p]));
        }
    attribution_spread(a, a->dm, a->c, a->dz);
    ZERO(a->dh_one, (size_t)a->n_h);
    means_backward(a, a->dh_one, a->d_a, x, a->h + i * width);
    ZERO(dh, (size_t)width);
    for (Index j = 0; j < a->n_h; j++) dh[j] = (real)a->dh_one[j];
    for (Index k = 0; k < a->n_mean; k++) {
        const AttributionPart *part = &a->part[a->owner[k]];
        if (a->owner[k] < a->n_part) scores_of(part, a->da)[i * part->n_column + k - part->mean_at] = (real)a->d_a[k];
    }
}

static void scores_backward(Attribution *a, const Rows *rows)
{
    for (int p = 0; p < a->n_part; p++) {
        const AttributionPart *part = &a->part[p];
        if (part->column_at >= 0 && !part->share->score_backward)
            part->type->score_backward(part->twin, 0, a->dh, scores_of(part, a->da), a->h, rows);
    }
}

/* Scores of n copies, and dx [n, n_input] their gradients if `learn`. */
static void walk_means(Attribution *a, double *score, const Subject *s, int n, bool learn)
{
    const Rows rows = rows_of(a, 0, n, 0);
    mil_rows_forward(a->twin, a->h, &rows);
    score_copies(a, &rows);
    for (int i = 0; i < n; i++) {
        logits_of(a, a->logit, s, i);
        attribution_values(a, a->x[0], a->h + i * a->mil->width);
        put_back(a, s, a->x[0], a->x_old, a->logit);
        attribution_merge(a, a->m_step);
        score[i] = attribution_score(a, learn ? a->dz : NULL, a->z, s->direction);
        if (learn) copy_backward(a, a->x[0], i);
    }
    if (!learn) return;
    scores_backward(a, &rows);
    mil_rows_input(a->twin, a->dx, a->n_input, a->grad, a->h, a->dh, &rows);
}

/* ---- other poolings ---- */

static void split_gradient(Attribution *a)
{
    Mil *m = a->twin;
    const Index n_pooled = m->pooling->n_z;
    for (Index j = 0; j < a->n_z; j++) m->dz[j] = (real)a->dz[j];
    if (!m->pooling->mean) return;
    memcpy(m->dpooled, m->dz, (size_t)n_pooled * sizeof *m->dz);
    memcpy(m->dmean, m->dz + n_pooled, (size_t)a->n_h * sizeof *m->dz);
}

static void walk_one(Attribution *a, double *score, const Subject *s, int copy, bool learn)
{
    Mil *m = a->twin;
    const Index width = m->width, n_column = m->pooling->n_column;
    const Rows rows = rows_of(a, copy, 1, s->i);
    real *h = m->h + s->i * width, *logit = m->a_kept + s->i * n_column;
    mil_rows_forward(m, h, &rows);
    m->pooling_type->score(m->pooling, logit, h, &rows);
    for (int p = 0; p < a->n_part; p++)
        for (Index k = 0; a->part[p].weighs && a->part[p].column_at >= 0 && k < a->part[p].n_column; k++)
            logit[a->part[p].column_at + k] += (real)attribution_more(a, s->i);
    mil_pool_kept(m, 1);
    if (m->pooling->mean) memcpy(m->z, m->pooled, (size_t)m->pooling->n_z * sizeof *m->z);
    for (Index j = 0; j < a->n_z; j++) a->z[j] = (double)m->z[j];
    *score = attribution_score(a, learn ? a->dz : NULL, a->z, s->direction);
    if (!learn) return;
    split_gradient(a);
    mil_pool_kept_backward(m, a->grad, 1);
    m->pooling_type->score_backward(m->pooling, 0, m->dh + s->i * width, m->da + s->i * n_column, h, &rows);
    mil_rows_input(m, a->dx + copy * a->n_input, a->n_input, a->grad, h, m->dh + s->i * width, &rows);
}

/* ---- both ---- */

static void walk(Attribution *a, double *score, const Subject *s, const double *scale, int n, bool learn)
{
    make_copies(a, s, scale, n);
    if (a->all_means)
        walk_means(a, score, s, n, learn);
    else
        for (int k = 0; k < n; k++) walk_one(a, &score[k], s, k, learn);
}

/* The twin knows the bag: the divisor of its input, or all of it. */
static void meet(Attribution *a)
{
    Mil *m = a->twin;
    if (a->met == a->bag) return;
    a->met = a->bag;
    if (!a->all_means) {
        mil_to_vectors(m, a->bag, 1, rng_stream(0, "select", (uint64_t)a->bag->n));
        return;
    }
    Bag whole = mil_own(m, a->bag);
    whole.pad_len = a->rows->pad_len;
    if (m->spec.kind == BAG_SEQUENCES) m->embedder_type->open(m->embedder, &whole, 0);
}

static Index place_of(const Attribution *a, int row)
{
    for (Index i = 0; i < a->rows->n; i++)
        if (a->rows->row[i] == row) return i;
    return -1;
}

bool attribution_pools(const Attribution *a, int row)
{
    return place_of(a, row) >= 0;
}

static void meet_subject(Attribution *a, Subject *s, const double *direction, int row)
{
    double score;
    const double one = 1;
    *s = (Subject){.direction = direction, .i = place_of(a, row), .factor = 1};
    assert(s->i >= 0);
    s->len = a->mil->spec.kind == BAG_SEQUENCES ? length_of(a->rows, s->i) : (int)a->n_input;
    if (a->rows->factor) s->factor = (double)a->rows->factor[s->i];
    meet(a);
    make_copies(a, s, &one, 1);
    const Rows rows = rows_of(a, 0, 1, 0);
    if (a->all_means) {
        mil_rows_forward(a->twin, a->h, &rows);
        attribution_values(a, a->x_old, a->h);
    }
    walk(a, &score, s, &one, 1, false);
}

/* Input of the instance less the zero input. */
static void find_input(Attribution *a, double *x, const Subject *s)
{
    const real *origin = origin_of(a);
    for (int j = 0; j < s->len; j++) x[j] = a->mil->spec.kind == BAG_SEQUENCES ? s->factor : 0;
    if (a->mil->spec.kind == BAG_SEQUENCES) return;
    if (a->mil->spec.sparse) {
        const SparseRow row = a->rows->sparse[s->i];
        for (int j = 0; j < row.n; j++) x[row.feature[j]] = (double)row.value[j];
        return;
    }
    for (Index j = 0; j < s->len; j++)
        x[j] = (double)a->rows->x[s->i * a->n_input + j] - (origin ? (double)origin[j] : 0);
}

/* Steps of t with scale = t³ suit layer norms, whose output turns within some 0.003 of the zero input; kinks need even ones. */
static void integrate(Attribution *a, double *out, const Subject *s, int n_step, bool is_even)
{
    double scale[KERNEL_BLOCK], width[KERNEL_BLOCK], score[KERNEL_BLOCK];
    ZERO(out, (size_t)s->len);
    for (int from = 0; from < n_step; from += KERNEL_BLOCK) {
        const int n = n_step - from < KERNEL_BLOCK ? n_step - from : KERNEL_BLOCK;
        for (int k = 0; k < n; k++) {
            const double t = (from + k + 0.5) / n_step;
            scale[k] = is_even ? t : t * t * t;
            width[k] = (is_even ? 1 : 3 * t * t) / n_step;
        }
        walk(a, score, s, scale, n, true);
        for (Index k = 0; k < n; k++)
            for (Index j = 0; j < s->len; j++) out[j] += a->dx[k * a->n_input + j] * width[k];
    }
    for (int j = 0; j < s->len; j++) out[j] *= a->subject[j];
}

static bool is_complete(const double *out, AttributionPath *path, int len, double floor)
{
    const double gain = path->to - path->from;
    double sum = 0;
    for (int j = 0; j < len; j++) sum += out[j];
    path->error = fabs(sum - gain) / fmax(fabs(gain), floor);
    return path->error <= PATH_ERROR;
}

/* First n steps of t, then as many even ones; the fewest are even. */
static bool try_steps(double *out, AttributionPath *path, Attribution *a, const Subject *s, int n, double floor)
{
    path->steps = n;
    for (int even = n == ATTRIBUTION_STEPS; even < 2; even++) {
        path->is_even = even;
        integrate(a, out, s, n, path->is_even);
        if (is_complete(out, path, s->len, floor)) return true;
    }
    return false;
}

void attribution_path(double *out, AttributionPath *path, Attribution *a, const double *direction, int row,
                      double floor)
{
    Subject s;
    const double ends[] = {0, 1};
    double score[2];
    meet_subject(a, &s, direction, row);
    find_input(a, a->subject, &s);
    walk(a, score, &s, ends, 2, false);
    *path = (AttributionPath){.from = score[0], .to = score[1]};
    for (int n = ATTRIBUTION_STEPS; n <= ATTRIBUTION_MAX_STEPS && !try_steps(out, path, a, &s, n, floor);) n *= 2;
    if (!a->all_means) walk(a, score, &s, &ends[1], 1, false);
}

/* What numbers of row i add by way of the means. */
static void add_means(double *share, Attribution *a, Index i)
{
    const double *x = a->x_old;
    if (!a->all_means) attribution_values(a, a->x_old, a->mil->h + i * a->mil->width);
    for (Index k = 0; k < a->n_mean; k++) {
        const double w = attribution_weight(a, i, k);
        const double *of = x + a->owner[k] * a->n_h;
        for (Index j = 0; j < a->n_h; j++) share[j] += w * a->u[k * a->n_h + j] * (of[j] - a->m_ref[k * a->n_h + j]);
    }
}

/* And by way of a part without means. */
static void add_numbers(double *share, const Attribution *a, const AttributionPart *part, Index i)
{
    const Index width = a->mil->width;
    for (Index j = 0; j < a->n_h; j++)
        if (part->share->is_from(part->self, j, a->mil->h, (int)i, a->rows->n))
            share[j] += a->g[part->z_at + j] * (double)a->mil->h[i * width + j];
}

/* Behind layers the numbers that are pooled are not those of kernels. */
int attribution_window(const Attribution *a)
{
    const EmbedderType *type = a->mil->embedder_type;
    return type->windows && a->mil->layers.n == 0 ? type->windows(NULL, a->mil->embedder, 0) : 0;
}

void attribution_kernels(double *share, int *at, Attribution *a, const double *direction, int row)
{
    Subject s;
    AttributionSum sum;
    meet_subject(a, &s, direction, row);
    if (attribution_window(a) > 0)
        a->twin->embedder_type->windows(at, a->twin->embedder, a->all_means ? 0 : (int)s.i);
    ZERO(share, (size_t)a->n_h);
    if (!attribution_has_numbers(a)) return;
    attribution_gradient(a, &sum, direction);
    add_means(share, a, s.i);
    for (int k = 0; k < a->n_part; k++)
        if (a->part[k].mean_at < 0) add_numbers(share, a, &a->part[k], s.i);
}

int attribution_n_h(const Attribution *a)
{
    return (int)a->n_h;
}
