/* SPDX-License-Identifier: MIT
 *
 * mil.c: the network put together, and its start.
 */
#include "core/log.h"
#include "model/embedder_genes.h"
#include "model/mil_parts.h"
#include "model/pooling_several.h"
#include "nn/retrieval.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* One pooling alone is entry 0. */
_Static_assert(offsetof(ModelOptions, pooling_options) == offsetof(ModelOptions, pooling_entry[0].options),
               "both lie at one place");

/* ---- putting together ---- */

/* Names an embedder that would do: the first in the table for this kind of bag. */
static Status check_kind(const Mil *m)
{
    static const char *const words[] = {[BAG_SEQUENCES] = "sequences", [BAG_VECTORS] = "vectors"};
    const EmbedderType *const *other = embedder_types;
    if (embedder_types[m->o.embedder]->bag_kind == m->spec.kind) return OK;
    while ((*other)->bag_kind != m->spec.kind) other++;
    return fail(ERR_MODEL, "embedder %s reads %s, but the bags hold %s; set model.embedder.kind: %s",
                embedder_types[m->o.embedder]->name, words[embedder_types[m->o.embedder]->bag_kind],
                words[m->spec.kind], (*other)->name);
}

/* The mean is of all that are selected, so selection must leave a fair part of them. */
static Status check_selection(const Mil *m)
{
    if (m->pooling->mean && m->o.select == SELECT_TOP && select_scores(&m->o))
        return fail(ERR_CONFIG, "model.pooling.mean: with model.selection.kind: top most instances are left out, and "
                                "their mean with them; set it to all or random");
    return OK;
}

/* An instance's row behind such a layer is known only with the others that are pooled. */
static Status check_layers(const Mil *m)
{
    if (m->layers.mixes && select_scores(&m->o))
        return fail(
            ERR_CONFIG,
            "model.layers: an association relates the instances that are pooled to each other, so "
            "model.selection.kind: top cannot rank them beforehand; set it to all, or to random with a fraction");
    if (m->layers.answers &&
        (!mil_of_one(&m->o) || m->o.norm || m->o.n_input || m->o.statistics || m->o.output_hidden))
        return fail(ERR_CONFIG, "model.layers: stored: training reads out labels, which are the outputs; set "
                                "model.pooling.kind: none, and leave model.norm, model.bag_inputs and "
                                "model.output.n_hidden out");
    return OK;
}

static int n_class(const Mil *m)
{
    int n = 0;
    for (int t = 0; t < m->n_target; t++) {
        const Target *target = &m->target[t];
        n += target->type->n_class ? target->type->n_class : target->n_class;
    }
    return n;
}

static Status init_layers(Mil *m)
{
    int output_class[TARGET_CLASSES] = {0};
    for (int t = 0; t < m->n_target; t++)
        for (int k = 0; k < m->target[t].n_out && m->target[t].at + k < TARGET_CLASSES; k++)
            output_class[m->target[t].at + k] =
                m->target[t].type->n_class ? m->target[t].type->n_class : TARGET_CLASSES;
    const LayerSpec spec = {.n_in = (int)m->embedder->n_h,
                            .n_class = n_class(m),
                            .features = m->embedder_type == &embedder_none,
                            .n_train = m->o.n_train,
                            .n_out = (int)m->n_out,
                            .output_class = output_class};
    return layers_init(&m->layers, &m->params, &m->o, &spec, m->embedder->width);
}

static int n_pooling(const ModelOptions *o)
{
    return o->n_pooling > 1 ? o->n_pooling : 1;
}

int mil_count_weight(const ModelOptions *o)
{
    for (int k = 0; k < n_pooling(o); k++)
        if (o->pooling_entry[k].count_weight) return o->pooling_entry[k].count_weight;
    return 0;
}

bool mil_ranks(const ModelOptions *o)
{
    for (int k = 0; k < n_pooling(o); k++)
        if (pooling_types[o->pooling_entry[k].kind]->ranks) return true;
    return false;
}

