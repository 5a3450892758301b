/* SPDX-License-Identifier: MIT
 *
 * test_fixedquery.c: pooling without keys and values against the general path, in every setting that it serves.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "nn/fixedquery.h"
#include "support/fixedrun.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE (REAL_IS_DOUBLE ? 1e-12 : 5e-5)

enum { N_IN = 7, N_BAG = 5, MOST = 4096 };

static const int bounds[N_BAG + 1] = {0, 4, 4, 5, 14, 40}; /* one bag is empty, one has a single instance */

typedef struct {
    HopfieldPooling l;
    ParamList list;
    Arena arena;
    BagPairs bags;
    HopfieldCache general;
    FixedRun fixed;
    real *theta, *grad[2]; /* general, fixed */
    real x[MOST], dx[2][MOST], z[2][MOST], dz[MOST];
    uint8_t keep[MOST], keep_general[MOST];
    bool drops;
} Rig;

static void fill(real *x, size_t n, const char *purpose)
{
    Rng rng = rng_stream(1, purpose, 0);
    for (size_t i = 0; i < n; i++) x[i] = (real)rng_normal(&rng);
}

/* Entry (bag, head, query, instance) of the general path's association is (instance, query · n_head + head) here. */
static void fill_keep(Rig *r)
{
    Rng rng = rng_stream(2, "keep", 0);
    const int n_head = r->l.hopfield.core.o.n_head, quantity = r->l.quantity;
    size_t at = 0;
    for (int i = 0; i < bounds[N_BAG] * r->fixed.f.n_column; i++) r->keep[i] = rng_below(&rng, 4) > 0;
    for (int b = 0; b < N_BAG; b++)
        for (int h = 0; h < n_head; h++)
            for (int q = 0; q < quantity; q++)
                for (int i = bounds[b]; i < bounds[b + 1]; i++)
                    r->keep_general[at++] = r->keep[i * r->fixed.f.n_column + q * n_head + h];
}

static Rig *rig_make(const HopfieldPoolingOptions *given, bool drops)
{
    Rig *r = calloc(1, sizeof *r);
    HopfieldPoolingOptions o = *given;
    cr_assert_eq(hopfield_pooling_resolve(&o), OK, "%s", status_sentence());
    hopfield_pooling_init(&r->l, &r->list, "pooling.", &o);
    cr_assert(fixedquery_fits(&r->l));
    r->bags = hopfield_pooling_pairs(&r->l, bounds, N_BAG);
    const RetrievalSizes room = retrieval_sizes(&r->bags);
    for (int pass = 0; pass < 2; pass++) {
        hopfield_plan(&r->general, &r->l.hopfield, &room, &r->arena);
        fixedrun_plan(&r->fixed, &r->l, bounds[N_BAG], N_BAG, &r->arena);
        if (pass == 0) cr_assert_eq(arena_reserve(&r->arena, "a test"), OK);
    }
    r->theta = calloc(r->list.size, sizeof *r->theta);
    for (int k = 0; k < 2; k++) r->grad[k] = calloc(r->list.size, sizeof *r->theta);
    fill(r->theta, r->list.size, "theta");
    if (o.hopfield.core.beta_learned)
        for (int h = 0; h < o.hopfield.core.n_head; h++)
            r->theta[r->l.hopfield.core.beta_at + (size_t)h] = (real)(0.3 + 0.2 * h);
    fill(r->x, (size_t)(bounds[N_BAG] * N_IN), "x");
    fill(r->dz, (size_t)(N_BAG * o.quantity * r->l.hopfield.core.n_out), "dz");
    r->drops = drops;
    fill_keep(r);
    return r;
}

static void rig_free(Rig *r)
{
    arena_free(&r->arena);
    param_free(&r->list);
    free(r->theta), free(r->grad[0]), free(r->grad[1]);
    free(r);
}

