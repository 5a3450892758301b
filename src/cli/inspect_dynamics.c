/* SPDX-License-Identifier: MIT */
#include "cli/inspect_dynamics.h"
#include "cli/print.h"
#include "core/escape.h"
#include "core/number.h"
#include "study/operating.h"

#include <stdio.h>

static json_t *quartiles_json(const Quartiles *q)
{
    return json_pack("[f, f, f]", q->low, q->median, q->high);
}

/* Says which pooling only where there are several. */
static json_t *head_json(const OperatingHead *h, bool several)
{
    json_t *pooling = several ? json_integer(h->pooling) : NULL;
    return json_pack("{s:o*, s:i, s:i, s:s, s:o, s:o, s:f, s:f, s:f}", "pooling", pooling, "query", h->query, "head",
                     h->head, "class", operating_class[h->kind], "k", quartiles_json(&h->k), "k_share",
                     quartiles_json(&h->share), "entropy", h->entropy, "evenness", h->evenness, "largest_weight",
                     h->largest);
}

static json_t *heads_json(const Operating *o)
{
    json_t *heads = json_array();
    for (int i = 0; i < o->n_head; i++) json_array_append_new(heads, head_json(&o->head[i], o->n_pooling > 1));
    return heads;
}

/* What is told of a model: its pooling, unless that has no attention, and the associations before it. */
typedef struct {
    bool pools;
    Operating pooling;
    OperatingLayer *layer; /* [n_layer] */
    int n_layer;
} Dynamics;

static json_t *layers_json(const Dynamics *d)
{
    json_t *layers = json_array();
    for (int k = 0; k < d->n_layer; k++) {
        const OperatingLayer *l = &d->layer[k];
        json_array_append_new(layers, json_pack("{s:i, s:s, s:i, s:o, s:o}", "layer", l->layer, "kind", l->kind,
                                                "n_rows", l->of.n_bag, "n_stored", quartiles_json(&l->of.n), "heads",
                                                heads_json(&l->of)));
    }
    return layers;
}

static Status print_as_json(const Dynamics *d, const char *model, const char *data)
{
    const Operating *o = &d->pooling;
    json_t *layers = d->n_layer > 0 ? layers_json(d) : NULL;
    return print_json(json_pack("{s:s, s:s, s:i, s:f, s:o, s:o, s:o*}", "model", model, "data", data, "n_bags",
                                o->n_bag, "weight", 0.9, "n_instances", quartiles_json(&o->n), "heads", heads_json(o),
                                "layers", layers));
}

static void print_heads(const Operating *o)
{
    printf("%squery head  class   k: quarter   median  quarter     k/n  entropy  evenness  largest weight\n",
           o->n_pooling > 1 ? "pooling " : "");
    for (int i = 0; i < o->n_head; i++) {
        const OperatingHead *h = &o->head[i];
        if (o->n_pooling > 1) printf("%7d ", h->pooling);
        printf("%5d %4d  %-5s %13.5g %8.5g %8.5g  %6.3f %8.3f %9.3f %15.3f\n", h->query, h->head,
               operating_class[h->kind], h->k.low, h->k.median, h->k.high, h->share.median, h->entropy, h->evenness,
               h->largest);
    }
}

static void print_layer(const OperatingLayer *l)
{
    const Operating *o = &l->of;
    printf("\nlayer %d (%s): %d instance%s, each a query, that retrieve%s from %g patterns (median; quartiles %g and "
           "%g)\n",
           l->layer, l->kind, o->n_bag, number_plural(o->n_bag), o->n_bag == 1 ? "s" : "", o->n.median, o->n.low,
           o->n.high);
    print_heads(o);
}

static void print_table(const Dynamics *d, const char *model, const char *data)
{
    char names[2][1024];
    const Operating *o = &d->pooling;
    printf("model %s on %s: ", escape_text(names[0], sizeof *names, model),
           escape_text(names[1], sizeof *names, data));
    if (d->pools)
        printf("%d bag%s that pool%s %g instances (median; quartiles %g and %g)\n", o->n_bag, number_plural(o->n_bag),
               o->n_bag == 1 ? "s" : "", o->n.median, o->n.low, o->n.high);
    else
        printf("its pooling has no attention; its layers have\n");
    printf(
        "k: the fewest instances with 90 %% of the weight. Classes by the median of k/n: I above 1/2 (averages over\n"
        "nearly all), II above 1/8, III above 1/32 (metastable states), IV (a small one, or a single instance)\n\n");
    if (d->pools) print_heads(o);
    for (int k = 0; k < d->n_layer; k++) print_layer(&d->layer[k]);
}

static Status measure(Dynamics *d, Apply *apply, const Cohort *cohort)
{
    TRY(operating_measure_layers(&d->layer, &d->n_layer, apply, cohort));
    d->pools = d->n_layer == 0 || mil_ranks(&apply->model[0].config.model);
    return d->pools ? operating_measure(&d->pooling, apply, cohort) : OK;
}

Status inspect_dynamics(const char *model, const char *data, bool json)
{
    Status status = OK;
    Apply apply = {0};
    Cohort cohort = {0};
    Dynamics dynamics = {0};
    TRY_DONE(apply_read(&apply, &model, 1));
    if (apply.n_model != 1)
        TRY_DONE(fail(ERR_USAGE, "%s holds %d models; --dynamics wants one of them, as rep00/fold00 in it", model,
                      apply.n_model));
    TRY_DONE(cohort_open(&cohort, data, NULL, "auto", false));
    TRY_DONE(apply_fit(&apply, &cohort));
    TRY_DONE(measure(&dynamics, &apply, &cohort));
    if (json)
        status = print_as_json(&dynamics, model, data);
    else
        print_table(&dynamics, model, data);
done:
    operating_free(&dynamics.pooling);
    operating_free_layers(dynamics.layer, dynamics.n_layer);
    apply_free(&apply);
    cohort_close(&cohort);
    return status;
}
