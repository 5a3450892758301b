/* SPDX-License-Identifier: MIT
 *
 * Backward repeats the updates of one bag and head, into `history`, just before it differentiates them. That takes a
 * third more time, and memory does not grow with the number of updates of the batch.
 */
#include "nn/retrieval.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LANES 8 /* partial sums of a dot product: a fixed order that the compiler can vectorise */

/* One bag under one head. */
typedef struct {
    Index n_state, n_stored;
    Index n_col;           /* n_stored, and the zero pattern */
    const real *q, *k, *v; /* first rows */
    const real *k_square;  /* first of n_stored, k_step apart; NULL: similarity is dot */
    int k_step;
    real *p;               /* [n_state, n_col] */
    Index at;              /* of p among all pairs */
    const uint8_t *ignore; /* [n_stored] or NULL */
    const uint8_t *block;  /* [n_state, mask_row] or NULL */
    const real *add;
    Index mask_row;
    const uint8_t *keep; /* [n_state, n_col] or NULL */
    real keep_scale, beta;
    Index out; /* first row of o */
} OneHead;

/* Heads that have stored patterns of their own. */
static int heads_of_k(const Retrieval *r)
{
    return r->k.head ? r->n_head : 1;
}

static OneHead head_of(const RetrievalCache *c, const Retrieval *r, const RetrievalInput *in, int b, int h)
{
    const BagPairs *bags = in->bags;
    const RetrievalMasks *m = in->masks;
    OneHead a = {.n_state = bag_states(bags, b), .n_stored = bag_stored(bags, b), .beta = in->beta[h]};
    const Index state = bags->state ? bags->state[b] : 0, stored = bags->stored ? bags->stored[b] : 0;
    a.n_col = a.n_stored + r->zero;
    a.at = c->p_at[b] + h * a.n_state * a.n_col;
    a.p = c->p + a.at;
    a.q = in->q + state * r->q.row + h * r->q.head;
    a.k = in->k + stored * r->k.row + h * r->k.head;
    a.v = in->v + stored * r->v.row + h * r->v.head;
    a.out = bag_out(bags, b);
    a.k_step = heads_of_k(r);
    if (r->similarity != SIMILARITY_DOT) a.k_square = c->k_square + stored * a.k_step + (a.k_step > 1 ? h : 0);
    if (!m) return a;
    const Index mask_at = m->stride ? 0 : a.at;
    if (m->ignore) a.ignore = m->ignore + (bags->stored ? stored : (Index)b * bags->n_stored);
    if (m->block) a.block = m->block + mask_at;
    if (m->add) a.add = m->add + mask_at;
    a.mask_row = m->stride ? m->stride : a.n_col;
    if (m->keep) a.keep = m->keep + a.at, a.keep_scale = m->keep_scale;
    return a;
}

static real dot(const real *a, const real *b, int n)
{
    real part[LANES] = {0}, sum = 0;
    int f = 0;
    for (; f + LANES <= n; f += LANES)
        for (int j = 0; j < LANES; j++) part[j] += a[f + j] * b[f + j];
    for (; f < n; f++) sum += a[f] * b[f];
    for (int j = 0; j < LANES; j++) sum += part[j];
    return sum;
}

static void add_scaled(real *y, real scale, const real *x, int n)
{
    for (int f = 0; f < n; f++) y[f] += scale * x[f];
}

/* z [n] becomes its softmax; 0 where all of it is -∞. */
static void softmax_or_zero(real *z, int n)
{
    double sum = 0;
    real max = -INFINITY;
    for (int i = 0; i < n; i++)
        if (z[i] > max || isnan(z[i])) max = z[i];
    for (int i = 0; i < n; i++) {
        const real e = max == -(real)INFINITY ? 0 : (real)exp((double)(z[i] - max));
        z[i] = e;
        sum += (double)e;
    }
    const real scale = sum > 0 ? (real)(1 / sum) : 1;
    for (int i = 0; i < n; i++) z[i] *= isnan(max) ? (real)NAN : scale;
}

/* ---- sizes ---- */

