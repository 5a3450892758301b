/* SPDX-License-Identifier: MIT
 *
 * test_hopfield.c: every configuration of the reference's three layers, values and gradients. The files hold
 * padded batches; here each is run twice, as ragged bags and with the padding as a mask.
 */
#include "support/hopfieldcase.h"

/* ---- running ---- */

/* A projection that is not given: pooling's own affair, and otherwise the stored patterns. */
static AssociationInput input(const Case *c)
{
    const real *projection = c->projection.n ? c->projection.x : c->kind == POOLING ? NULL : c->stored.x;
    return (AssociationInput){
        .state = c->state.x, .stored = c->stored.x, .projection = projection, .bags = &c->bags, .masks = &c->masks};
}

static void forward(Case *c)
{
    const AssociationInput in = input(c);
    if (c->kind == POOLING)
        hopfield_pooling_forward(c->y, &c->cache, &c->pool, c->theta, &in);
    else if (c->kind == LOOKUP)
        hopfield_lookup_forward(c->y, &c->cache, &c->look, c->theta, &in);
    else
        hopfield_forward(c->y, &c->cache, &c->plain, c->theta, &in);
}

static void backward(Case *c)
{
    const AssociationInput in = input(c);
    const AssociationGrad d = {c->state.dx, c->stored.dx, c->projection.n ? c->projection.dx : c->stored.dx};
    if (c->kind == POOLING)
        hopfield_pooling_backward(&d, c->grad, &c->cache, &c->pool, c->theta, &in, c->y, c->dy);
    else if (c->kind == LOOKUP)
        hopfield_lookup_backward(&d, c->grad, &c->cache, &c->look, c->theta, &in, c->y, c->dy);
    else
        hopfield_backward(&d, c->grad, &c->cache, &c->plain, c->theta, &in, c->y, c->dy);
}

/* Mean over the batch of the cross entropy of a linear output on top. */
static void head_loss(Case *c)
{
    GoldenArray w, bias, target;
    double logit[16], loss = 0, dw[256] = {0}, db = 0;
    golden_read(&w, &c->g, path_of(c, "inputs/head_weight", ""));
    golden_read(&bias, &c->g, path_of(c, "inputs/head_bias", ""));
    golden_read(&target, &c->g, path_of(c, "inputs/target", ""));
    const int n = (int)w.n;
    for (int b = 0; b < c->batch; b++) {
        logit[b] = bias.v[0];
        for (int j = 0; j < n; j++) logit[b] += (double)c->y[b * n + j] * w.v[j];
        loss += (log1p(exp(-fabs(logit[b]))) + fmax(logit[b], 0) - logit[b] * target.v[b]) / c->batch;
        const double dlogit = (1 / (1 + exp(-logit[b])) - target.v[b]) / c->batch;
        db += dlogit;
        for (int j = 0; j < n; j++) {
            dw[j] += dlogit * (double)c->y[b * n + j];
            c->dy[b * n + j] = (real)(dlogit * w.v[j]);
        }
    }
    char path[32];
    const char *const names[] = {"logit", "loss", "grad/head_weight", "grad/head_bias"};
    const double *const values[] = {logit, &loss, dw, &db};
    const size_t sizes[] = {(size_t)c->batch, 1, (size_t)n, 1};
    for (int j = 0; j < 4; j++) {
        snprintf(path, sizeof path, "%s/%s", VALUES, names[j]);
        same(c, path, values[j], sizes[j]);
    }
    golden_free(&w), golden_free(&bias), golden_free(&target);
}

static void sum_loss(Case *c)
{
    GoldenArray cotangent;
    double loss = 0;
    char path[32];
    cr_assert(golden_read(&cotangent, &c->g, path_of(c, "inputs/cotangent", "")));
    for (size_t j = 0; j < cotangent.n; j++) {
        c->dy[j] = (real)cotangent.v[j];
        loss += cotangent.v[j] * (double)c->y[j];
    }
    snprintf(path, sizeof path, "%s/loss", VALUES);
    same(c, path, &loss, 1);
    golden_free(&cotangent);
}

/* ---- what is compared ---- */

static void compare_association(Case *c)
{
    static double p[MOST];
    char path[32];
    memset(p, 0, sizeof p);
    for (int at = 0; at < c->n_entry; at++)
        p[c->entry[at].row * c->n_col + c->entry[at].column] = (double)c->cache.core.retrieval.p[at];
    snprintf(path, sizeof path, "%s/association", VALUES);
    same(c, path, p, (size_t)(c->batch * c->o->core.n_head * c->n_state * c->n_col));
}

