/* SPDX-License-Identifier: MIT */
#include "nn/association.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SPREAD 0.02 /* standard deviation of all weights at the start, unless AssociationOptions.fan */

/* ---- settings ---- */

void association_heads(AssociationOptions *o, double beta, int steps, double eps)
{
    for (int h = 0; h < RETRIEVAL_HEADS; h++) o->beta[h] = beta, o->steps[h] = steps, o->eps[h] = eps;
}

void association_options(AssociationOptions *o, int n_state)
{
    *o = (AssociationOptions){.n_state = n_state, .n_head = 1, .bias = true};
    association_heads(o, 0, 0, 1e-4);
}

/* Nothing is projected, normed or learned: the plain associative memory. */
static bool is_memory(const AssociationOptions *o)
{
    return o->state_static && o->stored_static && o->projection_static && !o->connected && !o->norm && o->no_output;
}

static Status resolve_sizes(AssociationOptions *o)
{
    if (o->n_state < 1 || o->n_stored < 0 || o->n_projection < 0 || o->head_size < 0 || o->pattern_size < 0 ||
        o->n_out < 0)
        return fail(ERR_CONFIG,
                    "sizes of a Hopfield layer must not be negative, and the state pattern has at least one "
                    "number");
    if (o->n_head < 1 || o->n_head > RETRIEVAL_HEADS)
        return fail(ERR_CONFIG, "n_head is %d; a Hopfield layer has 1 to %d heads", o->n_head, RETRIEVAL_HEADS);
    if (!o->head_size && o->n_state % o->n_head)
        return fail(ERR_CONFIG, "%d heads do not divide a state pattern of %d numbers; give head_size", o->n_head,
                    o->n_state);
    if (!o->n_stored) o->n_stored = o->n_state;
    if (!o->n_projection) o->n_projection = o->n_state;
    return OK;
}

static Status resolve_connected(const AssociationOptions *o, int pattern_size)
{
    if (!o->connected) return OK;
    if (o->projection_static) return fail(ERR_CONFIG, "a pattern projection cannot be both static and connected");
    if (o->n_stored != o->n_projection || pattern_size != o->head_size)
        return fail(
            ERR_CONFIG,
            "a connected pattern projection needs stored patterns and projections of one width (%d and %d) and "
            "head_size equal to pattern_size (%d and %d)",
            o->n_stored, o->n_projection, o->head_size, pattern_size);
    return OK;
}

static Status resolve_heads(AssociationOptions *o)
{
    const double beta = is_memory(o) ? 1 : 1 / sqrt(o->head_size);
    for (int h = 0; h < o->n_head; h++) {
        if (o->beta[h] == 0) o->beta[h] = beta;
        if (!(o->beta[h] > 0) || isinf(o->beta[h]))
            return fail(ERR_CONFIG, "beta of head %d is %g; it must be positive", h, o->beta[h]);
        if (o->steps[h] < -1)
            return fail(ERR_CONFIG, "steps of head %d is %d; it must be 0 or more, or -1 for until convergence", h,
                        o->steps[h]);
        if (o->beta_learned && o->beta[h] != o->beta[0])
            return fail(ERR_CONFIG, "beta of all heads must start at one value where it is learned");
        if (!(o->eps[h] > 0)) return fail(ERR_CONFIG, "eps of head %d is %g; it must be positive", h, o->eps[h]);
    }
    return OK;
}

Status association_resolve(AssociationOptions *o)
{
    TRY(resolve_sizes(o));
    if (o->norm_affine && !o->norm)
        return fail(ERR_CONFIG, "the association-space norm cannot be affine while it is off");
    if (o->norm_affine && !o->head_size)
        return fail(ERR_CONFIG, "an affine association-space norm needs head_size to be given");
    if (!o->head_size) o->head_size = o->n_state / o->n_head;
    TRY(resolve_connected(o, o->pattern_size ? o->pattern_size : o->head_size));
    return resolve_heads(o);
}

/* ---- parameters ---- */

static bool is_stacked(const AssociationOptions *o)
{
    return o->n_state == o->n_stored && o->n_state == o->n_projection && !o->pattern_size && !o->connected;
}

static size_t tensor(ParamList *list, const char *prefix, const char *name, double scale, int rows, int columns)
{
    char full[88];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    if (columns) return param_add(list, full, PARAM_NORMAL, scale, PARAM_SHAPE(rows, columns));
    return param_add(list, full, PARAM_CONSTANT, scale, PARAM_SHAPE(rows));
}

static double spread(const AssociationOptions *o, int n_in)
{
    return o->fan ? 1 / sqrt(n_in) : SPREAD;
}