static void run_general(Rig *r)
{
    const RetrievalMasks masks = {.keep = r->drops ? r->keep_general : NULL, .keep_scale = (real)1.25};
    const AssociationInput in = {.stored = r->x, .bags = &r->bags, .masks = &masks};
    hopfield_pooling_forward(r->z[0], &r->general, &r->l, r->theta, &in);
    hopfield_pooling_backward(&(AssociationGrad){.stored = r->dx[0]}, r->grad[0], &r->general, &r->l, r->theta, &in,
                              r->z[0], r->dz);
}

static void run_fixed(Rig *r, real *dx)
{
    const uint8_t *keep = r->drops ? r->keep : NULL;
    fixedrun_prepare(&r->fixed, r->theta);
    fixedrun_forward(r->z[1], &r->fixed, r->theta, r->x, bounds, N_BAG, keep, (real)1.25);
    fixedrun_backward(dx, r->grad[1], &r->fixed, r->theta, r->z[1], r->dz, bounds, N_BAG, keep, (real)1.25);
    fixedquery_finish(r->grad[1], r->fixed.du, &r->fixed.f, r->theta);
}

static void same(const real *a, const real *b, size_t n, const char *what)
{
    double largest = 1;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)b[i]));
    for (size_t i = 0; i < n; i++)
        cr_expect(fabs((double)(a[i] - b[i])) <= CLOSE * largest, "%s [%zu]: %.12g, not %.12g", what, i, (double)a[i],
                  (double)b[i]);
}

/* Scores are β q·k, the constant included. */
static void compare_scores(const Rig *r)
{
    const Association *core = &r->l.hopfield.core;
    const HeadStep *sq = &core->retrieval.q, *sk = &core->retrieval.k;
    const real *q = core->q.n_out                ? r->general.core.q
                    : r->l.hopfield.o.norm_state ? r->general.state
                                                 : r->theta + r->l.query_at;
    for (int i = 0; i < bounds[N_BAG]; i++)
        for (int column = 0; column < r->fixed.f.n_column; column++) {
            const int query = column / core->o.n_head, h = column % core->o.n_head;
            double score = 0;
            for (int f = 0; f < core->o.head_size; f++)
                score += (double)q[query * sq->row + h * sq->head + f] *
                         (double)r->general.core.k[i * sk->row + h * sk->head + f];
            score *= (double)association_beta(core, r->theta)[h];
            cr_expect_float_eq((double)r->fixed.a[i * r->fixed.f.n_column + column], score,
                               10 * CLOSE * fmax(1, fabs(score)));
        }
}

static void compare(const HopfieldPoolingOptions *o, const char *name)
{
    for (int drops = 0; drops < 2; drops++) {
        Rig *r = rig_make(o, drops);
        run_general(r);
        run_fixed(r, r->dx[1]);
        compare_scores(r);
        same(r->z[1], r->z[0], (size_t)(N_BAG * r->l.quantity * r->l.hopfield.core.n_out), name);
        same(r->dx[1], r->dx[0], (size_t)(bounds[N_BAG] * N_IN), name);
        for (int k = 0; k < r->list.n; k++) {
            const Param *p = &r->list.param[k];
            same(r->grad[1] + p->at, r->grad[0] + p->at, p->size, p->name);
        }
        rig_free(r);
    }
}

static HopfieldPoolingOptions default_options(void)
{
    HopfieldPoolingOptions o = {.quantity = 3};
    hopfield_options(&o.hopfield, N_IN);
    o.hopfield.core.n_head = 2;
    o.hopfield.core.head_size = 4;
    o.hopfield.core.n_out = 5;
    return o;
}

