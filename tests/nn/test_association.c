/* SPDX-License-Identifier: MIT
 *
 * test_association.c: gradients of every parameter kind and input against finite differences, for every setting; and what
 * must hold of any input. Values recorded from the reference are in test_hopfield.c.
 */
#include "core/rng.h"
#include "nn/association.h"
#include "nn/dynamics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE (REAL_IS_DOUBLE ? 1e-11 : 2e-5)

enum { N_STATE = 6, N_STORED = 6, N_PROJECTION = 6, MOST = 4096 };

/* A layer and a batch for it. */
typedef struct {
    AssociationOptions o;
    Association l;
    ParamList list;
    Arena arena;
    AssociationCache c;
    BagPairs bags;
    RetrievalMasks masks;
    int at_state[8], at_stored[8];
    int n_out; /* rows */
    real *theta, *grad;
    real state[MOST], stored[MOST], projection[MOST], dstate[MOST], dstored[MOST], dprojection[MOST];
    real y[MOST], dy[MOST], add[MOST];
    uint8_t ignore[MOST], block[MOST], keep[MOST];
} Rig;

static void fill(real *x, int n, uint64_t seed, const char *purpose)
{
    Rng rng = rng_stream(seed, purpose, 0);
    for (int i = 0; i < n; i++) x[i] = (real)rng_normal(&rng);
}

static AssociationInput input(const Rig *r)
{
    return (AssociationInput){r->state, r->stored, r->projection, &r->bags, &r->masks};
}

static void forward(Rig *r)
{
    const AssociationInput in = input(r);
    association_forward(r->y, &r->c, &r->l, r->theta, &in);
}

static void backward(Rig *r)
{
    memset(r->grad, 0, (r->list.size + 1) * sizeof *r->grad);
    memset(r->dstate, 0, sizeof r->dstate);
    memset(r->dstored, 0, sizeof r->dstored);
    memset(r->dprojection, 0, sizeof r->dprojection);
    const AssociationInput in = input(r);
    const AssociationGrad d = {r->dstate, r->dstored, r->dprojection};
    association_backward(&d, r->grad, &r->c, &r->l, r->theta, &in, r->y, r->dy);
}

/* Weights of size one: gradients that matter. */
static void fill_theta(Rig *r, uint64_t seed)
{
    r->theta = calloc(r->list.size + 1, sizeof *r->theta);
    r->grad = calloc(r->list.size + 1, sizeof *r->grad);
    fill(r->theta, (int)r->list.size, seed, "theta");
    for (size_t i = 0; i < r->list.size; i++) r->theta[i] *= (real)0.5;
    for (int h = 0; r->o.beta_learned && h < r->o.n_head; h++) r->theta[r->l.beta_at + (size_t)h] = (real)(0.4 + h);
}

static void set_bags(Rig *r, const int *states, const int *stored, int n_bag)
{
    for (int b = 0; b < n_bag; b++) {
        r->at_state[b + 1] = r->at_state[b] + (states ? states[b] : 0);
        r->at_stored[b + 1] = r->at_stored[b] + (stored ? stored[b] : 0);
    }
    r->bags = (BagPairs){n_bag, states ? r->at_state[n_bag] : 2, stored ? r->at_stored[n_bag] : 4,
                         states ? r->at_state : NULL, stored ? r->at_stored : NULL};
}

/* states, stored [n_bag]: of each bag; NULL: 2 or 4 that all share. */
static Rig *rig_make(const AssociationOptions *o, const int *states, const int *stored, int n_bag, uint64_t seed)
{
    Rig *r = calloc(1, sizeof *r);
    r->o = *o;
    cr_assert_eq(association_resolve(&r->o), OK, "%s", status_sentence());
    association_init(&r->l, &r->list, "core.", "beta", &r->o);
    fill_theta(r, seed);
    set_bags(r, states, stored, n_bag);
    const RetrievalSizes room = retrieval_sizes(&r->bags);
    r->n_out = room.n_out;
    for (int pass = 0; pass < 2; pass++) {
        association_plan(&r->c, &r->l, &room, &r->arena);
        if (pass == 0) cr_assert_eq(arena_reserve(&r->arena, "a test"), OK);
    }
    fill(r->state, r->bags.n_state * r->l.n_r, seed, "state");
    fill(r->stored, r->bags.n_stored * r->l.n_y, seed, "stored");
    fill(r->projection, r->bags.n_stored * r->l.n_v, seed, "projection");
    fill(r->dy, r->n_out * r->l.n_out, seed, "dy");
    return r;
}