/* Weights of q, k, v: rows of one tensor, or tensors of their own; their biases are always parts of one. */
static void projections_declare(Association *l, ParamList *list, const char *prefix)
{
    static const char *const names[] = {"q_proj_weight", "k_proj_weight", "v_proj_weight"};
    Projection *const each[] = {&l->q, &l->k, &l->v};
    const bool stacked = is_stacked(&l->o);
    const int rows = l->q.n_out + l->k.n_out + l->v.n_out;
    size_t at =
        stacked && rows ? tensor(list, prefix, "in_proj_weight", spread(&l->o, l->o.n_state), rows, l->o.n_state) : 0;
    for (int j = 0; j < 3; j++) {
        if (!each[j]->n_out) continue;
        each[j]->w_at =
            stacked ? at
                    : tensor(list, prefix, names[j], spread(&l->o, each[j]->n_in), each[j]->n_out, each[j]->n_in);
        at += each[j]->n_out * each[j]->n_in;
    }
    if (!l->o.bias || !rows) return;
    at = tensor(list, prefix, "in_proj_bias", 0, rows, 0);
    for (int j = 0; j < 3; j++) {
        each[j]->b_at = at;
        at += each[j]->n_out;
    }
}

static Retrieval retrieval_of(const AssociationOptions *o, Index pattern_size)
{
    const Index head_size = o->head_size, n_head = o->n_head;
    Retrieval r = {.n_head = o->n_head,
                   .head_size = head_size,
                   .pattern_size = pattern_size,
                   .zero = o->zero,
                   .whole_batch = o->whole_batch,
                   .similarity = o->similarity,
                   .normalizer = o->normalizer};
    r.q = o->state_static ? (HeadStep){head_size, 0} : (HeadStep){n_head * head_size, head_size};
    r.k = o->stored_static ? (HeadStep){head_size, 0} : (HeadStep){n_head * head_size, head_size};
    r.v = o->projection_static ? (HeadStep){pattern_size, 0} : (HeadStep){n_head * pattern_size, pattern_size};
    memcpy(r.steps, o->steps, sizeof r.steps);
    memcpy(r.eps, o->eps, sizeof r.eps);
    return r;
}

void association_init(Association *l, ParamList *list, const char *prefix, const char *beta_name,
                      const AssociationOptions *o)
{
    char name[88];
    const int space = o->n_head * o->head_size;
    const Index pattern_size = o->pattern_size        ? o->pattern_size
                               : o->projection_static ? o->n_projection
                                                      : o->head_size;
    assert(o->head_size > 0 && o->beta[0] > 0); /* resolved */
    *l = (Association){.o = *o, .n_read = o->n_head * pattern_size};
    l->n_r = o->state_static ? o->head_size : o->n_state;
    l->n_y = o->stored_static ? o->head_size : o->n_stored;
    l->n_v = o->projection_static ? pattern_size : o->n_projection;
    if (!o->state_static) l->q = (Projection){.n_in = l->n_r, .n_out = space, .bias = o->bias};
    if (!o->stored_static) l->k = (Projection){.n_in = l->n_y, .n_out = space, .bias = o->bias};
    if (!o->projection_static) l->v = (Projection){.n_in = l->n_v, .n_out = l->n_read, .bias = o->bias};
    if (o->connected && !o->stored_static) l->v.n_in = space;
    projections_declare(l, list, prefix);
    if (o->norm) {
        snprintf(name, sizeof name, "%sp_norm_", prefix);
        layernorm_init(&l->norm, list, name, o->head_size, o->norm_affine);
    }
    l->n_out = o->no_output ? l->n_read : o->n_out ? o->n_out : o->n_state;
    if (!o->no_output) {
        l->out = (Projection){.n_in = l->n_read, .n_out = l->n_out, .bias = o->bias};
        l->out.w_at = tensor(list, prefix, "out_proj.weight", spread(o, l->n_read), l->n_out, l->n_read);
        if (o->bias) l->out.b_at = tensor(list, prefix, "out_proj.bias", 0, l->n_out, 0);
    }
    l->retrieval = retrieval_of(o, pattern_size);
    for (int h = 0; h < o->n_head; h++) l->beta[h] = (real)o->beta[h];
    if (!o->beta_learned) return;
    l->beta_at = tensor(list, "", beta_name, o->beta[0], o->n_head, 0);
}

const real *association_beta(const Association *l, const real *theta)
{
    return l->o.beta_learned ? theta + l->beta_at : l->beta;
}

/* ---- memory ---- */

static bool is_through(const Association *l)
{
    return l->o.connected && l->k.n_out > 0;
}