bool mil_of_one(const ModelOptions *o)
{
    for (int k = 0; k < n_pooling(o); k++)
        if (pooling_types[o->pooling_entry[k].kind]->of_one) return true;
    return false;
}

/* Every pooling has a say in what is selected, or none is asked. */
static Status check_ranks(const Mil *m)
{
    for (int k = 0; k < n_pooling(&m->o); k++) {
        const PoolingType *type = pooling_types[m->o.pooling_entry[k].kind];
        char entry[24] = "";
        if (type->ranks || !select_scores(&m->o)) continue;
        if (n_pooling(&m->o) > 1) snprintf(entry, sizeof entry, ".%d", k);
        return fail(
            ERR_CONFIG,
            "model.pooling%s.kind: %s has no attention to select by; set model.selection.kind to all or random",
            entry, type->name);
    }
    return OK;
}

/* Of several classes some outputs must fall where others rise. */
static Status check_monotone(const Mil *m)
{
    for (int t = 0; m->o.output_monotone && t < m->n_target; t++)
        if (m->target[t].type->n_out == 0)
            return fail(ERR_CONFIG,
                        "model.output.monotone: task %s has several classes; it is for binary and "
                        "regression tasks",
                        m->target[t].name);
    return OK;
}

static Status init_embedder(Mil *m)
{
    const EmbedderType *type = embedder_types[m->o.embedder];
    const GenesChosen chosen = {type, m->o.embedder_options, m->o.gene_size, &m->o.genes};
    const void *options = mil_genes(m) ? (const void *)&chosen : m->o.embedder_options;
    return m->embedder_type->init(m->embedder, &m->params, options, &m->spec);
}

static Status init_pooling(Mil *m)
{
    const PoolingsChosen several = {m->o.pooling_entry, n_pooling(&m->o)};
    const void *options = several.n > 1 ? (const void *)&several : m->o.pooling_options;
    return m->pooling_type->init(m->pooling, &m->params, options, (int)m->n_h, (int)m->width);
}

static Status init_parts(Mil *m)
{
    const EmbedderType *et = m->embedder_type = mil_genes(m) ? &embedder_genes : embedder_types[m->o.embedder];
    const PoolingType *pt = m->pooling_type = n_pooling(&m->o) > 1 ? &pooling_several : pooling_types[m->o.pooling];
    TRY(check_kind(m));
    if (m->spec.drop > 0 && m->spec.kind != BAG_VECTORS)
        return fail(ERR_CONFIG,
                    "model.embedder.input_dropout: it is of vectors, and the bags hold sequences; leave it out");
    TRY(check_ranks(m));
    TRY(check_monotone(m));
    m->embedder = calloc(1, et->size);
    m->pooling = calloc(1, pt->size);
    if (!m->embedder || !m->pooling) return fail(ERR_MEMORY, "no memory for the model");
    TRY(init_embedder(m));
    TRY(init_layers(m));
    TRY(check_layers(m));
    m->n_h = m->layers.n_h;
    m->width = m->layers.width;
    TRY(init_pooling(m));
    TRY(check_selection(m));
    if (n_pooling(&m->o) == 1 && mil_counts(m)) TRY(pooling_check_weights(m->pooling_type, m->pooling));
    if (m->o.output_hidden > OUTPUT_LAYERS)
        return fail(ERR_CONFIG, "model.output.n_hidden is %d; at most %d", m->o.output_hidden, OUTPUT_LAYERS);
    m->n_z = m->pooling->n_z + (m->pooling->mean ? m->n_h : 0);
    attendstream_init(&m->stream, m->pooling->n_column, m->pooling->mean, m->width);
    if (m->o.norm == NORM_BAGS) bagnorm_init(&m->norm, &m->params, m->n_z);
    TRY(mil_init_inputs(m));
    int n_in = (int)mil_n_joined(m);
    m->output[0].n_out = (int)m->n_out;
    for (int j = 0; !m->layers.answers && j <= m->o.output_hidden; j++) {
        char name[64];
        snprintf(name, sizeof name, "output_nn.output_nn.%d", 2 * j);
        linear_init(&m->output[j], &m->params, name, n_in, j < m->o.output_hidden ? m->o.output_unit : m->n_out);
        /* Weights of one sign do not cancel: their sum must start small, not that of their squares. */
        if (m->o.output_monotone)
            param_nonnegative(&m->params, m->output[j].w_at, 1 / sqrt((double)m->output[j].n_in));
        n_in = m->o.output_unit;
    }
    return param_check(&m->params);
}

