/* SPDX-License-Identifier: MIT
 *
 * pooling.c: the table of poolings. A new one is a file and a row here.
 */
#include "model/pooling.h"

#include <string.h>

const PoolingType *const pooling_types[] = {&pooling_attention, &pooling_hopfield, &pooling_mean,
                                            &pooling_max,       &pooling_gated,    NULL};

const PoolingType *pooling_type(const char *name)
{
    for (const PoolingType *const *t = pooling_types; *t; t++)
        if (strcmp((*t)->name, name) == 0) return *t;
    return NULL;
}
