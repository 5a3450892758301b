/* SPDX-License-Identifier: MIT
 *
 * test_pooling_hopfield.c: Hopfield pooling as the network calls it: gradients in every setting (double), the fast path
 * against the general one, dropout, and what must not depend on threads.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "model/pooling_hopfield.h"
#include "nn/kernel.h"
#include "support/bags.h"

#include <criterion/criterion.h>
#include <math.h>

enum { N_H = 5, WIDTH = 16, N_BAG = 5 };

static const int small_bounds[N_BAG + 1] = {0, 4, 4, 5, 12, 20}; /* one bag is empty, one has a single instance */

/* A pooling by itself, from scores to gradients. */
typedef struct {
    HopfieldPool p;
    ParamList list;
    Arena arena;
    const int *bounds;
    int n, n_bag;
    real *theta, *grad;
    real *h, *dh, *a, *da, *w, *z, *dz;
} Rig;

static HopfieldPoolingSettings settings(void)
{
    HopfieldPoolingSettings s = {0};
    test_options(&s, pooling_hopfield_rows);
    s.n_head = 2, s.head_size = 3, s.output_size = 4;
    s.activation = 2; /* tanh: smooth */
    s.beta = 0.7;
    return s;
}

static void fill(real *x, size_t n, const char *purpose)
{
    Rng rng = rng_stream(1, purpose, 0);
    for (size_t i = 0; i < n; i++) x[i] = (real)rng_normal(&rng);
}

static void fill_h(Rig *r)
{
    Rng rng = rng_stream(1, "h", 0);
    for (int i = 0; i < r->n; i++)
        for (int j = 0; j < N_H; j++) r->h[i * WIDTH + j] = (real)rng_normal(&rng);
}

static Rig *rig_make(const HopfieldPoolingSettings *s, bool general, const int *bounds, int n_bag)
{
    Rig *r = calloc(1, sizeof *r);
    const int n = bounds[n_bag];
    const ModelSizes room = {.n_bag = n_bag, .n_row = n, .n_keep = n, .n_slot = 2, .n_thread = parallel_threads()};
    r->bounds = bounds, r->n = n, r->n_bag = n_bag;
    cr_assert_eq(pooling_hopfield.init(&r->p, &r->list, s, N_H, WIDTH), OK, "%s", status_sentence());
    if (general) r->p.fast = r->p.folds = false;
    for (int pass = 0; pass < 2; pass++) {
        const size_t rows = (size_t)n, columns = (size_t)r->p.base.n_column, n_z = (size_t)(n_bag * r->p.base.n_z);
        pooling_hopfield.plan(&r->p, &r->arena, &room);
        r->theta = ARENA_TAKE(&r->arena, real, r->list.size), r->grad = ARENA_TAKE(&r->arena, real, r->list.size);
        r->h = ARENA_TAKE(&r->arena, real, rows * WIDTH), r->dh = ARENA_TAKE(&r->arena, real, rows * WIDTH);
        r->a = ARENA_TAKE(&r->arena, real, rows * columns), r->da = ARENA_TAKE(&r->arena, real, rows * columns);
        r->w = ARENA_TAKE(&r->arena, real, rows * columns);
        r->z = ARENA_TAKE(&r->arena, real, n_z), r->dz = ARENA_TAKE(&r->arena, real, n_z);
        if (pass == 0) cr_assert_eq(arena_reserve(&r->arena, "a test"), OK);
    }
    memset(r->h, 0, (size_t)n * WIDTH * sizeof *r->h);
    param_start(&r->list, r->theta, 1);
    Rng rng = rng_stream(1, "theta", 0);
    for (size_t i = 0; i < r->list.size; i++) r->theta[i] += (real)(0.3 * rng_normal(&rng));
    const Param *beta = param_find(&r->list, "pooling.beta");
    for (size_t i = 0; beta && i < beta->size; i++) r->theta[beta->at + i] = (real)(0.5 + 0.2 * (double)i);
    fill_h(r);
    fill(r->dz, (size_t)(n_bag * r->p.base.n_z), "dz");
    return r;
}

