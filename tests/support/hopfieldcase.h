/* SPDX-License-Identifier: MIT
 *
 * hopfieldcase.h: a golden case of a Hopfield layer: its settings, parameters, inputs and masks. Header only,
 * since it is compiled for float and double alike.
 */
#ifndef HOPSACK_TEST_HOPFIELDCASE_H
#define HOPSACK_TEST_HOPFIELDCASE_H

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
static inline void same(Case *c, const char *path, const double *mine, size_t n)
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

static inline void same_real(Case *c, const char *path, const real *mine, size_t n)
{
    static double x[MOST];
    for (size_t i = 0; i < n; i++) x[i] = (double)mine[i];
    same(c, path, x, n);
}

/* ---- settings ---- */

static inline int number(const json_t *v)
{
    return json_is_null(v) ? 0 : (int)json_integer_value(v);
}

static inline void set_beta(Case *c, const json_t *v)
{
    for (int h = 0; h < RETRIEVAL_HEADS; h++)
        c->o->core.beta[h] =
            json_number_value(json_is_array(v) ? json_array_get(v, (size_t)h % json_array_size(v)) : v);
}

static inline bool set_flag(Case *c, const char *key, bool on)
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

static inline bool set_size(Case *c, const char *key, const json_t *v)
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

static inline void set_option(Case *c, const char *key, const json_t *v)
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

static inline void read_settings(Case *c)
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

static inline void declare(Case *c)
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
static inline void read_params(Case *c)
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

static inline bool is_padding(const Case *c, int b, int i)
{
    return c->padding.n > 0 && c->padding.v[b * c->n_stored + i] != 0;
}

/* `stored`: rows that are padding are left out where bags are ragged. */
static inline void read_input(Case *c, Input *in, const char *name, bool stored)
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

static inline void read_inputs(Case *c)
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

static inline void lay_entries(Case *c)
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
static inline void lay_masks(Case *c)
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

#endif