static void rig_free(Rig *r)
{
    arena_free(&r->arena);
    param_free(&r->list);
    free(r->theta), free(r->grad);
    free(r);
}

static void same(const real *a, const real *b, int n, double tolerance, const char *what)
{
    for (int i = 0; i < n; i++)
        cr_expect(fabs((double)(a[i] - b[i])) <= tolerance * fmax(1, fabs((double)b[i])), "%s [%d]: %.12g and %.12g",
                  what, i, (double)a[i], (double)b[i]);
}

static bool all_zero(const real *x, int n)
{
    for (int i = 0; i < n; i++)
        if (x[i] != 0) return false;
    return true;
}

/* ---- gradients ---- */

static double loss(Rig *r)
{
    double sum = 0;
    forward(r);
    for (int i = 0; i < r->n_out * r->l.n_out; i++) sum += (double)r->dy[i] * (double)r->y[i];
    return sum;
}

/* Differences of fourth order; nothing is checked where one of the points stops at another update. */
static int check(Rig *r, real *at, double want, const char *what, int i)
{
    static const double place[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
    const int n_eval = r->bags.n_bag * r->o.n_head;
    const double step = 2e-4;
    const real old = *at;
    int before[64];
    double slope = 0;
    loss(r);
    memcpy(before, r->c.retrieval.n_eval, (size_t)n_eval * sizeof *before);
    for (int j = 0; j < 4; j++) {
        *at = old + (real)(place[j] * step);
        slope += weight[j] * loss(r) / (12 * step);
        if (memcmp(before, r->c.retrieval.n_eval, (size_t)n_eval * sizeof *before) == 0) continue;
        *at = old;
        return 0;
    }
    *at = old;
    cr_expect(fabs(slope - want) <= 1e-8 * fmax(1, fabs(slope)), "%s [%d]: %.10g, not %.10g", what, i, want, slope);
    return 1;
}

static void check_all(Rig *r, const char *name)
{
    int checked = 0, all = 0;
    forward(r);
    backward(r);
    for (int k = 0; k < r->list.n; k++) {
        const Param *p = &r->list.param[k];
        for (size_t i = p->at; i < p->at + p->size; i++, all++)
            checked += check(r, &r->theta[i], (double)r->grad[i], p->name, (int)(i - p->at));
    }
    for (int i = 0; i < r->bags.n_state * r->l.n_r; i++, all++)
        checked += check(r, &r->state[i], (double)r->dstate[i], "state", i);
    for (int i = 0; i < r->bags.n_stored * r->l.n_y; i++, all++)
        checked += check(r, &r->stored[i], (double)r->dstored[i], "stored", i);
    for (int i = 0; i < r->bags.n_stored * r->l.n_v; i++, all++)
        checked += check(r, &r->projection[i], (double)r->dprojection[i], "projection", i);
    cr_expect_gt(checked, all * 9 / 10, "%s: %d of %d checked", name, checked, all);
    printf("# %s: %d of %d derivatives checked\n", name, checked, all);
}

enum { WITH_IGNORE = 1, WITH_BLOCK = 2, WITH_ADD = 4, WITH_KEEP = 8, WITH_SHARED = 16 };

static void set_masks(Rig *r, int with)
{
    Rng rng = rng_stream(11, "masks", 0);
    for (int i = 0; i < MOST; i++) {
        r->ignore[i] = rng_below(&rng, 4) == 0;
        r->block[i] = rng_below(&rng, 4) == 0;
        r->keep[i] = rng_below(&rng, 2) == 0;
        r->add[i] = i % 7 == 3 ? -(real)INFINITY : (real)rng_normal(&rng);
    }
    if (with & WITH_IGNORE) r->masks.ignore = r->ignore;
    if (with & WITH_BLOCK) r->masks.block = r->block;
    if (with & WITH_ADD) r->masks.add = r->add;
    if (with & WITH_SHARED) r->masks.stride = 8;
    if (with & WITH_KEEP) r->masks.keep = r->keep, r->masks.keep_scale = 2;
}

typedef struct {
    const char *name;
    AssociationOptions o; /* what differs from the default; 0 is not set */
    int steps, masks;
    double beta;
} Setting;

static const Setting settings[] = {
    {"plain", {.n_head = 2}, 0, 0, 0},
    {"learned beta, 2 updates", {.n_head = 3, .beta_learned = true}, 2, 0, 0.5},
    {"widths of their own",
     {.n_stored = 5, .n_projection = 4, .head_size = 3, .pattern_size = 2, .n_out = 3},
     1,
     0,
     0},
    {"until convergence", {.n_head = 2, .head_size = 4, .whole_batch = true}, -1, 0, 0.3},
    {"norm in the space", {.n_head = 2, .head_size = 4, .norm = true, .norm_affine = true}, 2, 0, 0},
    {"norm without weights", {.n_head = 2, .norm = true}, 1, 0, 0},
    {"connected", {.n_head = 2, .head_size = 4, .connected = true}, 1, 0, 0},
    {"connected, static stored", {.n_head = 2, .head_size = 6, .connected = true, .stored_static = true}, 1, 0, 0},
    {"static states", {.n_head = 2, .head_size = 4, .state_static = true}, 1, 0, 0},
    {"static stored", {.n_head = 2, .head_size = 4, .stored_static = true, .beta_learned = true}, 2, 0, 0},
    {"static projection", {.n_head = 2, .head_size = 4, .projection_static = true}, 0, 0, 0},
    {"static and normed",
     {.n_head = 2, .head_size = 4, .state_static = true, .stored_static = true, .norm = true, .norm_affine = true},
     2,
     0,
     0},
    {"all static",
     {.n_head = 2,
      .head_size = 4,
      .state_static = true,
      .stored_static = true,
      .projection_static = true,
      .no_output = true},
     3,
     0,
     0.5},
    {"zero pattern", {.n_head = 2, .zero = true, .beta_learned = true}, 2, 0, 0},
    {"no output, relu", {.n_head = 2, .no_output = true, .activation = ASSOCIATION_RELU}, 0, 0, 0},
    {"tanh", {.n_head = 2, .activation = ASSOCIATION_TANH}, 1, 0, 0},
    {"ignored", {.n_head = 2}, 2, WITH_IGNORE, 0},
    {"blocked", {.n_head = 2}, 2, WITH_BLOCK, 0},
    {"added", {.n_head = 2, .zero = true}, 2, WITH_ADD, 0},
    {"added for all", {.n_head = 2}, 1, WITH_ADD | WITH_SHARED, 0},
    {"dropout", {.n_head = 2, .zero = true}, 1, WITH_KEEP | WITH_IGNORE, 0},
    {"distance", {.n_head = 2, .similarity = SIMILARITY_DISTANCE, .beta_learned = true}, 0, 0, 0},
    {"distance, updates, masks",
     {.n_head = 2, .similarity = SIMILARITY_DISTANCE, .zero = true},
     3,
     WITH_IGNORE | WITH_KEEP,
     0.7},
    {"distance, static and normed",
     {.n_head = 2,
      .head_size = 4,
      .similarity = SIMILARITY_DISTANCE,
      .state_static = true,
      .stored_static = true,
      .norm = true,
      .beta_learned = true},
     1,
     0,
     0},
    {"tanimoto", {.n_head = 2, .similarity = SIMILARITY_TANIMOTO, .beta_learned = true}, 0, 0, 3},
    {"tanimoto, updates, masks",
     {.n_head = 3, .similarity = SIMILARITY_TANIMOTO, .zero = true, .beta_learned = true},
     2,
     WITH_BLOCK | WITH_ADD,
     4},
    {"sparsemax", {.n_head = 2, .normalizer = NORMALIZER_SPARSEMAX, .beta_learned = true}, 0, 0, 0},
    {"sparsemax, updates, masks",
     {.n_head = 2, .normalizer = NORMALIZER_SPARSEMAX, .zero = true},
     2,
     WITH_IGNORE | WITH_KEEP,
     0},
    {"entmax15", {.n_head = 2, .normalizer = NORMALIZER_ENTMAX15, .beta_learned = true}, 0, 0, 0},
    {"entmax15, distance, updates, masks",
     {.n_head = 2, .normalizer = NORMALIZER_ENTMAX15, .similarity = SIMILARITY_DISTANCE, .beta_learned = true},
     2,
     WITH_BLOCK | WITH_ADD,
     0},
    {"tanimoto, static stored",
     {.n_head = 2, .head_size = 4, .similarity = SIMILARITY_TANIMOTO, .stored_static = true},
     2,
     0,
     2},
};

static AssociationOptions options_of(const Setting *s)
{
    AssociationOptions o, d = s->o;
    association_options(&o, N_STATE);
    memcpy(d.beta, o.beta, sizeof d.beta), memcpy(d.steps, o.steps, sizeof d.steps);
    memcpy(d.eps, o.eps, sizeof d.eps);
    d.n_state = N_STATE;
    d.bias = strcmp(s->name, "no output, relu") != 0;
    if (!d.n_head) d.n_head = 2;
    association_heads(&d, s->beta, s->steps, 1e-4);
    if (d.state_static && d.stored_static && d.projection_static) d.n_projection = 4;
    if (d.projection_static && !d.pattern_size) d.pattern_size = 4;
    return d;
}

Test(nn_association, gradients)
{
    static const int states[] = {2, 0, 1, 3}, stored[] = {4, 3, 1, 5};
    if (!REAL_IS_DOUBLE) cr_skip_test("differences need double");
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++)
        for (int shape = 0; shape < 3; shape++) {
            const AssociationOptions o = options_of(&settings[k]);
            Rig *r = rig_make(&o, shape == 1 ? NULL : states, shape == 2 ? NULL : stored, 4, k);
            set_masks(r, settings[k].masks);
            check_all(r, settings[k].name);
            rig_free(r);
        }
}

