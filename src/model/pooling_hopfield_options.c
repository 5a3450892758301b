/* SPDX-License-Identifier: MIT */
#include "model/pooling_hopfield.h"
#include "core/number.h"

#include <math.h>

#define AT(field)  offsetof(HopfieldPoolingSettings, field)
#define NORM_WORDS "affine plain none"

const Option pooling_hopfield_rows[] = {
    {"n_head", OPTION_INT, AT(n_head), "8", 1, RETRIEVAL_HEADS, NULL, "heads", "number of attention heads"},
    {"head_size", OPTION_INT, AT(head_size), "32", 1, 65536, "auto", "features",
     "size of the queries and keys of a head; auto: the size of an embedding divided by n_head"},
    {"n_query", OPTION_INT, AT(n_query), "1", 1, 64, NULL, "queries",
     "number of learned queries; their outputs are concatenated"},
    {"beta", OPTION_NUMBER, AT(beta), "auto", 1e-30, 1e30, "auto", "",
     "inverse temperature: a small beta averages over instances, a large one selects single instances; "
     "auto: 1/sqrt(head_size)"},
    {"head_beta", OPTION_NUMBERS, AT(head_beta), "[]", 1e-30, 1e30, NULL, "",
     "inverse temperature of each head, n_head numbers; []: beta for all"},
    {"learn_beta", OPTION_BOOL, AT(learn_beta), "false", 0, 0, NULL, "",
     "beta as a learned parameter of each head, with model.pooling.beta as its initial value"},
    {"steps", OPTION_INT, AT(steps), "0", -1, 100000, NULL, "updates",
     "number of state updates of the queries after the first association; -1: until convergence, at most "
     "1000"},
    {"head_steps", OPTION_NUMBERS, AT(head_steps), "[]", -1, 100000, NULL, "updates",
     "number of state updates of each head, n_head numbers; []: steps for all"},
    {"eps", OPTION_NUMBER, AT(eps), "0.0001", 1e-300, 1e30, NULL, "",
     "convergence threshold: a head stops when its association changes by no more than this (Frobenius "
     "norm)"},
    {"head_eps", OPTION_NUMBERS, AT(head_eps), "[]", 1e-300, 1e30, NULL, "",
     "convergence threshold of each head, n_head numbers; []: eps for all"},
    {"stop", OPTION_CHOICE, AT(stop), "bag", 0, 0, "bag batch", "",
     "unit that stops updating together: bag (each bag on its own), or batch (all bags of a minibatch, as "
     "in the reference implementation)"},
    {"dropout", OPTION_NUMBER, AT(dropout), "0", 0, 0.999999, NULL, "",
     "dropout: fraction of the association's entries that are set to 0 in training; the others are scaled "
     "up"},
    {"pattern_size", OPTION_INT, AT(pattern_size), "auto", 1, 65536, "auto", "features",
     "size of the pattern a head retrieves; auto: head_size"},
    {"output_size", OPTION_INT, AT(output_size), "auto", 1, 65536, "auto", "features",
     "size of a query's output; auto: the size of an embedding"},
    {"output_projection", OPTION_BOOL, AT(output_projection), "true", 0, 0, NULL, "",
     "linear layer that combines the heads; false: the heads are concatenated to n_head times pattern_size "
     "features"},
    {"activation", OPTION_CHOICE, AT(activation), "relu", 0, 0, "relu none tanh", "",
     "activation function of the output; the default of the reference implementation is none"},
    {"bias", OPTION_BOOL, AT(bias), "true", 0, 0, NULL, "", "bias of all projections"},
    {"norm_query", OPTION_CHOICE, AT(norm_query), "affine", 0, 0, NORM_WORDS, "",
     "layer normalization of the queries: affine (with learned weights), plain (without), none"},
    {"norm_stored", OPTION_CHOICE, AT(norm_stored), "affine", 0, 0, NORM_WORDS, "",
     "layer normalization of the instances before the projection to keys: affine, plain, none"},
    {"norm_projection", OPTION_CHOICE, AT(norm_projection), "affine", 0, 0, NORM_WORDS, "",
     "layer normalization of the instances before the projection to retrieved patterns: affine, plain, "
     "none"},
    {"norm_space", OPTION_CHOICE, AT(norm_space), "none", 0, 0, "none plain affine", "",
     "layer normalization of projected queries and keys, for each head: none, plain, affine"},
    {"static_query", OPTION_BOOL, AT(static_query), "false", 0, 0, NULL, "",
     "queries without projection: head_size features, the same in every head"},
    {"static_stored", OPTION_BOOL, AT(static_stored), "false", 0, 0, NULL, "",
     "keys without projection: the embeddings, the same in every head; head_size is then their size"},
    {"static_projection", OPTION_BOOL, AT(static_projection), "false", 0, 0, NULL, "",
     "retrieved patterns without projection: the embeddings, the same in every head; pattern_size is then "
     "their size"},
    {"connected", OPTION_BOOL, AT(connected), "false", 0, 0, NULL, "",
     "projection of the keys, applied to the retrieved patterns as well"},
    {"zero_association", OPTION_BOOL, AT(zero_association), "false", 0, 0, NULL, "",
     "additional all-zero instance, which can take up weight"},
    {"learn_query", OPTION_BOOL, AT(learn_query), "true", 0, 0, NULL, "",
     "learning of the queries; false: they keep their random initial values"},
    {"init", OPTION_CHOICE, AT(init), "reference", 0, 0, "reference fan", "",
     "initial projections: reference (normal with standard deviation 0.02, as in the reference "
     "implementation), or fan (standard deviation 1/sqrt(inputs), so that heads differ from the start)"},
    {"similarity", OPTION_CHOICE, AT(similarity), "dot", 0, 0, SIMILARITY_WORDS, "",
     "similarity of a query q and a key k: dot (q.k), distance (q.k - |k|^2/2, which favours near keys), tanimoto "
     "(q.k/(|q|^2 + |k|^2 - q.k), between -1/3 and 1: give it a larger beta, such as 10)"},
    POOLING_NORMALIZER_ROW(HopfieldPoolingSettings, normalizer),
    POOLING_MEAN_ROW(HopfieldPoolingSettings, mean),
    {0},
};

