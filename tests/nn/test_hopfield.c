/* SPDX-License-Identifier: MIT
 *
 * test_hopfield.c: every configuration of the reference's three layers, values and gradients. The files hold
 * padded batches; here each is run twice, as ragged bags and with the padding as a mask.
 */
#include "nn/fixedquery.h"
#include "nn/hopfield.h"
#include "support/fixedrun.h"
#include "support/golden.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The smaller copies have no single precision; then a double's distance to it comes on top. */
#define VALUES   (c->has_single ? "f32" : "f64")
#define SLACK    (REAL_IS_DOUBLE || c->has_single ? 1 : 3)
#define RELATIVE (SLACK * (REAL_IS_DOUBLE ? 1e-10 : 2e-4))
#define ABSOLUTE (SLACK * (REAL_IS_DOUBLE ? 1e-11 : 5e-5))

enum { MOST_ROWS = 256, MOST = 1 << 14 };

typedef enum { POOLING, LOOKUP, PLAIN } Kind;

/* One input of the layer: rows of all bags, and where they lie in the file's padded array. */
typedef struct {
    GoldenArray file; /* [batch, length, width] */
    int n, width;
    int row[MOST_ROWS];     /* [n] row of the padded array */
    int bounds[MOST_ROWS];  /* [batch + 1] */
    real x[MOST], dx[MOST]; /* [n, width] */
} Input;

/* An entry of the association, in our order; the file has it at [row, column] of its [batch · head · state, stored]. */
typedef struct {
    int b, h, l, i, row, column;
} Entry;

typedef struct {
    Golden g;
    const char *name;
    Kind kind;
    int batch, n_stored, n_state, n_col, compared;
    bool ragged, has_single;               /* has_single: single precision is compared with single */
    double worst_relative, worst_absolute; /* relative: of arrays that are not rounding noise altogether */
    HopfieldPoolingOptions pooling;
    HopfieldLookupOptions lookup;
    HopfieldOptions *o;
    double keep_scale;
    GoldenArray padding, mask, keep;
    HopfieldPooling pool;
    HopfieldLookup look;
    Hopfield plain;
    Hopfield *hopfield;
    ParamList list;
    real *theta, *grad;
    Input state, stored, projection;
    BagPairs bags;
    int n_entry;
    Entry entry[MOST];
    uint8_t ignore[MOST], blocked[MOST], kept[MOST];
    real added[MOST];
    RetrievalMasks masks;
    Arena arena;
    HopfieldCache cache;
    real y[MOST], dy[MOST];
    FixedRun fixed;
} Case;

static const char *path_of(const Case *c, const char *folder, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s%s", c->name, folder, name);
    return path;
}

/* ---- comparing ---- */

/* Either measure suffices: see tests/golden/README.md. */
static void same(Case *c, const char *path, const double *mine, size_t n)
{
    GoldenArray want;
    double apart = 0, largest = 0;
    cr_assert(golden_read(&want, &c->g, path_of(c, "", path)), "%s: no %s", c->name, path);
    cr_assert_eq(want.n, n, "%s/%s: %zu numbers, not %zu", c->name, path, n, want.n);
    for (size_t i = 0; i < n; i++) {
        const double d = fabs(mine[i] - want.v[i]);
        apart = d <= apart ? apart : d; /* NaN stays */
        largest = fmax(largest, fabs(want.v[i]));
    }
    cr_expect(apart <= ABSOLUTE || apart <= RELATIVE * largest, "%s/%s: off by %.3g, of %.3g", c->name, path, apart,
              largest);
    if (largest > ABSOLUTE) c->worst_relative = fmax(c->worst_relative, apart / largest);
    c->worst_absolute = fmax(c->worst_absolute, apart);
    c->compared++;
    golden_free(&want);
}

static void same_real(Case *c, const char *path, const real *mine, size_t n)
{
    static double x[MOST];
    for (size_t i = 0; i < n; i++) x[i] = (double)mine[i];
    same(c, path, x, n);
}

/* ---- settings ---- */

static int number(const json_t *v)
{
    return json_is_null(v) ? 0 : (int)json_integer_value(v);
}