/* Each head with limits, thresholds and β of its own. */
Test(nn_association, heads_differ)
{
    static const int states[] = {2, 1}, stored[] = {4, 6};
    AssociationOptions o;
    association_options(&o, N_STATE);
    o.n_head = 3, o.head_size = 4;
    o.beta[0] = 0.2, o.beta[1] = 1, o.beta[2] = 0.5;
    o.steps[0] = 0, o.steps[1] = 3, o.steps[2] = -1;
    o.eps[2] = 1e-3;
    Rig *r = rig_make(&o, states, stored, 2, 5);
    forward(r);
    for (int b = 0; b < 2; b++) {
        const int *n = r->c.retrieval.n_eval + 3 * b;
        cr_expect(n[0] == 1 && n[1] >= 2 && n[1] <= 4 && n[2] > 2, "%d %d %d softmaxes", n[0], n[1], n[2]);
    }
    if (REAL_IS_DOUBLE) check_all(r, "heads that differ");
    rig_free(r);
}

/* ---- similarities ---- */

/* By hand: q = (1, 2), k = (3, -1): q·k = 1, ‖q‖² = 5, ‖k‖² = 10. */
Test(nn_association, similarities_by_hand)
{
    cr_expect_eq(similarity_of(SIMILARITY_DOT, 1, 5, 10), 1);
    cr_expect_eq(similarity_of(SIMILARITY_DISTANCE, 1, 5, 10), -4);
    cr_expect_float_eq((double)similarity_of(SIMILARITY_TANIMOTO, 1, 5, 10), 1 / 14.0, 1e-7);
    cr_expect_eq(similarity_of(SIMILARITY_TANIMOTO, 5, 5, 5), 1, "a pattern with itself");
    cr_expect_float_eq((double)similarity_of(SIMILARITY_TANIMOTO, -5, 5, 5), -1 / 3.0, 1e-7, "and with its opposite");
    cr_expect_eq(similarity_of(SIMILARITY_TANIMOTO, 0, 5, 0), 0);
    cr_expect_eq(similarity_of(SIMILARITY_TANIMOTO, 0, 0, 0), 0);
    cr_expect(isnan(similarity_of(SIMILARITY_TANIMOTO, (real)NAN, 5, (real)NAN)), "NaN stays NaN");
    const SimilaritySlope none = similarity_slope(SIMILARITY_TANIMOTO, 0, 0, 0);
    cr_expect(none.cross == 0 && none.own_q == 0 && none.own_k == 0);
}