static void rig_free(Rig *r)
{
    arena_free(&r->arena);
    param_free(&r->list);
    free(r);
}

static Rows rows_at(const Rig *r, int at)
{
    return (Rows){.from = at, .n = r->n - at < KERNEL_BLOCK ? r->n - at : KERNEL_BLOCK, .cached = at};
}

static void forward(Rig *r, const Pass *pass)
{
    pooling_hopfield.prepare(&r->p, r->theta, pass);
    for (int at = 0; at < r->n; at += KERNEL_BLOCK) {
        const Rows rows = rows_at(r, at);
        pooling_hopfield.score(&r->p, r->a + at * r->p.base.n_column, r->h + at * WIDTH, &rows);
    }
    const PoolingBags bags = {r->a, r->h, r->bounds, r->n_bag, NULL};
    pooling_hopfield.pool(&r->p, r->z, r->w, &bags, true);
}

/* Blocks go to the two slots in turn. */
static void backward(Rig *r)
{
    const size_t n = (size_t)r->n, columns = (size_t)r->p.base.n_column;
    memset(r->grad, 0, r->list.size * sizeof *r->grad);
    memset(r->da, 0, n * columns * sizeof *r->da);
    memset(r->dh, 0, n * WIDTH * sizeof *r->dh);
    const PoolingBags bags = {r->a, r->h, r->bounds, r->n_bag, NULL};
    pooling_hopfield.pool_backward(&r->p, r->da, r->dh, r->grad, r->dz, r->z, r->w, &bags);
    for (int slot = 0; slot < 2; slot++) pooling_hopfield.zero(&r->p, slot);
    for (int at = 0; at < r->n; at += KERNEL_BLOCK) {
        const Rows rows = rows_at(r, at);
        pooling_hopfield.score_backward(&r->p, at / KERNEL_BLOCK % 2, r->dh + at * WIDTH, r->da + at * (int)columns,
                                        r->h + at * WIDTH, &rows);
    }
    pooling_hopfield.finish(&r->p, r->grad, 2);
}

static const Pass update_7 = {.seed = 3, .update = 7};

/* ---- every setting ---- */

static const double beta_list[] = {0.4, 1.1}, step_list[] = {2, 0}, eps_list[] = {1e-3, 1};

typedef struct {
    const char *name;
    HopfieldPoolingSettings s;
    bool fits; /* the fast path */
} Variant;

#define VARIANTS 33

