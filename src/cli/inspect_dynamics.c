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

static Status print_as_json(const Operating *o, const char *model, const char *data)
{
    json_t *heads = json_array();
    for (int i = 0; i < o->n_head; i++) json_array_append_new(heads, head_json(&o->head[i], o->n_pooling > 1));
    return print_json(json_pack("{s:s, s:s, s:i, s:f, s:o, s:o}", "model", model, "data", data, "n_bags", o->n_bag,
                                "weight", 0.9, "n_instances", quartiles_json(&o->n), "heads", heads));
}

static void print_table(const Operating *o, const char *model, const char *data)
{
    char names[2][1024];
    printf("model %s on %s: %d bag%s that pool%s %g instances (median; quartiles %g and %g)\n",
           escape_text(names[0], sizeof *names, model), escape_text(names[1], sizeof *names, data), o->n_bag,
           number_plural(o->n_bag), o->n_bag == 1 ? "s" : "", o->n.median, o->n.low, o->n.high);
    printf(
        "k: the fewest instances with 90 %% of the weight. Classes by the median of k/n: I above 1/2 (averages over\n"
        "nearly all), II above 1/8, III above 1/32 (metastable states), IV (a small one, or a single instance)\n\n");
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

Status inspect_dynamics(const char *model, const char *data, bool json)
{
    Status status = OK;
    Apply apply = {0};
    Cohort cohort = {0};
    Operating operating = {0};
    TRY_DONE(apply_read(&apply, &model, 1));
    if (apply.n_model != 1)
        TRY_DONE(fail(ERR_USAGE, "%s holds %d models; --dynamics wants one of them, as rep00/fold00 in it", model,
                      apply.n_model));
    TRY_DONE(cohort_open(&cohort, data, NULL, "auto", false));
    TRY_DONE(apply_fit(&apply, &cohort));
    TRY_DONE(operating_measure(&operating, &apply, &cohort));
    if (json)
        status = print_as_json(&operating, model, data);
    else
        print_table(&operating, model, data);
done:
    operating_free(&operating);
    apply_free(&apply);
    cohort_close(&cohort);
    return status;
}