/* [batch, head, stored + zero, pattern_size]. Padded rows of ragged bags do not exist here: what the file has there
 * is not ours to compare. */
static void compare_projected(Case *c)
{
    static double v[MOST];
    char path[40];
    GoldenArray want;
    const Association *l = &c->hopfield->core;
    const real *mine = l->v.n_out ? c->cache.core.v : c->o->norm_projection ? c->cache.projection : NULL;
    snprintf(path, sizeof path, "%s/projected_patterns", VALUES);
    if (!golden_read(&want, &c->g, path_of(c, "", path))) return;
    if (!mine)
        mine = c->kind == LOOKUP ? c->theta + (c->look.separate ? c->look.target_at : c->look.lookup_at)
               : c->projection.n ? c->projection.x
                                 : c->stored.x;
    memcpy(v, want.v, want.n * sizeof *v);
    for (int b = 0; b < c->batch; b++)
        for (int h = 0; h < l->o.n_head; h++) {
            const int size = l->retrieval.pattern_size, at = (b * l->o.n_head + h) * c->n_col;
            const int from = c->bags.stored ? c->bags.stored[b] : 0;
            for (int i = 0; i < bag_stored(&c->bags, b); i++) {
                const int column = c->bags.stored ? c->stored.row[from + i] - b * c->n_stored : i;
                for (int f = 0; f < size; f++)
                    v[(at + column) * size + f] =
                        (double)mine[(from + i) * l->retrieval.v.row + h * l->retrieval.v.head + f];
            }
            for (int f = 0; f < size && c->o->core.zero; f++) v[(at + c->n_stored) * size + f] = 0;
        }
    same(c, path, v, want.n);
    golden_free(&want);
}

/* Softmaxes taken, the largest over bags; a head near its threshold may differ by one in single precision. */
static void compare_evaluations(Case *c)
{
    GoldenArray want;
    if (!golden_read(&want, &c->g, path_of(c, "softmax_evaluations_per_head", ""))) {
        cr_assert_str_eq(c->name, "p22_per_head_beta_intended", "%s has no evaluation counts", c->name);
        return;
    }
    for (int b = 0; b < c->batch; b++)
        for (int h = 0; h < c->o->core.n_head; h++) {
            const int mine = c->cache.core.retrieval.n_eval[b * c->o->core.n_head + h];
            cr_expect_leq(abs(mine - (int)want.v[h]), REAL_IS_DOUBLE ? 0 : 1, "%s: head %d took %d softmaxes, not %g",
                          c->name, h, mine, want.v[h]);
        }
    cr_expect_eq(c->cache.core.retrieval.n_capped, 0);
    c->compared++;
    golden_free(&want);
}

/* Adds the rows' gradients where the padded array has them. */
static void spread(double *to, const Input *in)
{
    for (int i = 0; i < in->n; i++)
        for (int f = 0; f < in->width; f++) to[in->row[i] * in->width + f] += (double)in->dx[i * in->width + f];
}

static void compare_input(Case *c, const char *name, const Input *a, const Input *b)
{
    static double d[MOST];
    char path[48];
    memset(d, 0, sizeof d);
    spread(d, a);
    if (b) spread(d, b);
    snprintf(path, sizeof path, "%s/grad/%s", VALUES, name);
    same(c, path, d, a->file.n);
}

static void compare_gradients(Case *c)
{
    char group[128], path[128];
    snprintf(group, sizeof group, "%s/%s/grad", c->name, VALUES);
    GoldenNames names = golden_list(&c->g, group);
    int params = 0;
    for (int i = 0; i < names.n; i++) {
        const char *name = names.name[i];
        snprintf(path, sizeof path, "%s/grad/%s", VALUES, name);
        if (strcmp(name, "input_x") == 0)
            compare_input(c, name, c->kind == LOOKUP ? &c->state : &c->stored, c->kind == PLAIN ? &c->state : NULL);
        else if (strcmp(name, "input_stored") == 0)
            compare_input(c, name, &c->stored, NULL);
        else if (strcmp(name, "input_state") == 0)
            compare_input(c, name, &c->state, NULL);
        else if (strcmp(name, "input_projection") == 0)
            compare_input(c, name, &c->projection, NULL);
        else if (strncmp(name, "head_", 5) != 0) {
            const Param *p = param_find(&c->list, name_of(c, name));
            cr_assert(p, "%s: gradient of an unknown tensor %s", c->name, name);
            same_real(c, path, c->grad + p->at, p->size);
            params++;
        }
    }
    cr_expect_eq(params, c->list.n - (c->kind == LOOKUP && c->look.targets_fixed), "%s: %d of %d tensors compared",
                 c->name, params, c->list.n);
    for (int i = 0; i < c->list.n && c->kind == LOOKUP && c->look.targets_fixed; i++)
        for (size_t j = 0; j < c->list.param[i].size && strcmp(c->list.param[i].name, "target_weights") == 0; j++)
            cr_expect_eq(c->grad[c->list.param[i].at + j], 0);
    golden_names_free(&names);
}