/* Each of them is the setting above with something changed. */
static int variants(Variant *v)
{
    int n = 0;
    HopfieldPoolingSettings s = settings();
#define VARIANT(fast, what, ...)                                                                                     \
    do {                                                                                                             \
        s = settings();                                                                                              \
        __VA_ARGS__;                                                                                                 \
        v[n++] = (Variant){what, s, fast};                                                                           \
    } while (0)
    VARIANT(true, "plain", (void)s);
    VARIANT(true, "two queries", s.n_query = 2);
    VARIANT(true, "dropout", s.dropout = 0.5, s.n_query = 2);
    VARIANT(true, "learned beta", s.learn_beta = true);
    VARIANT(true, "beta of each head", s.head_beta = (OptionNumbers){2, (double *)(uintptr_t)beta_list});
    VARIANT(true, "no norms", s.norm_query = s.norm_stored = s.norm_projection = 2);
    VARIANT(true, "plain norms", s.norm_query = s.norm_stored = s.norm_projection = 1);
    VARIANT(true, "keys normed alone", s.norm_projection = 2);
    VARIANT(true, "values normed alone", s.norm_stored = 2);
    VARIANT(true, "no output projection", s.output_projection = false, s.output_size = 0);
    VARIANT(true, "no activation", s.activation = 1);
    VARIANT(true, "no bias", s.bias = false);
    VARIANT(true, "pattern size", s.pattern_size = 2);
    VARIANT(true, "static queries", s.static_query = true);
    VARIANT(true, "queries not learned", s.learn_query = false);
    VARIANT(false, "one step", s.steps = 1, s.n_query = 2);
    VARIANT(false, "three steps, dropout", s.steps = 3, s.dropout = 0.3);
    VARIANT(false, "until convergence", s.steps = -1);
    VARIANT(false, "steps of each head", s.head_steps = (OptionNumbers){2, (double *)(uintptr_t)step_list},
            s.head_eps = (OptionNumbers){2, (double *)(uintptr_t)eps_list});
    VARIANT(false, "the batch stops together", s.steps = 3, s.stop = 1, s.learn_beta = true);
    VARIANT(false, "connected", s.connected = true);
    VARIANT(false, "zero association", s.zero_association = true, s.dropout = 0.5, s.n_query = 2);
    VARIANT(false, "norm of the space", s.norm_space = 2);
    VARIANT(false, "static keys", s.static_stored = true, s.head_size = N_H, s.steps = 1);
    VARIANT(false, "static values", s.static_projection = true, s.pattern_size = 0);
    VARIANT(false, "memory", s.static_query = s.static_stored = s.static_projection = true, s.head_size = N_H,
            s.norm_query = s.norm_stored = s.norm_projection = 2, s.output_projection = false, s.output_size = 0,
            s.steps = 2, s.norm_space = 1);
    VARIANT(false, "distance", s.similarity = SIMILARITY_DISTANCE, s.n_query = 2, s.learn_beta = true);
    VARIANT(false, "distance, steps", s.similarity = SIMILARITY_DISTANCE, s.steps = 2, s.dropout = 0.3);
    VARIANT(false, "tanimoto", s.similarity = SIMILARITY_TANIMOTO, s.beta = 5, s.zero_association = true);
    VARIANT(false, "sparsemax", s.normalizer = NORMALIZER_SPARSEMAX, s.n_query = 2);
    VARIANT(false, "entmax15", s.normalizer = NORMALIZER_ENTMAX15, s.dropout = 0.3, s.learn_beta = true);
    VARIANT(false, "entmax15, static keys, steps", s.normalizer = NORMALIZER_ENTMAX15, s.static_stored = true,
            s.head_size = N_H, s.steps = 2);
    VARIANT(false, "tanimoto, static keys, steps", s.similarity = SIMILARITY_TANIMOTO, s.static_stored = true,
            s.head_size = N_H, s.steps = 1, s.beta = 5);
#undef VARIANT
    return n;
}

#if REAL_IS_DOUBLE

static double loss(Rig *r)
{
    double sum = 0;
    forward(r, &update_7);
    for (int i = 0; i < r->n_bag * r->p.base.n_z; i++) sum += r->z[i] * r->dz[i];
    return sum;
}

static double slope(Rig *r, real *at)
{
    const real was = *at, step = 1e-6;
    *at = was + step;
    const double up = loss(r);
    *at = was - step;
    const double down = loss(r);
    *at = was;
    return (up - down) / (2 * step);
}

static void check_gradient(const Variant *v, bool general)
{
    Rig *r = rig_make(&v->s, general, small_bounds, N_BAG);
    cr_expect_eq(r->p.fast, v->fits && !general, "%s", v->name);
    forward(r, &update_7);
    backward(r);
    for (int k = 0; k < r->list.n; k++) {
        const Param *p = &r->list.param[k];
        for (size_t j = p->at; j < p->at + p->size; j++) {
            const double numeric = p->frozen ? (double)r->grad[j] : slope(r, &r->theta[j]);
            cr_expect_float_eq(r->grad[j], numeric, 1e-7 * fmax(1, fabs(numeric)), "%s: %s[%zu]: %g, not %g", v->name,
                               p->name, j - p->at, r->grad[j], numeric);
        }
    }
    for (int i = 0; i < r->n; i++)
        for (int j = 0; j < N_H; j++) {
            const double numeric = slope(r, &r->h[i * WIDTH + j]);
            cr_expect_float_eq(r->dh[i * WIDTH + j], numeric, 1e-7 * fmax(1, fabs(numeric)),
                               "%s: h[%d, %d]: %g, not %g", v->name, i, j, r->dh[i * WIDTH + j], numeric);
        }
    rig_free(r);
}