static Status head_list(double *to, const OptionNumbers *list, int n_head, const char *key)
{
    if (list->n == 0) return OK;
    if (list->n != n_head)
        return fail(ERR_CONFIG, "model.pooling.%s: %d number%s given for %d head%s", key, list->n,
                    list->n == 1 ? " is" : "s are", n_head, number_plural(n_head));
    for (int h = 0; h < n_head; h++) to[h] = list->number[h];
    return OK;
}

static Status heads(AssociationOptions *core, const HopfieldPoolingSettings *s)
{
    double steps[RETRIEVAL_HEADS];
    association_heads(core, isnan(s->beta) ? 0 : s->beta, s->steps, s->eps);
    for (int h = 0; h < s->n_head; h++) steps[h] = s->steps;
    TRY(head_list(core->beta, &s->head_beta, s->n_head, "head_beta"));
    TRY(head_list(core->eps, &s->head_eps, s->n_head, "head_eps"));
    TRY(head_list(steps, &s->head_steps, s->n_head, "head_steps"));
    for (int h = 0; h < s->n_head; h++) {
        core->steps[h] = (int)steps[h];
        if (core->steps[h] != steps[h])
            return fail(ERR_CONFIG, "model.pooling.head_steps: %g is not a whole number", steps[h]);
    }
    return OK;
}

static Status core_options(AssociationOptions *core, const HopfieldPoolingSettings *s)
{
    static const AssociationActivation activation[] = {ASSOCIATION_RELU, ASSOCIATION_LINEAR, ASSOCIATION_TANH};
    core->n_head = s->n_head;
    core->head_size = s->head_size;
    core->pattern_size = s->pattern_size;
    core->n_out = s->output_size;
    core->beta_learned = s->learn_beta;
    core->whole_batch = s->stop == 1;
    core->state_static = s->static_query;
    core->stored_static = s->static_stored;
    core->projection_static = s->static_projection;
    core->connected = s->connected;
    core->bias = s->bias;
    core->fan = s->init == 1;
    core->similarity = (Similarity)s->similarity;
    core->normalizer = (Normalizer)s->normalizer;
    core->norm = s->norm_space > 0;
    core->norm_affine = s->norm_space > 1;
    core->zero = s->zero_association;
    core->no_output = !s->output_projection;
    core->activation = activation[s->activation];
    return heads(core, s);
}

static Status check_widths(const HopfieldPoolingSettings *s, int n_h)
{
    if (!s->output_projection && s->output_size)
        return fail(ERR_CONFIG, "model.pooling.output_size: without output_projection the output has n_head times "
                                "pattern_size numbers; leave it out");
    if (s->static_stored && s->head_size && s->head_size != n_h)
        return fail(ERR_CONFIG,
                    "model.pooling.head_size: with static_stored it is that of an instance, %d; it is given as %d",
                    n_h, s->head_size);
    if (s->static_projection && s->pattern_size && s->pattern_size != n_h)
        return fail(
            ERR_CONFIG,
            "model.pooling.pattern_size: with static_projection it is that of an instance, %d; it is given as %d",
            n_h, s->pattern_size);
    return OK;
}

Status pooling_hopfield_build(HopfieldPooling *l, ParamList *list, const HopfieldPoolingSettings *s, int n_h)
{
    HopfieldPoolingOptions o = {.quantity = s->n_query, .fixed = !s->learn_query};
    hopfield_options(&o.hopfield, n_h);
    TRY(check_widths(s, n_h));
    TRY(core_options(&o.hopfield.core, s));
    if (s->static_stored) o.hopfield.core.head_size = n_h;
    o.hopfield.norm_state = s->norm_query < 2, o.hopfield.norm_state_affine = s->norm_query < 1;
    o.hopfield.norm_stored = s->norm_stored < 2, o.hopfield.norm_stored_affine = s->norm_stored < 1;
    o.hopfield.norm_projection = s->norm_projection < 2, o.hopfield.norm_projection_affine = s->norm_projection < 1;
    TRY(hopfield_pooling_resolve(&o));
    hopfield_pooling_init(l, list, "pooling.", &o);
    return OK;
}