static void set_beta(Case *c, const json_t *v)
{
    for (int h = 0; h < RETRIEVAL_HEADS; h++)
        c->o->core.beta[h] =
            json_number_value(json_is_array(v) ? json_array_get(v, (size_t)h % json_array_size(v)) : v);
}

static bool set_flag(Case *c, const char *key, bool on)
{
    HopfieldOptions *o = c->o;
    struct {
        const char *key;
        bool *at, inverse;
    } const flags[] = {{"normalize_stored_pattern", &o->norm_stored, false},
                       {"normalize_stored_pattern_affine", &o->norm_stored_affine, false},
                       {"normalize_state_pattern", &o->norm_state, false},
                       {"normalize_state_pattern_affine", &o->norm_state_affine, false},
                       {"normalize_pattern_projection", &o->norm_projection, false},
                       {"normalize_pattern_projection_affine", &o->norm_projection_affine, false},
                       {"normalize_hopfield_space", &o->core.norm, false},
                       {"normalize_hopfield_space_affine", &o->core.norm_affine, false},
                       {"stored_pattern_as_static", &o->core.stored_static, false},
                       {"state_pattern_as_static", &o->core.state_static, false},
                       {"pattern_projection_as_static", &o->core.projection_static, false},
                       {"pattern_projection_as_connected", &o->core.connected, false},
                       {"add_zero_association", &o->core.zero, false},
                       {"disable_out_projection", &o->core.no_output, false},
                       {"input_bias", &o->core.bias, false},
                       {"lookup_weights_as_separated", &c->lookup.separate, false},
                       {"lookup_targets_as_trainable", &c->lookup.targets_fixed, true}};
    for (size_t j = 0; j < sizeof flags / sizeof *flags; j++)
        if (strcmp(flags[j].key, key) == 0) return *flags[j].at = on != flags[j].inverse, true;
    return false;
}

static bool set_size(Case *c, const char *key, const json_t *v)
{
    AssociationOptions *o = &c->o->core;
    struct {
        const char *key;
        int *at;
    } const sizes[] = {{"input_size", &o->n_state},        {"stored_pattern_size", &o->n_stored},
                       {"hidden_size", &o->head_size},     {"pattern_projection_size", &o->n_projection},
                       {"pattern_size", &o->pattern_size}, {"output_size", &o->n_out},
                       {"num_heads", &o->n_head},          {"quantity", &c->pooling.quantity}};
    for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
        if (strcmp(sizes[j].key, key) == 0) return *sizes[j].at = number(v), true;
    return false;
}

static void set_option(Case *c, const char *key, const json_t *v)
{
    AssociationOptions *o = &c->o->core;
    if (strcmp(key, "scaling") == 0)
        set_beta(c, v);
    else if (strcmp(key, "update_steps_max") == 0)
        for (int h = 0; h < RETRIEVAL_HEADS; h++) o->steps[h] = json_is_null(v) ? -1 : number(v);
    else if (strcmp(key, "update_steps_eps") == 0)
        for (int h = 0; h < RETRIEVAL_HEADS; h++) o->eps[h] = json_number_value(v);
    else if (strcmp(key, "dropout") == 0)
        c->keep_scale = 1 / (1 - json_number_value(v));
    else if (strcmp(key, "association_activation") == 0)
        o->activation = strcmp(json_string_value(v), "tanh") == 0   ? ASSOCIATION_TANH
                        : strcmp(json_string_value(v), "relu") == 0 ? ASSOCIATION_RELU
                                                                    : ASSOCIATION_LINEAR;
    else if (!(json_is_boolean(v) ? set_flag(c, key, json_is_true(v)) : set_size(c, key, v)))
        cr_assert_fail("%s: setting %s is not known here", c->name, key);
}