Status mil_new(Mil **out, const ModelOptions *options, const BagSpec *spec, Target *target, int n_target)
{
    Mil *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m) return fail(ERR_MEMORY, "no memory for the model");
    m->o = *options;
    m->spec = *spec;
    m->spec.clip = options->clip;
    m->spec.drop = options->embedder_dropout;
    m->target = target;
    m->n_target = n_target;
    for (int t = 0; t < n_target; t++) {
        target[t].at = m->n_out;
        target[t].n_out = target[t].type->n_out ? target[t].type->n_out : target[t].n_class;
        m->n_out += target[t].n_out;
    }
    const Status status = init_parts(m);
    if (status != OK) {
        mil_free(m);
        return status;
    }
    *out = m;
    return OK;
}

void mil_free(Mil *m)
{
    if (!m) return;
    mil_free_workspace(m);
    param_free(&m->params);
    layers_free(&m->layers);
    free(m->embedder);
    free(m->pooling);
    free(m);
}

const ParamList *mil_params(const Mil *m)
{
    return &m->params;
}
int mil_n_out(const Mil *m)
{
    return m->n_out;
}
int mil_n_z(const Mil *m)
{
    return (int)m->n_z + m->inputs.n_input;
}
bool mil_weighs(const Mil *m)
{
    return m->pooling->streams;
}
bool mil_calibrates(const Mil *m)
{
    return m->o.norm == NORM_BAGS;
}
int mil_n_column(const Mil *m)
{
    return m->pooling->n_column;
}
int mil_n_pooling(const Mil *m)
{
    return n_pooling(&m->o);
}
MilColumn mil_column(const Mil *m, int column)
{
    const int n_head = m->pooling->n_head;
    if (n_pooling(&m->o) > 1) return pooling_several_column(m->pooling, column);
    return (MilColumn){.query = column / n_head, .head = column % n_head};
}
int mil_n_layer(const Mil *m)
{
    return m->layers.n;
}
const char *mil_layer_kind(const Mil *m, int layer)
{
    return m->layers.type[layer]->name;
}
bool mil_options_mix(const ModelOptions *o)
{
    for (int k = 0; k < o->n_layer; k++)
        if (!layer_types[o->layer[k].kind]->block) return true;
    return false;
}

bool mil_mixes(const Mil *m)
{
    return m->layers.mixes;
}
int mil_layer_heads(const Mil *m, int layer)
{
    return m->layers.type[layer]->n_head ? m->layers.type[layer]->n_head(m->layers.self[layer]) : 0;
}

int mil_layer_stored(const Mil *m, int layer)
{
    return m->layers.type[layer]->n_stored ? m->layers.type[layer]->n_stored(m->layers.self[layer]) : 0;
}

static void report_capped(int64_t n, const char *where, const char *block)
{
    if (n == 0) return;
    log_warn(
        "%s: %lld associations had not converged after %d updates and stopped there; raise %s.eps, or set %s.steps",
        where, (long long)n, RETRIEVAL_CAP, block, block);
}