/* All static: the weights follow from the patterns alone. With distance the nearest gets most, however short. */
Test(nn_association, weights_of_each_similarity)
{
    static const int states[] = {1}, stored[] = {3};
    static const real q[] = {1, 1}, k[] = {1, 1, 3, 3, 0, 0};
    static const double score[][3] = {{2, 6, 0}, {1, -3, 0}, {1, 6 / 14.0, 0}};
    for (int kind = SIMILARITY_DOT; kind <= SIMILARITY_TANIMOTO; kind++) {
        AssociationOptions o;
        association_options(&o, 2);
        o.state_static = o.stored_static = o.projection_static = o.no_output = true;
        o.head_size = o.pattern_size = 2, o.similarity = (Similarity)kind;
        Rig *r = rig_make(&o, states, stored, 1, 1);
        memcpy(r->state, q, sizeof q), memcpy(r->stored, k, sizeof k);
        forward(r);
        double sum = 0;
        for (int i = 0; i < 3; i++) sum += exp(score[kind][i]);
        for (int i = 0; i < 3; i++)
            cr_expect_float_eq((double)r->c.retrieval.p[i], exp(score[kind][i]) / sum, 1e-6, "%d: %d", kind, i);
        rig_free(r);
    }
}

/* E(ξ) = -1/β log Σ exp(β (ξ·k_i - ½ ‖k_i‖²)) + ½ ‖ξ‖² is what updates by distance lower. */
Test(nn_association, distance_lowers_its_energy)
{
    enum { N = 6, D = 3 };
    real xi[D], k[N * D];
    const double beta = 1.5;
    double last = INFINITY;
    fill(xi, D, 3, "xi"), fill(k, N * D, 3, "k");
    for (int t = 0; t < 20; t++) {
        double p[N], sum = 0, square = 0;
        for (int f = 0; f < D; f++) square += (double)xi[f] * (double)xi[f];
        for (int i = 0; i < N; i++) {
            double product = 0, own = 0;
            for (int f = 0; f < D; f++)
                product += (double)xi[f] * (double)k[i * D + f], own += (double)k[i * D + f] * (double)k[i * D + f];
            p[i] = exp(beta * (double)similarity_of(SIMILARITY_DISTANCE, (real)product, 0, (real)own));
            sum += p[i];
        }
        const double energy = -log(sum) / beta + square / 2;
        cr_expect(energy <= last + (REAL_IS_DOUBLE ? 1e-12 : 1e-5), "%d: %g after %g", t, energy, last);
        last = energy;
        for (int f = 0; f < D; f++) {
            double next = 0;
            for (int i = 0; i < N; i++) next += p[i] / sum * (double)k[i * D + f];
            xi[f] = (real)next;
        }
    }
}