static void compare_all(Case *c)
{
    char path[32];
    const size_t n_y = (size_t)(c->batch * c->n_state * c->hopfield->core.n_out);
    forward(c);
    compare_association(c);
    compare_projected(c);
    compare_evaluations(c);
    snprintf(path, sizeof path, "%s/output", VALUES);
    same_real(c, path, c->y, n_y);
    c->kind == POOLING ? head_loss(c) : sum_loss(c);
    backward(c);
    compare_gradients(c);
}

/* The same once more without keys and values. */
static void compare_fixed(Case *c)
{
    static uint8_t keep[MOST];
    char path[32];
    const int n_head = c->o->core.n_head, n_col = c->fixed.f.n_column;
    memset(c->grad, 0, c->list.size * sizeof *c->grad);
    memset(c->stored.dx, 0, sizeof c->stored.dx);
    memset(c->y, 0, sizeof c->y);
    for (int at = 0; at < c->n_entry; at++) {
        const Entry *e = &c->entry[at];
        keep[(c->stored.bounds[e->b] + e->i) * n_col + e->l * n_head + e->h] = c->kept[at];
    }
    fixedrun_prepare(&c->fixed, c->theta);
    fixedrun_forward(c->y, &c->fixed, c->theta, c->stored.x, c->bags.stored, c->batch, c->keep.n ? keep : NULL,
                     (real)c->keep_scale);
    snprintf(path, sizeof path, "%s/output", VALUES);
    same_real(c, path, c->y, (size_t)(c->batch * c->n_state * c->hopfield->core.n_out));
    head_loss(c);
    fixedrun_backward(c->stored.dx, c->grad, &c->fixed, c->theta, c->y, c->dy, c->bags.stored, c->batch,
                      c->keep.n ? keep : NULL, (real)c->keep_scale);
    fixedquery_finish(c->grad, c->fixed.du, &c->fixed.f, c->theta);
    compare_gradients(c);
}

static void plan(Case *c, bool fixed)
{
    const RetrievalSizes room = retrieval_sizes(&c->bags);
    for (int pass = 0; pass < 2; pass++) {
        hopfield_plan(&c->cache, c->hopfield, &room, &c->arena);
        if (fixed) fixedrun_plan(&c->fixed, &c->pool, c->bags.n_stored, c->batch, &c->arena);
        if (pass == 0) cr_assert_eq(arena_reserve(&c->arena, "a test"), OK);
    }
}

static void free_case(Case *c)
{
    Input *const in[] = {&c->state, &c->stored, &c->projection};
    for (int j = 0; j < 3; j++) golden_free(&in[j]->file);
    golden_free(&c->padding), golden_free(&c->mask), golden_free(&c->keep);
    arena_free(&c->arena);
    param_free(&c->list);
    free(c->theta), free(c->grad);
    golden_close(&c->g);
    free(c);
}

static int run(const char *file, const char *name, bool ragged)
{
    Case *c = calloc(1, sizeof *c);
    cr_assert(golden_open(&c->g, file));
    c->name = name;
    c->ragged = ragged;
    c->has_single = !REAL_IS_DOUBLE && golden_has(&c->g, path_of(c, "f32", ""));
    read_settings(c);
    declare(c);
    read_params(c);
    read_inputs(c);
    lay_entries(c);
    lay_masks(c);
    const bool fixed = ragged && c->kind == POOLING && fixedquery_fits(&c->pool) && !c->mask.n && !c->projection.n;
    plan(c, fixed);
    compare_all(c);
    if (fixed) compare_fixed(c);
    const int compared = c->compared;
    printf("# %s %s: %d arrays, worst %.2g of the largest entry, %.2g absolute%s\n", name,
           ragged ? "ragged" : "masked", compared, c->worst_relative, c->worst_absolute,
           fixed ? ", without keys and values too" : "");
    free_case(c);
    return compared;
}