Test(model_pooling_hopfield, gradient_of_every_setting)
{
    Variant v[VARIANTS];
    const int n = variants(v);
    cr_assert_eq(n, VARIANTS);
    for (int i = 0; i < n; i++)
        for (int general = 0; general <= v[i].fits; general++) check_gradient(&v[i], general);
}

#endif

/* ---- identities ---- */

static void same(const char *name, const char *what, const real *a, const real *b, size_t n)
{
    double largest = 1;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)b[i]));
    for (size_t i = 0; i < n; i++)
        cr_expect(fabs((double)(a[i] - b[i])) <= (REAL_IS_DOUBLE ? 1e-10 : 1e-4) * largest,
                  "%s: %s[%zu] %.9g, not %.9g", name, what, i, (double)a[i], (double)b[i]);
}

Test(model_pooling_hopfield, the_fast_path_is_the_general_one)
{
    static const int large_bounds[] = {0, 300, 301, 301, 700};
    Variant v[VARIANTS];
    const int n = variants(v);
    for (int i = 0; i < n; i++)
        for (int large = 0; large < 2; large++) { /* what is not pooled the fast way may be scored so */
            const int *bounds = large ? large_bounds : small_bounds, n_bag = large ? 4 : N_BAG;
            Rig *fast = rig_make(&v[i].s, false, bounds, n_bag), *general = rig_make(&v[i].s, true, bounds, n_bag);
            const size_t rows = (size_t)fast->n, columns = (size_t)fast->p.base.n_column;
            forward(fast, &update_7), forward(general, &update_7);
            backward(fast), backward(general);
            same(v[i].name, "a", fast->a, general->a, rows * columns);
            same(v[i].name, "w", fast->w, general->w, rows * columns);
            same(v[i].name, "z", fast->z, general->z, (size_t)(n_bag * fast->p.base.n_z));
            same(v[i].name, "dh", fast->dh, general->dh, rows * WIDTH);
            same(v[i].name, "gradient", fast->grad, general->grad, fast->list.size);
            rig_free(fast), rig_free(general);
        }
}

/* The weights of the last update sum to one; only without extra updates are they the softmax of the scores. */
Test(model_pooling_hopfield, weights_are_those_of_the_last_update)
{
    Variant v[VARIANTS];
    const int n = variants(v);
    for (int i = 0; i < n; i++) {
        Rig *r = rig_make(&v[i].s, false, small_bounds, N_BAG);
        const int columns = r->p.base.n_column;
        forward(r, &update_7); /* with dropout, which weights do not show */
        for (int b = 0; b < N_BAG; b++)
            for (int k = 0; k < columns && small_bounds[b] < small_bounds[b + 1]; k++) {
                double sum = 0;
                for (int j = small_bounds[b]; j < small_bounds[b + 1]; j++) sum += (double)r->w[j * columns + k];
                if (v[i].s.zero_association)
                    cr_expect(sum > 0 && sum < 1, "%s: the zero pattern takes its share", v[i].name);
                else
                    cr_expect_float_eq(sum, 1, 1e-5, "%s: %g", v[i].name, sum);
            }
        rig_free(r);
    }
}

Test(model_pooling_hopfield, an_empty_bag_pools_to_zero)
{
    Variant v[VARIANTS];
    const int n = variants(v);
    for (int i = 0; i < n; i++) {
        Rig *r = rig_make(&v[i].s, false, small_bounds, N_BAG);
        forward(r, NULL);
        for (int j = 0; j < r->p.base.n_z; j++) cr_expect_eq(r->z[r->p.base.n_z + j], 0, "%s", v[i].name);
        rig_free(r);
    }
}