/* ---- identities ---- */

static AssociationOptions plain(int n_head, int steps, double beta)
{
    AssociationOptions o;
    association_options(&o, N_STATE);
    o.n_head = n_head;
    association_heads(&o, beta, steps, 1e-4);
    return o;
}

/* p = 1, whatever the state: no gradient to it, nor to the stored pattern. */
Test(nn_association, one_instance)
{
    static const int states[] = {3}, stored[] = {1};
    for (int steps = -1; steps < 3; steps++) {
        const AssociationOptions o = plain(2, steps, 0);
        Rig *r = rig_make(&o, states, stored, 1, 1);
        forward(r);
        for (int i = 0; i < 6; i++) cr_expect_eq(r->c.retrieval.p[i], 1);
        backward(r);
        cr_expect(all_zero(r->dstate, MOST) && all_zero(r->dstored, MOST) && !all_zero(r->dprojection, MOST));
        rig_free(r);
    }
}

Test(nn_association, equal_instances)
{
    static const int states[] = {2}, stored[] = {5};
    const AssociationOptions o = plain(2, 2, 3);
    Rig *r = rig_make(&o, states, stored, 1, 2);
    for (int i = 1; i < 5; i++) memcpy(r->stored + i * N_STORED, r->stored, N_STORED * sizeof *r->stored);
    forward(r);
    for (int i = 0; i < 20; i++) cr_expect_float_eq((double)r->c.retrieval.p[i], 0.2, 1e-6);
    rig_free(r);
}