static void read_settings(Case *c)
{
    json_t *config = golden_attr_json(&c->g, c->name, "config_json"), *v;
    const char *key;
    cr_assert(config);
    char *layer = golden_attr_text(&c->g, c->name, "layer");
    c->kind = strcmp(layer, "HopfieldPooling") == 0 ? POOLING : strcmp(layer, "HopfieldLayer") == 0 ? LOOKUP : PLAIN;
    free(layer);
    c->o = c->kind == LOOKUP ? &c->lookup.hopfield : &c->pooling.hopfield;
    hopfield_options(c->o, 1);
    c->pooling.quantity = 1;
    c->o->core.whole_batch = true;
    json_object_foreach(config, key, v) set_option(c, key, v);
    c->lookup.quantity = c->pooling.quantity;
    json_decref(config);
    c->batch = (int)golden_attr_number(&c->g, c->name, "batch");
    c->n_stored = (int)golden_attr_number(&c->g, c->name, "n_stored");
    c->n_state = (int)golden_attr_number(&c->g, c->name, "n_state");
    c->n_col = c->n_stored + c->o->core.zero;
}

/* ---- parameters ---- */

/* Our name, which is the reference's, for a name of the files. */
static const char *name_of(const Case *c, const char *file)
{
    static char name[128];
    const char *core = c->kind == PLAIN ? "association_core." : "hopfield.association_core.";
    const char *norm = c->kind == PLAIN ? "" : "hopfield.", *tail = strrchr(file, '_') + 1;
    if (strncmp(file, "ln_stored_", 10) == 0)
        snprintf(name, sizeof name, "%snorm_stored_pattern.%s", norm, tail);
    else if (strncmp(file, "ln_state_", 9) == 0)
        snprintf(name, sizeof name, "%snorm_state_pattern.%s", norm, tail);
    else if (strncmp(file, "ln_proj_", 8) == 0)
        snprintf(name, sizeof name, "%snorm_pattern_projection.%s", norm, tail);
    else if (strncmp(file, "out_proj_", 9) == 0)
        snprintf(name, sizeof name, "%sout_proj.%s", core, tail);
    else if (strstr(file, "pooling") || strstr(file, "lookup") || strstr(file, "target"))
        snprintf(name, sizeof name, "%s", file);
    else
        snprintf(name, sizeof name, "%s%s", core, file);
    return name;
}

static void declare(Case *c)
{
    if (c->kind == POOLING) {
        cr_assert_eq(hopfield_pooling_resolve(&c->pooling), OK, "%s: %s", c->name, status_sentence());
        hopfield_pooling_init(&c->pool, &c->list, "", &c->pooling);
        c->hopfield = &c->pool.hopfield;
    } else if (c->kind == LOOKUP) {
        cr_assert_eq(hopfield_lookup_resolve(&c->lookup), OK, "%s: %s", c->name, status_sentence());
        hopfield_lookup_init(&c->look, &c->list, "", &c->lookup);
        c->hopfield = &c->look.hopfield;
    } else {
        cr_assert_eq(hopfield_resolve(c->o), OK, "%s: %s", c->name, status_sentence());
        hopfield_init(&c->plain, &c->list, "", "beta", c->o);
        c->hopfield = &c->plain;
    }
}

/* The file's tensors are ours, one to one, in name and shape. */
static void read_params(Case *c)
{
    GoldenNames names = golden_list(&c->g, path_of(c, "params", ""));
    cr_assert_eq(names.n, c->list.n, "%s: %d tensors, not %d", c->name, c->list.n, names.n);
    c->theta = calloc(c->list.size + 1, sizeof *c->theta);
    c->grad = calloc(c->list.size + 1, sizeof *c->grad);
    for (int i = 0; i < names.n; i++) {
        GoldenArray a;
        const Param *p = param_find(&c->list, name_of(c, names.name[i]));
        cr_assert(p, "%s: no tensor %s", c->name, name_of(c, names.name[i]));
        cr_assert(golden_read(&a, &c->g, path_of(c, "params/", names.name[i])));
        cr_assert_eq(a.n_dim, p->n_dim, "%s: %s", c->name, p->name);
        for (int d = 0; d < a.n_dim; d++) cr_assert_eq(a.shape[d], p->shape[d], "%s: shape of %s", c->name, p->name);
        for (size_t j = 0; j < a.n; j++) c->theta[p->at + j] = (real)a.v[j];
        golden_free(&a);
    }
    golden_names_free(&names);
}

/* ---- inputs ---- */

static bool is_padding(const Case *c, int b, int i)
{
    return c->padding.n > 0 && c->padding.v[b * c->n_stored + i] != 0;
}

