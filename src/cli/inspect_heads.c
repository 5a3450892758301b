/* SPDX-License-Identifier: MIT */
#include "cli/inspect_heads.h"
#include "cli/print.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/number.h"
#include "study/headplot.h"
#include "study/operating.h"

#include <stdio.h>

static json_t *three(const double x[3])
{
    return json_pack("[f, f, f]", x[0], x[1], x[2]);
}

static json_t *head_json(const HeadNumbers *h)
{
    json_t *gauss = json_pack("{s:f, s:f, s:f}", "mean", h->gauss.mean, "sd", h->gauss.sd, "l1", h->gauss.l1);
    return json_pack("{s:i, s:s, s:o, s:o, s:f, s:f, s:o}", "head", h->head, "class", operating_class[h->kind], "k",
                     three(h->k), "k_share", three(h->share), "entropy", h->entropy, "largest_weight", h->largest,
                     "gaussian", gauss);
}

static json_t *layer_json(const HeadLayer *l)
{
    json_t *heads = json_array();
    for (int64_t h = 0; h < l->n_head; h++) json_array_append_new(heads, head_json(&l->head[h]));
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "layer", l->name, "n_samples", (json_int_t)l->n_sample,
                     "n_queries", (json_int_t)l->n_query, "n_keys", (json_int_t)l->n_key, "n_blind_rows",
                     (json_int_t)l->n_blind, "heads", heads);
}

static Status print_as_json(const Heads *heads, const HeadOptions *o)
{
    json_t *layers = json_array();
    for (int k = 0; k < heads->n; k++) json_array_append_new(layers, layer_json(&heads->layer[k]));
    return print_json(json_pack("{s:s, s:f, s:i, s:o}", "file", o->path, "weight", 0.9, "n_other_arrays",
                                heads->n_other, "layers", layers));
}

static void print_layer(const HeadLayer *l)
{
    char name[256];
    printf("\n%s: %lld sample%s, %lld head%s, %lld queries, %lld keys\n", escape_text(name, sizeof name, l->name),
           (long long)l->n_sample, number_plural(l->n_sample), (long long)l->n_head, number_plural(l->n_head),
           (long long)l->n_query, (long long)l->n_key);
    if (l->n_blind > 0)
        printf("%lld row%s without a visible key left out\n", (long long)l->n_blind, number_plural(l->n_blind));
    printf("head class   k: 10 %%   median    90 %%     k/n entropy largest     mean       sd     L1\n");
    for (int64_t h = 0; h < l->n_head; h++) {
        const HeadNumbers *n = &l->head[h];
        printf("%4d %-5s %9.5g %8.5g %7.5g  %6.3f %7.3f %7.3f %8.4g %8.4g %6.3f\n", n->head, operating_class[n->kind],
               n->k[0], n->k[1], n->k[2], n->share[1], n->entropy, n->largest, n->gauss.mean, n->gauss.sd,
               n->gauss.l1);
    }
}

static void print_classes(const Heads *heads)
{
    int count[DYNAMICS_IV + 1] = {0};
    for (int k = 0; k < heads->n; k++)
        for (int64_t h = 0; h < heads->layer[k].n_head; h++) count[heads->layer[k].head[h].kind]++;
    printf("heads of class I: %d, II: %d, III: %d, IV: %d\n", count[DYNAMICS_I], count[DYNAMICS_II],
           count[DYNAMICS_III], count[DYNAMICS_IV]);
}

static void print_table(const Heads *heads, const HeadOptions *o)
{
    char name[1024];
    printf("%s: %d layer%s", escape_text(name, sizeof name, o->path), heads->n, number_plural(heads->n));
    if (heads->n_other > 0) printf(", %d other array%s left out", heads->n_other, number_plural(heads->n_other));
    printf("\n");
    print_classes(heads);
    printf(
        "k: the fewest keys with 90 %% of a query's weight, over samples and queries. n: visible keys. Class by\n"
        "the median of k/n: I above 1/2 (averages), II above 1/8, III above 1/32, IV. mean, sd: of the Gaussian of\n"
        "key minus query that is nearest by likelihood. L1: its distance to the mean attention, 0 to 2\n");
    for (int k = 0; k < heads->n; k++) print_layer(&heads->layer[k]);
}

Status inspect_heads(const HeadOptions *o, const char *plot, bool force, bool json)
{
    Status status = OK;
    Heads heads = {0};
    TRY(file_check_apart(plot, o->path));
    TRY(file_check_target(plot, force));
    TRY_DONE(heads_measure(&heads, o));
    if (plot) TRY_DONE(headplot_write(plot, &heads, force));
    if (json)
        status = print_as_json(&heads, o);
    else
        print_table(&heads, o);
done:
    heads_free(&heads);
    return status;
}