RetrievalSizes retrieval_sizes(const BagPairs *bags)
{
    RetrievalSizes sizes = {.n_bag = bags->n_bag, .n_state = bags->n_state, .n_stored = bags->n_stored};
    for (int b = 0; b < bags->n_bag; b++) {
        const Index n_state = bag_states(bags, b), n_pair = n_state * (bag_stored(bags, b) + 1);
        sizes.n_out += n_state;
        sizes.n_pair += n_pair;
        if (n_state > sizes.n_state_max) sizes.n_state_max = n_state;
        if (n_pair > sizes.n_pair_max) sizes.n_pair_max = n_pair;
    }
    return sizes;
}

static int max_steps(const Retrieval *r)
{
    int max = 0;
    for (int h = 0; h < r->n_head; h++) {
        const int steps = r->steps[h] < 0 ? RETRIEVAL_CAP : r->steps[h];
        if (steps > max) max = steps;
    }
    return max;
}

void retrieval_plan(RetrievalCache *c, const Retrieval *r, const RetrievalSizes *sizes, Arena *arena)
{
    const Index n_head = r->n_head, n_pair = sizes->n_pair_max;
    const Index n_move = sizes->n_state_max * r->head_size;
    c->p = ARENA_TAKE(arena, real, n_head * sizes->n_pair);
    c->p_at = ARENA_TAKE(arena, Index, sizes->n_bag + 1);
    c->n_eval = ARENA_TAKE(arena, int, n_head * sizes->n_bag);
    c->empty = ARENA_TAKE(arena, uint8_t, sizes->n_out);
    c->next = ARENA_TAKE(arena, real, n_pair);
    c->dp = ARENA_TAKE(arena, real, n_pair);
    c->dz = ARENA_TAKE(arena, real, n_pair);
    c->moved = ARENA_TAKE(arena, real, n_move);
    c->dq = ARENA_TAKE(arena, real, n_move);
    c->history = ARENA_TAKE(arena, real, (max_steps(r) + 1) * n_move);
    c->sorted = ARENA_TAKE(arena, double, r->normalizer == NORMALIZER_SOFTMAX ? 0 : n_pair);
    c->k_square = ARENA_TAKE(arena, real, r->similarity == SIMILARITY_DOT ? 0 : sizes->n_stored * heads_of_k(r));
}

static void lay_out(RetrievalCache *c, const Retrieval *r, const BagPairs *bags)
{
    c->p_at[0] = 0;
    for (int b = 0; b < bags->n_bag; b++) {
        const Index n_state = bag_states(bags, b), n_col = bag_stored(bags, b) + r->zero;
        c->p_at[b + 1] = c->p_at[b] + r->n_head * n_state * n_col;
    }
}

/* ---- forward ---- */

static void square_stored(RetrievalCache *c, const Retrieval *r, const real *k, int n_stored)
{
    const int n_head = heads_of_k(r);
    real *square = c->k_square;
    if (r->similarity == SIMILARITY_DOT) return;
    for (int i = 0; i < n_stored; i++, k += r->k.row)
        for (int h = 0; h < n_head; h++) *square++ = dot(k + h * r->k.head, k + h * r->k.head, r->head_size);
}

/* ‖ξ‖², where the similarity depends on it. */
static real state_square(const Retrieval *r, const real *xi)
{
    return r->similarity == SIMILARITY_TANIMOTO ? dot(xi, xi, r->head_size) : 0;
}

/* Of a state and stored pattern i. */
static real similarity(const Retrieval *r, const OneHead *a, const real *xi, real square, int i)
{
    const real product = dot(xi, a->k + i * r->k.row, r->head_size);
    return a->k_square ? similarity_of(r->similarity, product, square, a->k_square[i * a->k_step]) : product;
}

static bool seen(const OneHead *a, int l, int i)
{
    return !(a->ignore && a->ignore[i]) && !(a->block && a->block[l * a->mask_row + i]);
}

