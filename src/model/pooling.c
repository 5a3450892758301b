/* SPDX-License-Identifier: MIT
 *
 * pooling.c: the table of poolings. A new one is a file and a row here.
 */
#include "model/pooling.h"

#include <string.h>

const PoolingType *const pooling_types[] = {&pooling_attention, &pooling_hopfield, &pooling_mean, &pooling_max,
                                            &pooling_gated,     &pooling_none,     NULL};

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
            "attention, hopfield, gated or mean",
            type->name);
    return fail(ERR_CONFIG,
                "model.pooling.count_weight: %s weighs instances only if it retrieves once, without extra steps, "
                "static_projection, connected and zero_association; leave it or them out",
                type->name);
}