void association_plan(AssociationCache *c, const Association *l, const RetrievalSizes *sizes, Arena *arena)
{
    const Index state = sizes->n_state, stored = sizes->n_stored, out = sizes->n_out;
    const Index n_q = state * l->retrieval.q.row, n_k = stored * l->retrieval.k.row;
    const Index n_v = stored * l->retrieval.v.row;
    c->q = ARENA_TAKE(arena, real, l->q.n_out || l->o.norm ? n_q : 0);
    c->k = ARENA_TAKE(arena, real, l->k.n_out || l->o.norm ? n_k : 0);
    c->v = ARENA_TAKE(arena, real, l->v.n_out ? n_v : 0);
    c->dq = ARENA_TAKE(arena, real, n_q);
    c->dk = ARENA_TAKE(arena, real, n_k);
    c->dv = ARENA_TAKE(arena, real, n_v);
    c->q_raw = ARENA_TAKE(arena, real, l->o.norm ? n_q : 0);
    c->k_raw = ARENA_TAKE(arena, real, l->o.norm ? n_k : 0);
    c->dq_raw = ARENA_TAKE(arena, real, l->o.norm ? n_q : 0);
    c->dk_raw = ARENA_TAKE(arena, real, l->o.norm ? n_k : 0);
    layernorm_plan(&c->norm_q, l->o.norm ? sizes->n_state * l->o.n_head : 0, arena);
    layernorm_plan(&c->norm_k, l->o.norm ? sizes->n_stored * l->o.n_head : 0, arena);
    c->through = ARENA_TAKE(arena, real, is_through(l) ? stored * l->k.n_out : 0);
    c->dthrough = ARENA_TAKE(arena, real, is_through(l) ? stored * l->k.n_out : 0);
    c->o = ARENA_TAKE(arena, real, out * l->n_read);
    c->d_o = ARENA_TAKE(arena, real, out * l->n_read);
    c->da = ARENA_TAKE(arena, real, out * l->n_out);
    retrieval_plan(&c->retrieval, &l->retrieval, sizes, arena);
}

/* ---- forward ---- */

void association_to_space(const AssociationSide *s, const Association *l, const real *theta, const real *x, int n)
{
    const bool projected = s->projection->n_out > 0;
    if (projected) projection_forward(l->o.norm ? s->raw : s->at, s->projection, theta, x, n);
    if (l->o.norm)
        layernorm_forward(s->at, s->norm, &l->norm, theta, projected ? s->raw : x,
                          n * (s->step->head ? l->o.n_head : 1));
}

static AssociationSide state_side(AssociationCache *c, const Association *l)
{
    return (AssociationSide){&l->q, &l->retrieval.q, c->q, c->q_raw, &c->norm_q, c->dq, c->dq_raw};
}

static AssociationSide stored_side(AssociationCache *c, const Association *l)
{
    return (AssociationSide){&l->k, &l->retrieval.k, c->k, c->k_raw, &c->norm_k, c->dk, c->dk_raw};
}

real association_activate(real x, AssociationActivation kind)
{
    if (kind == ASSOCIATION_RELU) return x > 0 ? x : 0;
    return kind == ASSOCIATION_TANH ? (real)tanh((double)x) : x;
}

real association_slope(real y, AssociationActivation kind)
{
    if (kind == ASSOCIATION_RELU) return y > 0;
    return kind == ASSOCIATION_TANH ? 1 - y * y : 1;
}

static int out_rows(const BagPairs *bags)
{
    return bags->state ? bags->n_state : bags->n_bag * bags->n_state;
}

static void output(real *y, const AssociationCache *c, const Association *l, const real *theta, int n)
{
    const Index width = l->n_out;
    if (l->out.n_out)
        projection_forward(y, &l->out, theta, c->o, n);
    else
        memcpy(y, c->o, n * width * sizeof *y);
    for (Index i = 0; i < n; i++, y += width)
        if (c->retrieval.empty[i])
            memset(y, 0, width * sizeof *y);
        else if (l->o.activation != ASSOCIATION_LINEAR)
            for (Index f = 0; f < width; f++) y[f] = association_activate(y[f], l->o.activation);
}

/* Pointers into the cache, or the inputs themselves where they are static. */
static RetrievalInput space_of(const AssociationCache *c, const Association *l, const real *theta,
                               const AssociationInput *in)
{
    return (RetrievalInput){.q = l->q.n_out || l->o.norm ? c->q : in->state,
                            .k = l->k.n_out || l->o.norm ? c->k : in->stored,
                            .v = l->v.n_out ? c->v : in->projection,
                            .beta = association_beta(l, theta),
                            .bags = in->bags,
                            .masks = in->masks};
}