static void run_file(const char *file, int n_most)
{
    Golden g;
    if (!golden_open(&g, file)) cr_skip_test("%s is not here", file);
    GoldenNames names = golden_list(&g, "/");
    golden_close(&g);
    cr_assert_geq(names.n, 6);
    if (g.shared) cr_expect_eq(names.n, n_most, "%s: %d configurations", file, names.n);
    for (int i = 0; i < names.n; i++) {
        const int ragged = run(file, names.name[i], true), masked = run(file, names.name[i], false);
        cr_expect(ragged >= masked && masked >= 7, "%s: %d and %d arrays", names.name[i], ragged, masked);
    }
    golden_names_free(&names);
}

Test(nn_hopfield, pooling)
{
    run_file("hopfield_pooling.h5", 22);
}

Test(nn_hopfield, lookup)
{
    run_file("hopfield_layer.h5", 7);
}

Test(nn_hopfield, association)
{
    run_file("hopfield_assoc.h5", 7);
}

/* ---- names and settings ---- */

Test(nn_hopfield, names)
{
    static const char *const names[] = {"pooling.hopfield.association_core.in_proj_weight",
                                        "pooling.hopfield.association_core.in_proj_bias",
                                        "pooling.hopfield.association_core.p_norm_weight",
                                        "pooling.hopfield.association_core.p_norm_bias",
                                        "pooling.hopfield.association_core.out_proj.weight",
                                        "pooling.hopfield.association_core.out_proj.bias",
                                        "pooling.beta",
                                        "pooling.hopfield.norm_stored_pattern.weight",
                                        "pooling.hopfield.norm_stored_pattern.bias",
                                        "pooling.hopfield.norm_state_pattern.weight",
                                        "pooling.hopfield.norm_state_pattern.bias",
                                        "pooling.hopfield.norm_pattern_projection.weight",
                                        "pooling.hopfield.norm_pattern_projection.bias",
                                        "pooling.pooling_weights"};
    HopfieldPoolingOptions o = {.quantity = 2};
    HopfieldPooling l;
    ParamList list = {0};
    hopfield_options(&o.hopfield, 8);
    o.hopfield.core.head_size = 3, o.hopfield.core.n_head = 2;
    o.hopfield.core.norm = o.hopfield.core.norm_affine = o.hopfield.core.beta_learned = true;
    cr_assert_eq(hopfield_pooling_resolve(&o), OK);
    hopfield_pooling_init(&l, &list, "pooling.", &o);
    cr_assert_eq(list.n, 14);
    for (int i = 0; i < 14; i++) cr_expect_str_eq(list.param[i].name, names[i]);
    real *theta = calloc(list.size, sizeof *theta);
    param_start(&list, theta, 1);
    cr_expect_float_eq((double)theta[l.hopfield.core.beta_at + 1], 1 / sqrt(3), 1e-6);
    double square = 0;
    for (size_t i = 0; i < list.param[0].size; i++) square += pow((double)theta[list.param[0].at + i], 2);
    cr_expect_float_eq(sqrt(square / (double)list.param[0].size), 0.02, 0.003);
    free(theta);
    param_free(&list);
}

Test(nn_hopfield, refused)
{
    HopfieldPoolingOptions p = {.quantity = 0};
    HopfieldLookupOptions l = {.quantity = 3};
    hopfield_options(&p.hopfield, 6), hopfield_options(&l.hopfield, 6);
    cr_expect_eq(hopfield_pooling_resolve(&p), ERR_CONFIG);
    cr_expect(strstr(status_sentence(), "quantity"));
    p.quantity = 1, p.hopfield.norm_state = false;
    cr_expect_eq(hopfield_pooling_resolve(&p), ERR_CONFIG);
    cr_expect(strstr(status_sentence(), "affine"));
    l.hopfield.core.n_projection = 4;
    cr_expect_eq(hopfield_lookup_resolve(&l), ERR_CONFIG);
    cr_expect(strstr(status_sentence(), "separate"));
    l.separate = true;
    cr_expect_eq(hopfield_lookup_resolve(&l), OK);
}