/* z [n] becomes p. */
static void normalize(real *z, RetrievalCache *c, const Retrieval *r, int n)
{
    if (r->normalizer == NORMALIZER_SOFTMAX)
        softmax_or_zero(z, n);
    else
        normalizer_sparse(z, z, r->normalizer, n, 1, c->sorted);
}

/* p [n_state, n_col] of the states `xi`, rows `step` apart. */
static void associate(real *p, RetrievalCache *c, const Retrieval *r, const OneHead *a, const real *xi, int step)
{
    for (int l = 0; l < a->n_state; l++, p += a->n_col, xi += step) {
        const real square = state_square(r, xi);
        for (int i = 0; i < a->n_stored; i++) {
            p[i] = seen(a, l, i) ? a->beta * similarity(r, a, xi, square, i) : -INFINITY;
            if (a->add) p[i] += a->add[l * a->mask_row + i];
        }
        if (r->zero) p[a->n_stored] = 0;
        normalize(p, c, r, a->n_col);
    }
}

/* xi [n_state, head_size] = p k */
static void move(real *xi, const Retrieval *r, const OneHead *a, const real *p)
{
    memset(xi, 0, a->n_state * r->head_size * sizeof *xi);
    for (int l = 0; l < a->n_state; l++, p += a->n_col, xi += r->head_size)
        for (int i = 0; i < a->n_stored; i++) add_scaled(xi, p[i], a->k + i * r->k.row, r->head_size);
}

static double distance(const real *a, const real *b, Index n)
{
    double square = 0;
    for (Index j = 0; j < n; j++) square += ((double)a[j] - (double)b[j]) * ((double)a[j] - (double)b[j]);
    return sqrt(square);
}

/* One extra update of p; how far it moved. */
static double update(RetrievalCache *c, const Retrieval *r, const OneHead *a)
{
    const Index n = a->n_state * a->n_col;
    move(c->moved, r, a, a->p);
    associate(c->next, c, r, a, c->moved, r->head_size);
    const double moved = distance(c->next, a->p, n);
    memcpy(a->p, c->next, n * sizeof *a->p);
    return moved;
}

/* o = dropout(p) v */
static void read_out(real *o, const Retrieval *r, const OneHead *a)
{
    for (int l = 0; l < a->n_state; l++, o += r->n_head * r->pattern_size) {
        const real *p = a->p + l * a->n_col;
        for (int f = 0; f < r->pattern_size; f++) o[f] = 0;
        for (int i = 0; i < a->n_stored; i++) {
            const real scale = !a->keep ? 1 : a->keep[l * a->n_col + i] ? a->keep_scale : 0;
            add_scaled(o, scale * p[i], a->v + i * r->v.row, r->pattern_size);
        }
    }
}

static void mark_empty(uint8_t *empty, const OneHead *a)
{
    for (int l = 0; l < a->n_state; l++) {
        const real *p = a->p + l * a->n_col;
        for (int i = 0; i < a->n_col && empty[l]; i++)
            if (p[i] != 0) empty[l] = 0; /* a softmax has an entry of at least 1/n_col */
    }
}

/* Softmaxes of head h of bags from … end-1, which stop together; returns how many were taken after the first. */
static int converge(RetrievalCache *c, const Retrieval *r, const RetrievalInput *in, int from, int end, int h)
{
    const int limit = r->steps[h] < 0 ? RETRIEVAL_CAP : r->steps[h];
    double moved = INFINITY;
    int n = 0;
    for (int b = from; b < end; b++) {
        const OneHead a = head_of(c, r, in, b, h);
        associate(a.p, c, r, &a, a.q, r->q.row);
    }
    for (; n < limit && moved > r->eps[h]; n++) {
        moved = 0;
        for (int b = from; b < end; b++) {
            const OneHead a = head_of(c, r, in, b, h);
            moved = fmax(moved, update(c, r, &a));
        }
    }
    if (r->steps[h] < 0 && moved > r->eps[h]) c->n_capped += end - from;
    return n;
}