/* `stored`: rows that are padding are left out where bags are ragged. */
static void read_input(Case *c, Input *in, const char *name, bool stored)
{
    *in = (Input){0};
    cr_assert(golden_read(&in->file, &c->g, path_of(c, "inputs/", name)), "%s: no input %s", c->name, name);
    const int length = (int)in->file.shape[1];
    in->width = (int)in->file.shape[2];
    for (int b = 0; b < c->batch; b++) {
        for (int i = 0; i < length; i++) {
            if (stored && c->ragged && is_padding(c, b, i)) continue;
            const int row = b * length + i;
            for (int f = 0; f < in->width; f++) in->x[in->n * in->width + f] = (real)in->file.v[row * in->width + f];
            in->row[in->n++] = row;
        }
        in->bounds[b + 1] = in->n;
    }
}

static void read_inputs(Case *c)
{
    const bool alone = golden_has(&c->g, path_of(c, "inputs/x", ""));
    golden_read(&c->padding, &c->g, path_of(c, "inputs/padding_mask", ""));
    golden_read(&c->mask, &c->g, path_of(c, "inputs/association_mask", ""));
    golden_read(&c->keep, &c->g, path_of(c, "inputs/dropout_keep_mask", ""));
    if (c->kind != POOLING) read_input(c, &c->state, alone ? "x" : "state", false);
    if (c->kind != LOOKUP) read_input(c, &c->stored, alone ? "x" : "stored", true);
    if (c->kind != LOOKUP && golden_has(&c->g, path_of(c, "inputs/projection", "")))
        read_input(c, &c->projection, "projection", true);
    if (c->kind == POOLING)
        c->bags = hopfield_pooling_pairs(&c->pool, c->stored.bounds, c->batch);
    else if (c->kind == LOOKUP)
        c->bags = hopfield_lookup_pairs(&c->look, c->state.bounds, c->batch);
    else
        c->bags = (BagPairs){c->batch, c->state.n, c->stored.n, c->state.bounds, c->stored.bounds};
}

static void lay_entries(Case *c)
{
    for (int b = 0; b < c->batch; b++)
        for (int h = 0; h < c->o->core.n_head; h++)
            for (int l = 0; l < bag_states(&c->bags, b); l++)
                for (int i = 0; i < bag_stored(&c->bags, b) + c->o->core.zero; i++) {
                    Entry *e = &c->entry[c->n_entry++];
                    *e = (Entry){.b = b, .h = h, .l = l, .i = i, .column = i};
                    if (i == bag_stored(&c->bags, b))
                        e->column = c->n_stored;
                    else if (c->bags.stored)
                        e->column = c->stored.row[c->stored.bounds[b] + i] - b * c->n_stored;
                    e->row = (b * c->o->core.n_head + h) * c->n_state + l;
                }
}

/* All masks in the order of p. */
static void lay_masks(Case *c)
{
    char *kind = golden_attr_text(&c->g, c->name, "association_mask_kind");
    const int each = c->n_state * c->n_stored;
    for (int at = 0; at < c->n_entry; at++) {
        const Entry *e = &c->entry[at];
        const int cell = e->row * c->n_stored + e->column;
        if (c->mask.n && e->column < c->n_stored) {
            c->added[at] = (real)c->mask.v[c->mask.n == (size_t)each ? cell % each : cell];
            c->blocked[at] = c->added[at] != 0;
        }
        if (c->keep.n) c->kept[at] = c->keep.v[e->row * c->n_col + e->column] != 0;
    }
    if (kind && strcmp(kind, "bool_true_blocks") == 0)
        c->masks.block = c->blocked;
    else if (kind && strcmp(kind, "float_additive") == 0)
        c->masks.add = c->added;
    else
        cr_assert_not(kind, "%s: a mask of kind %s", c->name, kind);
    if (c->keep.n) c->masks.keep = c->kept, c->masks.keep_scale = (real)c->keep_scale;
    if (c->padding.n && (!c->ragged || c->kind == LOOKUP)) {
        for (size_t j = 0; j < c->padding.n; j++) c->ignore[j] = c->padding.v[j] != 0;
        c->masks.ignore = c->ignore;
    }
    free(kind);
}

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