/* β near 0 averages; a large one chooses, with scores whose exponentials no number holds. */
Test(nn_association, extreme_beta)
{
    static const int states[] = {2}, stored[] = {7};
    const AssociationOptions small = plain(1, 0, 1e-3 / 100), large = plain(1, 3, 1000);
    Rig *r = rig_make(&small, states, stored, 1, 3);
    forward(r);
    for (int i = 0; i < 14; i++) cr_expect_float_eq((double)r->c.retrieval.p[i], 1 / 7.0, 1e-4);
    rig_free(r);
    r = rig_make(&large, states, stored, 1, 3);
    for (int i = 0; i < MOST; i++) r->stored[i] *= 1000;
    forward(r);
    backward(r);
    for (int l = 0; l < 2; l++) {
        int ones = 0;
        for (int i = 0; i < 7; i++) ones += r->c.retrieval.p[l * 7 + i] == 1;
        cr_expect_eq(ones, 1);
    }
    for (int i = 0; i < 2 * r->l.n_out; i++) cr_expect(isfinite(r->y[i]));
    for (int i = 0; i < 7 * N_STORED; i++) cr_expect(isfinite(r->dstored[i]) && isfinite(r->dprojection[i]));
    rig_free(r);
}

static void move_row(real *to, const real *from, int i, int j, int width)
{
    memcpy(to + i * width, from + j * width, (size_t)width * sizeof *to);
}

/* The order of instances, and how often the whole bag is there, make no difference. */
Test(nn_association, order_and_repetition)
{
    static const int states[] = {2}, once[] = {5}, twice[] = {10}, order[] = {3, 0, 4, 1, 2, 2, 1, 0, 3, 4};
    for (int steps = -1; steps < 3; steps++) {
        const AssociationOptions o = plain(2, steps, 0);
        Rig *a = rig_make(&o, states, once, 1, 4), *b = rig_make(&o, states, once, 1, 4);
        Rig *c = rig_make(&o, states, twice, 1, 4);
        memcpy(c->theta, a->theta, a->list.size * sizeof *a->theta);
        memcpy(c->state, a->state, sizeof a->state);
        for (int i = 0; i < 10; i++) {
            move_row(c->stored, a->stored, i, order[i], N_STORED);
            move_row(c->projection, a->projection, i, order[i], N_PROJECTION);
            if (i >= 5) continue;
            move_row(b->stored, a->stored, i, order[i], N_STORED);
            move_row(b->projection, a->projection, i, order[i], N_PROJECTION);
        }
        /* Twice as many entries of half the size are nearer by √2: the same number of updates needs a larger eps. */
        for (int h = 0; h < 2; h++) c->l.retrieval.eps[h] = 1e-4 / sqrt(2);
        forward(a), forward(b), forward(c);
        backward(a), backward(b);
        same(b->y, a->y, 2 * a->l.n_out, CLOSE, "another order");
        same(c->y, a->y, 2 * a->l.n_out, CLOSE, "everything twice");
        same(b->grad, a->grad, (int)a->list.size, 10 * CLOSE, "gradients in another order");
        rig_free(a), rig_free(b), rig_free(c);
    }
}

/* A constant added to all scores changes nothing. */
Test(nn_association, shifted_scores)
{
    static const int states[] = {2, 3}, stored[] = {5, 2};
    const AssociationOptions o = plain(2, 2, 0);
    Rig *a = rig_make(&o, states, stored, 2, 6), *b = rig_make(&o, states, stored, 2, 6);
    for (int i = 0; i < MOST; i++) b->add[i] = 16;
    b->masks.add = b->add;
    forward(a), forward(b);
    backward(a), backward(b);
    same(b->y, a->y, a->n_out * a->l.n_out, 10 * CLOSE, "output");
    same(b->grad, a->grad, (int)a->list.size, 100 * CLOSE, "gradient");
    rig_free(a), rig_free(b);
}

/* An empty bag, and one all of whose instances are masked: output 0, no gradient from there; its neighbours as if it
 * were not. */