void association_store(AssociationCache *c, const Association *l, const real *theta, const real *stored,
                       const real *projection, int n_stored)
{
    const AssociationSide side = stored_side(c, l);
    association_to_space(&side, l, theta, stored, n_stored);
    if (is_through(l)) projection_forward(c->through, &l->k, theta, projection, n_stored);
    if (l->v.n_out) projection_forward(c->v, &l->v, theta, is_through(l) ? c->through : projection, n_stored);
}

void association_recall(real *y, AssociationCache *c, const Association *l, const real *theta,
                        const AssociationInput *in)
{
    const AssociationSide state = state_side(c, l);
    association_to_space(&state, l, theta, in->state, in->bags->n_state);
    const RetrievalInput space = space_of(c, l, theta, in);
    retrieval_forward(c->o, &c->retrieval, &l->retrieval, &space);
    output(y, c, l, theta, out_rows(in->bags));
}

void association_forward(real *y, AssociationCache *c, const Association *l, const real *theta,
                         const AssociationInput *in)
{
    association_store(c, l, theta, in->stored, in->projection, in->bags->n_stored);
    association_recall(y, c, l, theta, in);
}

/* ---- backward ---- */

static void add_to(real *y, const real *x, Index n)
{
    for (Index i = 0; y && i < n; i++) y[i] += x[i];
}

static void space_backward(real *dx, real *grad, const AssociationSide *s, const Association *l, const real *theta,
                           const real *x, int n)
{
    const Index size = n * s->step->row;
    const real *d = s->d;
    if (l->o.norm) {
        const int heads = s->step->head ? l->o.n_head : 1;
        memset(s->draw, 0, size * sizeof *s->draw);
        layernorm_backward(s->draw, grad, s->norm, &l->norm, theta, s->projection->n_out ? s->raw : x, d, n * heads);
        d = s->draw;
    }
    if (s->projection->n_out)
        projection_backward(dx, grad, s->projection, theta, x, d, n);
    else
        add_to(dx, d, size);
}

static void values_backward(real *dprojection, real *grad, AssociationCache *c, const Association *l,
                            const real *theta, const real *projection, int n)
{
    if (!l->v.n_out)
        add_to(dprojection, c->dv, n * l->retrieval.v.row);
    else if (!is_through(l))
        projection_backward(dprojection, grad, &l->v, theta, projection, c->dv, n);
    else {
        memset(c->dthrough, 0, n * l->k.n_out * sizeof *c->dthrough);
        projection_backward(c->dthrough, grad, &l->v, theta, c->through, c->dv, n);
        projection_backward(dprojection, grad, &l->k, theta, projection, c->dthrough, n);
    }
}

/* forward was  y = activation(o W_oᵀ + b_o), 0 where a state sees nothing */
static void output_backward(real *grad, AssociationCache *c, const Association *l, const real *theta, const real *y,
                            const real *dy, int n)
{
    const Index width = l->n_out;
    memcpy(c->da, dy, n * width * sizeof *c->da);
    for (Index i = 0; i < n; i++)
        if (c->retrieval.empty[i])
            memset(c->da + i * width, 0, width * sizeof *c->da);
        else if (l->o.activation != ASSOCIATION_LINEAR)
            for (Index at = i * width; at < (i + 1) * width; at++)
                c->da[at] *= association_slope(y[at], l->o.activation);
    if (!l->out.n_out) {
        memcpy(c->d_o, c->da, n * width * sizeof *c->d_o);
        return;
    }
    memset(c->d_o, 0, n * l->n_read * sizeof *c->d_o);
    projection_backward(c->d_o, grad, &l->out, theta, c->o, c->da, n);
}

void association_backward(const AssociationGrad *d, real *grad, AssociationCache *c, const Association *l,
                          const real *theta, const AssociationInput *in, const real *y, const real *dy)
{
    const Retrieval *r = &l->retrieval;
    const BagPairs *bags = in->bags;
    const RetrievalInput space = space_of(c, l, theta, in);
    const RetrievalGrad dspace = {c->dq, c->dk, c->dv, l->o.beta_learned ? grad + l->beta_at : NULL};
    const AssociationSide state = state_side(c, l), stored = stored_side(c, l);
    memset(c->dq, 0, bags->n_state * r->q.row * sizeof *c->dq);
    memset(c->dk, 0, bags->n_stored * r->k.row * sizeof *c->dk);
    memset(c->dv, 0, bags->n_stored * r->v.row * sizeof *c->dv);
    output_backward(grad, c, l, theta, y, dy, out_rows(bags));
    retrieval_backward(&dspace, &c->retrieval, r, &space, c->d_o);
    space_backward(d->state, grad, &state, l, theta, in->state, bags->n_state);
    space_backward(d->stored, grad, &stored, l, theta, in->stored, bags->n_stored);
    values_backward(d->projection, grad, c, l, theta, in->projection, bags->n_stored);
}
