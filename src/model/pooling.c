/* SPDX-License-Identifier: MIT
 *
 * pooling.c: the table of poolings. A new one is a file and a row here.
 */
#include "model/pooling.h"

#include <string.h>

const PoolingType *const pooling_types[] = {&pooling_attention, &pooling_hopfield, &pooling_mean,
                                            &pooling_max,       &pooling_gated,    &pooling_additive,
                                            &pooling_logsumexp, &pooling_none,     NULL};

const PoolingType *pooling_type(const char *name)
{
    for (const PoolingType *const *t = pooling_types; *t; t++)
        if (strcmp((*t)->name, name) == 0) return *t;
    return NULL;
}

/* Softmax takes weights of instances; so does a weighted mean. */
Status pooling_check_weights(const PoolingType *type, const Pooling *pooling)
{
    if (pooling->streams || pooling->weighs) return OK;
    if (!type->ranks)
        return fail(
            ERR_CONFIG,
            "model.pooling.count_weight: %s has no use for weights; leave it out, or set model.pooling.kind to "
            "attention, hopfield, gated, additive, mean or logsumexp",
            type->name);
    return fail(ERR_CONFIG,
                "model.pooling.count_weight: %s weighs instances only by softmax, and hopfield only if it retrieves "
                "once by dot products, without extra steps, static_stored, static_projection, connected, "
                "zero_association and norm_space; leave it or them out",
                type->name);
}