Test(nn_association, nothing_to_see)
{
    static const int states[] = {2, 2, 2}, stored[] = {3, 0, 4}, only[] = {3}, two[] = {2};
    const AssociationOptions o = plain(2, 2, 0);
    Rig *a = rig_make(&o, states, stored, 3, 7), *b = rig_make(&o, two, only, 1, 7);
    for (int i = 3; i < 7; i++) a->ignore[i] = 1;
    a->masks.ignore = a->ignore;
    forward(a), forward(b);
    backward(a), backward(b);
    const int n = 2 * a->l.n_out;
    same(a->y, b->y, n, CLOSE, "its neighbour");
    cr_expect(all_zero(a->y + n, 2 * n), "output of empty bags");
    same(a->grad, b->grad, (int)a->list.size, 10 * CLOSE, "gradient");
    cr_expect(all_zero(a->dstate + 2 * N_STATE, 4 * N_STATE) && all_zero(a->dstored + 3 * N_STORED, 4 * N_STORED) &&
              all_zero(a->dprojection + 3 * N_PROJECTION, 4 * N_PROJECTION));
    rig_free(a), rig_free(b);
}

/* One state that sees nothing in one head only: the other heads speak for it. */
Test(nn_association, blind_head)
{
    static const int states[] = {2}, stored[] = {3};
    const AssociationOptions o = plain(2, 1, 0);
    Rig *r = rig_make(&o, states, stored, 1, 8);
    for (int i = 0; i < 3; i++) r->block[i] = 1; /* head 0, state 0 */
    r->masks.block = r->block;
    forward(r);
    backward(r);
    cr_expect(all_zero(r->c.retrieval.p, 3) && !all_zero(r->y, r->l.n_out));
    if (REAL_IS_DOUBLE) check_all(r, "a head that sees nothing");
    rig_free(r);
}

/* A bag's result does not depend on its neighbours, until convergence and with static parts of several heads too. */
Test(nn_association, neighbours)
{
    static const int states[] = {2, 1, 3}, stored[] = {5, 9, 2};
    for (int k = 0; k < 3; k++) {
        AssociationOptions o = plain(3, -1, 0.7);
        o.head_size = 6;
        o.state_static = k == 1, o.stored_static = k == 2, o.projection_static = k > 0;
        Rig *all = rig_make(&o, states, stored, 3, 9);
        forward(all);
        for (int b = 0; b < 3; b++) {
            Rig *one = rig_make(&o, states + b, stored + b, 1, 9);
            memcpy(one->state, all->state + all->at_state[b] * N_STATE, 20 * sizeof *one->state);
            memcpy(one->stored, all->stored + all->at_stored[b] * N_STORED, 60 * sizeof *one->state);
            memcpy(one->projection, all->projection + all->at_stored[b] * N_PROJECTION, 60 * sizeof *one->state);
            forward(one);
            same(all->y + all->at_state[b] * all->l.n_out, one->y, states[b] * one->l.n_out, CLOSE, "alone");
            for (int h = 0; h < 3; h++) cr_expect_eq(all->c.retrieval.n_eval[3 * b + h], one->c.retrieval.n_eval[h]);
            rig_free(one);
        }
        rig_free(all);
    }
}

/* The reference's rule: heads go on until the slowest bag of the batch is done. */
Test(nn_association, whole_batch)
{
    static const int states[] = {2, 1, 3}, stored[] = {5, 9, 2};
    AssociationOptions o = plain(3, -1, 0.7);
    Rig *each = rig_make(&o, states, stored, 3, 9);
    o.whole_batch = true;
    Rig *all = rig_make(&o, states, stored, 3, 9);
    forward(each), forward(all);
    for (int h = 0; h < 3; h++) {
        int most = 0;
        for (int b = 0; b < 3; b++) {
            cr_expect_eq(all->c.retrieval.n_eval[3 * b + h], all->c.retrieval.n_eval[h]);
            if (each->c.retrieval.n_eval[3 * b + h] > most) most = each->c.retrieval.n_eval[3 * b + h];
        }
        cr_expect_geq(all->c.retrieval.n_eval[h], most);
    }
    rig_free(each), rig_free(all);
}

