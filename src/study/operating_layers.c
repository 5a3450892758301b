/* SPDX-License-Identifier: MIT
 *
 * operating_layers.c: what the associations between embedder and pooling do. A second network of the same weights, planned
 * as for learning, keeps what its layers retrieve.
 */
#include "run/modelinputs.h"
#include "study/operating.h"

#include <stdlib.h>

typedef struct {
    Mil *mil;
    OperatingTally *tally; /* [n_layer] */
    real *w;               /* [n_max, heads of a layer] */
    double *scratch;       /* [2 n_max] */
} LayerWatch;

/* Stored patterns an instance of a bag of n_max can have, at most, under all heads of a layer. */
static Status reserve(LayerWatch *w, int n_max)
{
    const int n_layer = mil_n_layer(w->mil);
    size_t most = (size_t)n_max + 1, heads = 1;
    for (int k = 0; k < n_layer; k++) {
        const size_t own = (size_t)mil_layer_heads(w->mil, k), stored = (size_t)mil_layer_stored(w->mil, k);
        if (own > heads) heads = own;
        if (stored > most) most = stored;
    }
    w->tally = calloc((size_t)n_layer + 1, sizeof *w->tally);
    w->w = calloc(most * heads, sizeof *w->w);
    w->scratch = calloc(2 * most, sizeof *w->scratch);
    if (!w->tally || !w->w || !w->scratch) return fail(ERR_MEMORY, "no memory for what layers do");
    for (int k = 0; k < n_layer; k++) TRY(operating_open(&w->tally[k], mil_layer_heads(w->mil, k)));
    return OK;
}

static void close_watch(LayerWatch *w)
{
    for (int k = 0; w->tally && k < mil_n_layer(w->mil); k++) operating_close(&w->tally[k]);
    free(w->tally), free(w->w), free(w->scratch);
    mil_free(w->mil);
}

/* Of one instance: heads become columns, as operating_add wants them. */
static Status add_instance(LayerWatch *w, int layer, int i)
{
    const int n_head = mil_layer_heads(w->mil, layer);
    int n_stored = 0;
    for (int h = 0; h < n_head; h++) {
        const real *p = mil_layer_row(w->mil, &n_stored, layer, h, i);
        for (int j = 0; j < n_stored; j++) w->w[j * n_head + h] = p[j];
    }
    return operating_add(&w->tally[layer], w->w, n_stored, w->scratch);
}

static Status add_bag(LayerWatch *w, const Bag *bag)
{
    const int n = mil_observe(w->mil, bag);
    for (int k = 0; k < mil_n_layer(w->mil); k++)
        for (int i = 0; mil_layer_heads(w->mil, k) > 0 && i < n; i++) TRY(add_instance(w, k, i));
    return OK;
}

static Status open_watch(LayerWatch *w, ModelFile *m, const Cohort *cohort)
{
    const int n_max = bagfile_n_max(cohort->file);
    TRY(mil_new(&w->mil, &m->config.model, bagfile_spec(cohort->file), m->target, m->n_target));
    TRY(reserve(w, n_max));
    TRY(mil_plan(w->mil, 1, n_max > 0 ? n_max : 1, true));
    mil_prepare(w->mil, m->theta);
    return OK;
}

static Status conclude(OperatingLayer **out, int *n, const LayerWatch *w)
{
    *out = calloc((size_t)mil_n_layer(w->mil) + 1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for what layers do");
    for (int k = 0; k < mil_n_layer(w->mil); k++) {
        if (mil_layer_heads(w->mil, k) == 0) continue;
        OperatingLayer *layer = &(*out)[(*n)++];
        *layer = (OperatingLayer){.layer = k, .kind = mil_layer_kind(w->mil, k)};
        TRY(operating_conclude(&layer->of, &w->tally[k], NULL));
    }
    return OK;
}

static bool has_heads(const Mil *mil)
{
    for (int k = 0; k < mil_n_layer(mil); k++)
        if (mil_layer_heads(mil, k) > 0) return true;
    return false;
}

Status operating_measure_layers(OperatingLayer **out, int *n, Apply *a, const Cohort *cohort)
{
    Status status = OK;
    LayerWatch w = {0};
    *out = NULL;
    *n = 0;
    if (!has_heads(a->model[0].mil)) return OK;
    TRY_DONE(open_watch(&w, &a->model[0], cohort));
    for (int i = 0; i < cohort->n; i++) {
        const Bag *whole;
        TRY_DONE(cache_bag(a->cache, &whole, cohort->bag[i], 0));
        const Bag own = modelinputs_bag(&a->model[0], whole, cohort->bag[i]);
        TRY_DONE(add_bag(&w, &own));
    }
    status = conclude(out, n, &w);
done:
    close_watch(&w);
    return status;
}

void operating_free_layers(OperatingLayer *layer, int n)
{
    for (int k = 0; layer && k < n; k++) operating_free(&layer[k].of);
    free(layer);
}