/* Evaluation drops nothing; two updates drop other entries; the same update the same. */
Test(model_pooling_hopfield, dropout_belongs_to_the_update)
{
    static const Pass update_8 = {.seed = 3, .update = 8};
    HopfieldPoolingSettings s = settings();
    Rig *without = rig_make(&s, false, small_bounds, N_BAG);
    s.dropout = 0.5;
    Rig *r = rig_make(&s, false, small_bounds, N_BAG);
    const size_t bytes = (size_t)(N_BAG * r->p.base.n_z) * sizeof *r->z;
    real *first = malloc(bytes);
    forward(without, NULL), forward(r, NULL);
    cr_expect_eq(memcmp(r->z, without->z, bytes), 0);
    forward(r, &update_7);
    cr_expect_neq(memcmp(r->z, without->z, bytes), 0);
    memcpy(first, r->z, bytes);
    forward(r, &update_8);
    cr_expect_neq(memcmp(r->z, first, bytes), 0);
    forward(r, &update_7);
    cr_expect_eq(memcmp(r->z, first, bytes), 0);
    free(first);
    rig_free(without), rig_free(r);
}

/* The share that is dropped, and that what is kept is scaled so that the mean stays. */
Test(model_pooling_hopfield, dropout_drops_its_share)
{
    enum { N = 20000 };
    static const int one_bag[] = {0, N};
    HopfieldPoolingSettings s = settings();
    s.dropout = 0.75;
    Rig *r = rig_make(&s, false, one_bag, 1);
    double kept = 0;
    forward(r, &update_7);
    for (int i = 0; i < N * r->p.base.n_column; i++) kept += r->p.keep[i];
    cr_expect_float_eq(kept / (N * r->p.base.n_column), 0.25, 0.01);
    cr_expect_float_eq((double)r->p.keep_scale, 4, 1e-6);
    rig_free(r);
}

static void same_bits_on_threads(const HopfieldPoolingSettings *s)
{
    enum { BAGS = 4, N = 1500 };
    static const int bounds[BAGS + 1] = {0, N, 2 * N, 3 * N - 7, 4 * N};
    Rig *first = NULL;
    for (int threads = 1; threads <= 4; threads++) {
        cr_assert_eq(parallel_start(threads), OK);
        Rig *r = rig_make(s, false, bounds, BAGS);
        forward(r, &update_7);
        backward(r);
        if (!first) {
            first = r;
            continue;
        }
        cr_expect_eq(memcmp(r->z, first->z, (size_t)(BAGS * r->p.base.n_z) * sizeof *r->z), 0, "%d threads", threads);
        cr_expect_eq(memcmp(r->dh, first->dh, (size_t)r->n * WIDTH * sizeof *r->dh), 0, "%d threads", threads);
        cr_expect_eq(memcmp(r->grad, first->grad, r->list.size * sizeof *r->grad), 0, "%d threads", threads);
        rig_free(r);
    }
    rig_free(first);
    parallel_start(1);
}

Test(model_pooling_hopfield, threads_change_no_bit)
{
    HopfieldPoolingSettings s = settings();
    s.n_head = 8, s.dropout = 0.25;
    same_bits_on_threads(&s);
    s.steps = 2;
    same_bits_on_threads(&s);
    s.normalizer = NORMALIZER_ENTMAX15, s.similarity = SIMILARITY_TANIMOTO;
    same_bits_on_threads(&s);
}

/* Per-bag convergence: a bag's output does not depend on its batch mates. By the batch rule all go on until the last has
 * converged. */