static AssociationOptions memory(int d, int steps, double beta, double eps)
{
    AssociationOptions o;
    association_options(&o, d);
    o.state_static = o.stored_static = o.projection_static = o.no_output = true;
    association_heads(&o, beta, steps, eps);
    return o;
}

/* At β m_max² = 1 the update 1, -1 ← tanh converges as 1/√n: no thousand updates reach 1e-9. */
Test(nn_association, cap)
{
    static const int states[] = {1, 1}, stored[] = {2, 2};
    const AssociationOptions o = memory(1, -1, 1, 1e-9);
    Rig *r = rig_make(&o, states, stored, 2, 10);
    r->stored[0] = 1, r->stored[1] = -1, r->stored[2] = 3, r->stored[3] = -3;
    r->state[0] = 1, r->state[1] = 3;
    forward(r);
    cr_expect_eq(r->c.retrieval.n_capped, 1);
    cr_expect_eq(r->c.retrieval.n_eval[0], RETRIEVAL_CAP + 1);
    cr_expect_lt(r->c.retrieval.n_eval[1], 100);
    backward(r);
    cr_expect(isfinite(r->dstored[0]) && isfinite(r->dstate[0]));
    rig_free(r);
}

/* Without projections the layer is the dynamical system: T + 1 softmaxes read out what T + 1 updates reach. */
Test(nn_association, is_the_dynamical_system)
{
    static const int states[] = {4}, stored[] = {6};
    const AssociationOptions o = memory(5, 3, 0.6, 1e-300);
    Rig *r = rig_make(&o, states, stored, 1, 12);
    double x[30], xi[5], scratch[11];
    forward(r);
    for (int i = 0; i < 30; i++) r->projection[i] = r->stored[i], x[i] = (double)r->stored[i];
    forward(r);
    const Patterns s = {x, 6, 5, 0.6};
    for (int l = 0; l < 4; l++) {
        for (int f = 0; f < 5; f++) xi[f] = (double)r->state[l * 5 + f];
        dynamics_retrieve(xi, &s, 1e-300, 4, scratch);
        for (int f = 0; f < 5; f++) cr_expect_float_eq((double)r->y[l * 5 + f], xi[f], REAL_IS_DOUBLE ? 1e-13 : 1e-5);
    }
    rig_free(r);
}

/* ---- settings ---- */

static void refuse(const AssociationOptions *given, const char *word)
{
    AssociationOptions o = *given;
    cr_expect_eq(association_resolve(&o), ERR_CONFIG, "%s: not refused", word);
    cr_expect(strstr(status_sentence(), word), "\"%s\" does not say %s", status_sentence(), word);
}

Test(nn_association, refused)
{
    AssociationOptions o = plain(4, 0, 0);
    refuse(&o, "divide");
    o = plain(0, 0, 0), refuse(&o, "heads");
    o = plain(RETRIEVAL_HEADS + 1, 0, 0), refuse(&o, "heads");
    o = plain(2, 0, -1), refuse(&o, "beta");
    o = plain(2, -2, 0), refuse(&o, "steps");
    o = plain(2, 0, 0), o.eps[1] = 0, refuse(&o, "eps");
    o = plain(2, 0, 0), o.norm_affine = true, refuse(&o, "norm");
    o = plain(2, 0, 0), o.norm = o.norm_affine = true, refuse(&o, "head_size");
    o = plain(2, 0, 0), o.connected = o.projection_static = true, refuse(&o, "connected");
    o = plain(2, 0, 0), o.connected = true, o.n_projection = 5, refuse(&o, "connected");
    o = plain(2, 0, 0), o.beta_learned = true, o.beta[0] = 1, refuse(&o, "beta");
    o = plain(2, 0, 0), o.n_state = 0, refuse(&o, "sizes");
}

Test(nn_association, default_beta)
{
    AssociationOptions o = plain(2, 0, 0), m = memory(5, 0, 0, 1e-4);
    cr_assert_eq(association_resolve(&o), OK);
    cr_expect_float_eq(o.beta[1], 1 / sqrt(3), 1e-15);
    cr_assert_eq(association_resolve(&m), OK);
    cr_expect_eq(m.beta[0], 1);
}