Test(nn_fixedquery, is_the_general_path)
{
    HopfieldPoolingOptions o = default_options();
    AssociationOptions *core = &o.hopfield.core;
    compare(&o, "default");
    core->pattern_size = 3, compare(&o, "pattern size");
    core->beta_learned = true, compare(&o, "learned beta");
    core->activation = ASSOCIATION_TANH, compare(&o, "tanh");
    core->bias = false, compare(&o, "no bias");
    core->no_output = true, compare(&o, "no output");
    core->bias = true, core->state_static = true, compare(&o, "static queries");
    o.hopfield.norm_state = o.hopfield.norm_state_affine = false;
    compare(&o, "static queries as they are");
    o.fixed = true, compare(&o, "queries not learned");
}

Test(nn_fixedquery, norms)
{
    for (int which = 0; which < 9; which++) { /* off, without weights, with, for each of the two */
        HopfieldPoolingOptions o = default_options();
        o.hopfield.norm_stored = which % 3 > 0, o.hopfield.norm_stored_affine = which % 3 > 1;
        o.hopfield.norm_projection = which / 3 > 0, o.hopfield.norm_projection_affine = which / 3 > 1;
        compare(&o, "norms");
    }
}

/* Without dx the parameters' gradients are the same. */
Test(nn_fixedquery, no_input_gradient)
{
    for (int normed = 0; normed < 2; normed++) {
        HopfieldPoolingOptions o = default_options();
        if (!normed) o.hopfield.norm_stored = o.hopfield.norm_stored_affine = false;
        if (!normed) o.hopfield.norm_projection = o.hopfield.norm_projection_affine = false;
        Rig *a = rig_make(&o, true), *b = rig_make(&o, true);
        run_fixed(a, a->dx[1]), run_fixed(b, NULL);
        cr_expect_eq(memcmp(a->grad[1], b->grad[1], a->list.size * sizeof *a->theta), 0);
        rig_free(a), rig_free(b);
    }
}

/* Bags one at a time, one slab and one du for all of them: the same sums. */
Test(nn_fixedquery, bag_by_bag)
{
    HopfieldPoolingOptions o = default_options();
    Rig *all = rig_make(&o, false), *one = rig_make(&o, false);
    const int n_z = o.quantity * all->l.hopfield.core.n_out;
    run_fixed(all, all->dx[1]);
    fixedrun_prepare(&one->fixed, one->theta);
    for (int b = 0; b < N_BAG; b++) {
        const int own[] = {0, bounds[b + 1] - bounds[b]}, at = bounds[b] * N_IN;
        fixedrun_forward(one->z[1] + b * n_z, &one->fixed, one->theta, one->x + at, own, 1, NULL, 1);
        fixedrun_backward(one->dx[1] + at, one->grad[1], &one->fixed, one->theta, one->z[1] + b * n_z,
                          one->dz + b * n_z, own, 1, NULL, 1);
    }
    fixedquery_finish(one->grad[1], one->fixed.du, &one->fixed.f, one->theta);
    same(one->z[1], all->z[1], (size_t)(N_BAG * n_z), "z");
    same(one->dx[1], all->dx[1], (size_t)(bounds[N_BAG] * N_IN), "dx");
    same(one->grad[1], all->grad[1], all->list.size, "gradient");
    rig_free(all), rig_free(one);
}

Test(nn_fixedquery, fits)
{
    static const char *const never[] = {"steps", "stored", "projection", "connected", "norm", "zero", "widths"};
    for (int k = 0; k < 7; k++) {
        HopfieldPoolingOptions o = default_options();
        AssociationOptions *core = &o.hopfield.core;
        HopfieldPooling l;
        ParamList list = {0};
        core->steps[1] = k == 0;
        core->stored_static = k == 1;
        core->projection_static = k == 2;
        core->connected = k == 3, core->norm = k == 4, core->zero = k == 5;
        if (k == 6) core->n_projection = N_IN + 1;
        cr_assert_eq(hopfield_pooling_resolve(&o), OK, "%s", status_sentence());
        hopfield_pooling_init(&l, &list, "", &o);
        cr_expect_not(fixedquery_fits(&l), "%s", never[k]);
        param_free(&list);
    }
}
