/* SPDX-License-Identifier: MIT
 *
 * layer.c: the table of layers. A new kind is a file and a row here.
 */
#include "model/layer.h"

#include <string.h>

const LayerType *const layer_types[] = {&layer_association, &layer_lookup, &layer_dense, NULL};

const real *layer_packed(real *to, const real *from, Index rows, Index n, Index stride)
{
    if (n == stride) return from;
    for (Index i = 0; i < rows; i++) memcpy(to + i * n, from + i * stride, n * sizeof *to);
    return to;
}

void layer_add_packed(real *to, Index stride, const real *from, Index rows, Index n)
{
    for (Index i = 0; i < rows; i++, to += stride, from += n)
        for (Index j = 0; j < n; j++) to[j] += from[j];
}