void retrieval_forward(real *o, RetrievalCache *c, const Retrieval *r, const RetrievalInput *in)
{
    const BagPairs *bags = in->bags;
    const int group = r->whole_batch ? bags->n_bag : 1; /* bags that stop together */
    lay_out(c, r, bags);
    square_stored(c, r, in->k, bags->n_stored);
    c->n_capped = 0;
    for (int b = 0; b < bags->n_bag; b++) memset(c->empty + bag_out(bags, b), 1, bag_states(bags, b));
    for (int from = 0; from < bags->n_bag; from += group)
        for (int h = 0; h < r->n_head; h++) {
            const int n = converge(c, r, in, from, from + group, h);
            for (int b = from; b < from + group; b++) {
                const OneHead a = head_of(c, r, in, b, h);
                c->n_eval[b * r->n_head + h] = n + 1;
                read_out(o + (a.out * r->n_head + h) * r->pattern_size, r, &a);
                mark_empty(c->empty + a.out, &a);
            }
        }
}

/* ---- backward: d begins at the first rows of one bag and head ---- */

/* forward was  o_l = Σ_i keep_li p_li v_i,  so  dv_i += keep_li p_li do_l  and  dp_li = keep_li do_l · v_i */
static void read_out_backward(real *dp, const RetrievalGrad *d, const Retrieval *r, const OneHead *a, const real *d_o)
{
    for (int l = 0; l < a->n_state; l++, d_o += r->n_head * r->pattern_size) {
        const real *p = a->p + l * a->n_col;
        real *dp_l = dp + l * a->n_col;
        if (r->zero) dp_l[a->n_stored] = 0;
        for (int i = 0; i < a->n_stored; i++) {
            const Index at = i * r->v.row;
            const real scale = !a->keep ? 1 : a->keep[l * a->n_col + i] ? a->keep_scale : 0;
            dp_l[i] = scale * dot(d_o, a->v + at, r->pattern_size);
            add_scaled(d->v + at, scale * p[i], d_o, r->pattern_size);
        }
    }
}

/* forward was  p = softmax(z) by rows,  so  dz = p (dp - Σ p dp); normalizer.h has the others. */
static void normalize_backward(real *dz, const Retrieval *r, const real *p, const real *dp, const OneHead *a)
{
    const Normalizer kind = r->normalizer;
    for (int l = 0; l < a->n_state; l++, dz += a->n_col, p += a->n_col, dp += a->n_col) {
        double mean = 0, sum = 0;
        for (int i = 0; i < a->n_col; i++) {
            const double gain = (double)normalizer_gain(kind, p[i]);
            mean += gain * (double)dp[i];
            sum += gain;
        }
        if (kind != NORMALIZER_SOFTMAX && sum > 0) mean /= sum;
        for (int i = 0; i < a->n_col; i++) dz[i] = normalizer_gain(kind, p[i]) * (dp[i] - (real)mean);
    }
}

/* What a gradient dz of the score β s(ξ, k_i) adds to dξ and dk_i, see similarity.h; returns s. */
static real pair_backward(real *dxi, real *dk, const Retrieval *r, const OneHead *a, real dz, const real *xi,
                          real square, int i)
{
    const real *k = a->k + i * r->k.row;
    const int n = (int)r->head_size;
    const real product = dot(xi, k, n), k_square = a->k_square[i * a->k_step], d = a->beta * dz;
    const SimilaritySlope slope = similarity_slope(r->similarity, product, square, k_square);
    for (int f = 0; f < n; f++) {
        dxi[f] += d * (slope.cross * k[f] + slope.own_q * xi[f]);
        dk[f] += d * (slope.cross * xi[f] + slope.own_k * k[f]);
    }
    return similarity_of(r->similarity, product, square, k_square);
}

/* The same of dot, β ξ · k_i: dξ += β dz k_i,  dk_i += β dz ξ; returns s if it is asked for. */
static real dot_backward(real *dxi, real *dk, const Retrieval *r, const OneHead *a, real dz, const real *xi, int i,
                         bool wanted)
{
    const real *k = a->k + i * r->k.row;
    add_scaled(dxi, a->beta * dz, k, r->head_size);
    add_scaled(dk, a->beta * dz, xi, r->head_size);
    return wanted ? dot(xi, k, r->head_size) : 0;
}