Test(model_pooling_hopfield, batch_mates_count_under_the_batch_rule_alone)
{
    int evaluations[2] = {0};
    for (int stop = 0; stop < 2; stop++) {
        HopfieldPoolingSettings s = settings();
        s.steps = -1, s.stop = stop, s.beta = 4, s.eps = 0.01, s.norm_space = 1;
        Rig *all = rig_make(&s, false, small_bounds, N_BAG);
        const int n_head = s.n_head, n_z = all->p.base.n_z, *n_eval = all->p.general.cache.core.retrieval.n_eval;
        forward(all, NULL);
        for (int b = 0; b < N_BAG; b++) {
            const int own[] = {0, small_bounds[b + 1] - small_bounds[b]};
            for (int h = 0; h < n_head; h++) {
                evaluations[stop] += n_eval[b * n_head + h];
                if (stop == 1) cr_expect_eq(n_eval[b * n_head + h], n_eval[h]);
            }
            if (stop == 1 || own[1] == 0) continue;
            Rig *one = rig_make(&s, false, own, 1);
            memcpy(one->h, all->h + small_bounds[b] * WIDTH, (size_t)own[1] * WIDTH * sizeof *one->h);
            forward(one, NULL);
            for (int j = 0; j < n_z; j++)
                cr_expect_float_eq((double)one->z[j], (double)all->z[b * n_z + j], REAL_IS_DOUBLE ? 1e-13 : 1e-6);
            rig_free(one);
        }
        rig_free(all);
    }
    cr_expect_gt(evaluations[1], evaluations[0]);
}

/* ---- wrong settings ---- */

static void must_fail(const HopfieldPoolingSettings *s, const char *sentence)
{
    HopfieldPool p;
    ParamList list = {0};
    cr_expect_eq(pooling_hopfield.init(&p, &list, s, N_H, WIDTH), ERR_CONFIG, "%s", sentence);
    cr_expect_not_null(strstr(status_sentence(), sentence), "'%s' does not say '%s'", status_sentence(), sentence);
    param_free(&list);
}

Test(model_pooling_hopfield, settings_that_contradict)
{
    HopfieldPoolingSettings s = settings();
    s.head_size = 0, must_fail(&s, "2 heads do not divide a state pattern of 5 numbers");
    s = settings(), s.n_head = 3, s.head_beta = (OptionNumbers){2, (double *)(uintptr_t)beta_list};
    must_fail(&s, "model.pooling.head_beta: 2 numbers are given for 3 heads");
    s = settings(), s.head_steps = (OptionNumbers){2, (double *)(uintptr_t)beta_list};
    must_fail(&s, "model.pooling.head_steps: 0.4 is not a whole number");
    s = settings(), s.learn_beta = true, s.head_beta = (OptionNumbers){2, (double *)(uintptr_t)beta_list};
    must_fail(&s, "must start at one value");
    s = settings(), s.output_projection = false, must_fail(&s, "model.pooling.output_size");
    s = settings(), s.static_stored = true, must_fail(&s, "model.pooling.head_size: with static_stored");
    s = settings(), s.static_projection = true, s.pattern_size = 2, must_fail(&s, "model.pooling.pattern_size");
    s = settings(), s.connected = true, s.pattern_size = 2, must_fail(&s, "a connected pattern projection needs");
    s = settings(), s.connected = s.static_projection = true, must_fail(&s, "both static and connected");
}

Test(model_pooling_hopfield, tensors_have_the_names_of_the_reference)
{
    static const char *const names[] = {"pooling.pooling_weights",
                                        "pooling.beta",
                                        "pooling.hopfield.association_core.in_proj_weight",
                                        "pooling.hopfield.association_core.in_proj_bias",
                                        "pooling.hopfield.association_core.out_proj.weight",
                                        "pooling.hopfield.association_core.out_proj.bias",
                                        "pooling.hopfield.norm_stored_pattern.weight",
                                        "pooling.hopfield.norm_state_pattern.bias",
                                        "pooling.hopfield.norm_pattern_projection.weight"};
    HopfieldPoolingSettings s = settings();
    s.learn_beta = true;
    Rig *r = rig_make(&s, false, small_bounds, N_BAG);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_not_null(param_find(&r->list, names[i]), "%s", names[i]);
    rig_free(r);
}