void mil_report_capped(const Mil *m, const char *where)
{
    char block[32];
    report_capped(m->pooling->n_capped, where, "model.pooling");
    for (int k = 0; k < m->layers.n; k++) {
        snprintf(block, sizeof block, "model.layers.%d", k);
        report_capped(m->layers.self[k]->n_capped, where, block);
    }
}

/* ---- a start from k-mers ---- */

#define START_OUTPUT 0.3 /* of the output's weights; small beside what is learned in some ten updates */

/* Weight of number z of the bag vector for an output. */
static void start_output(const Mil *m, real *theta, int output, int z, double weight)
{
    if (z >= 0) theta[m->output[0].w_at + output * mil_n_joined(m) + z] = (real)(float)weight;
}

static int start_parts(Mil *m, real *theta, const KmerStart *start, int n, const Bag *bag, Kmer *kmer, int *z_at)
{
    if (!m->embedder_type->start) return 0;
    for (int j = 0; j < n; j++) kmer[j] = start[j].kmer, z_at[j] = -1;
    const Bag own = bag ? mil_own(m, bag) : (Bag){0};
    n = m->embedder_type->start(m->embedder, theta, kmer, n, bag ? &own : NULL);
    if (m->layers.n > 0) return n; /* what layers make of kernels does not say what to attend to */
    if (m->pooling_type->start) m->pooling_type->start(m->pooling, theta, n, z_at);
    for (int j = 0; m->o.output_hidden == 0 && j < n; j++) {
        start_output(m, theta, start[j].output, z_at[j], start[j].sign * START_OUTPUT);
        if (m->pooling->mean)
            start_output(m, theta, start[j].output, m->pooling->n_z + j, start[j].sign * START_OUTPUT);
    }
    param_project(&m->params, theta);
    return n;
}

/* Those that a kernel has places for; returns their number. */
static int list_fitting(KmerStart *fit, const Mil *m, const KmerStart *start, int n)
{
    const EmbedderType *type = embedder_types[m->o.embedder];
    const int max_span = type->start_of ? type->start_of(m->o.embedder_options).max_span : 0;
    int n_fit = 0;
    for (int j = 0; j < n; j++)
        if (start[j].kmer.span <= max_span) fit[n_fit++] = start[j];
    return n_fit;
}

Status mil_start(Mil *m, int *n_started, real *theta, const KmerStart *start, int n, const Bag *bag)
{
    KmerStart *fit = malloc((n + 1) * sizeof *fit);
    Kmer *kmer = malloc((n + 1) * sizeof *kmer);
    int *z_at = malloc((n + 1) * sizeof *z_at);
    const bool lost = !fit || !kmer || !z_at;
    *n_started = lost ? 0 : start_parts(m, theta, fit, list_fitting(fit, m, start, n), bag, kmer, z_at);
    const Status status = lost ? fail(ERR_MEMORY, "no memory for %d k-mers", n) : OK;
    free(fit);
    free(kmer);
    free(z_at);
    return status;
}

/* ---- for tests and diagnostics ---- */

MilView mil_view(const Mil *m, int bag)
{
    const MilBag *entry = &m->entry[bag];
    const Index n_column = m->pooling->n_column, width = m->width, b = bag, at = m->bounds[bag], n_z = m->n_z,
                n_out = m->n_out;
    const real *y = m->y[m->o.output_hidden], *dy = m->dy[m->o.output_hidden];
    MilView v = {.whole = &entry->whole,
                 .kept = &entry->kept,
                 .width = m->width,
                 .a = select_scores(&m->o) ? m->a + entry->a_at * n_column : NULL,
                 .h = m->h + at * width,
                 .a_kept = m->a_kept + at * n_column,
                 .w = m->w + at * n_column,
                 .z = m->z + b * n_z,
                 .y = y + b * n_out};
    if (m->learn) {
        v.dh = m->dh + at * width;
        v.da = m->da + at * n_column;
        v.dz = m->dz + b * n_z;
        v.dy = dy + b * n_out;
    }
    return v;
}