/* forward was  z_li = β s(ξ_l, k_i),  so also  dβ += dz_li s(ξ_l, k_i) */
static void scores_backward(real *dxi, const RetrievalGrad *d, const Retrieval *r, const OneHead *a, const real *dz,
                            const real *xi, int step)
{
    double dbeta = 0;
    memset(dxi, 0, a->n_state * r->head_size * sizeof *dxi);
    for (int l = 0; l < a->n_state; l++, dz += a->n_col, xi += step, dxi += r->head_size) {
        const real square = state_square(r, xi);
        for (int i = 0; i < a->n_stored; i++) {
            real *dk = d->k + i * r->k.row;
            if (dz[i] == 0) continue; /* also what is masked */
            const real s = a->k_square ? pair_backward(dxi, dk, r, a, dz[i], xi, square, i)
                                       : dot_backward(dxi, dk, r, a, dz[i], xi, i, d->beta != NULL);
            dbeta += (double)dz[i] * (double)s;
        }
    }
    if (d->beta) *d->beta += (real)dbeta;
}

/* forward was  ξ_l = Σ_i p_li k_i,  so  dp_li = dξ_l · k_i  and  dk_i += p_li dξ_l */
static void move_backward(real *dp, const RetrievalGrad *d, const Retrieval *r, const OneHead *a, const real *p,
                          const real *dxi)
{
    for (int l = 0; l < a->n_state; l++, dp += a->n_col, p += a->n_col, dxi += r->head_size) {
        if (r->zero) dp[a->n_stored] = 0;
        for (int i = 0; i < a->n_stored; i++) {
            const Index at = i * r->k.row;
            dp[i] = dot(dxi, a->k + at, r->head_size);
            add_scaled(d->k + at, p[i], dxi, r->head_size);
        }
    }
}

/* The states 1 … n of the trajectory, into history; state 0 is q. */
static void replay(RetrievalCache *c, const Retrieval *r, const OneHead *a, int n)
{
    const Index size = a->n_state * r->head_size;
    if (n > 0) associate(c->next, c, r, a, a->q, r->q.row);
    for (int t = 1; t <= n; t++) {
        move(c->history + t * size, r, a, c->next);
        if (t < n) associate(c->next, c, r, a, c->history + t * size, r->head_size);
    }
}

static void head_backward(const RetrievalGrad *d, RetrievalCache *c, const Retrieval *r, const OneHead *a,
                          const real *d_o, int last)
{
    const Index size = a->n_state * r->head_size;
    const real *p = a->p;
    replay(c, r, a, last);
    read_out_backward(c->dp, d, r, a, d_o);
    for (int t = last; t >= 0; t--) {
        const real *xi = t ? c->history + t * size : a->q;
        normalize_backward(c->dz, r, p, c->dp, a);
        scores_backward(c->dq, d, r, a, c->dz, xi, t ? r->head_size : r->q.row);
        if (t == 0) break;
        associate(c->next, c, r, a, t > 1 ? xi - size : a->q, t > 1 ? r->head_size : r->q.row);
        p = c->next;
        move_backward(c->dp, d, r, a, p, c->dq);
    }
    for (int l = 0; l < a->n_state; l++) add_scaled(d->q + l * r->q.row, 1, c->dq + l * r->head_size, r->head_size);
}

void retrieval_backward(const RetrievalGrad *all, RetrievalCache *c, const Retrieval *r, const RetrievalInput *in,
                        const real *d_o)
{
    for (int b = 0; b < in->bags->n_bag; b++)
        for (int h = 0; h < r->n_head; h++) {
            const OneHead a = head_of(c, r, in, b, h);
            const RetrievalGrad d = {all->q + (a.q - in->q), all->k + (a.k - in->k), all->v + (a.v - in->v),
                                     all->beta ? all->beta + h : NULL};
            const Index out = (a.out * r->n_head + h) * r->pattern_size;
            head_backward(&d, c, r, &a, d_o + out, c->n_eval[b * r->n_head + h] - 1);
        }
}
