/* SPDX-License-Identifier: MIT
 *
 * inputcolumns.h: the numbers of a bag that a network reads beside its instances (model.bag_inputs), by name:
 *
 *     nuisance   size, log depth, clonality, largest clone, share of singletons, smallest count, mean and standard deviation
 *                of lengths; of vectors the size and the distribution of values
 *     genes      ln(1 + 100 000 · share of the sequences) of each V and each J gene (genename.h)
 *     columns    of the label table: numbers, or a 0 or 1 for each text
 *
 * A list of them is JSON, as a model keeps it: [{"name"}, {"name", "gene": "V" or "J"}, {"name", "column", "class"}, …].
 */
#ifndef HOPSACK_INPUTCOLUMNS_H
#define HOPSACK_INPUTCOLUMNS_H

#include "cohort/cohort.h"
#include "core/option.h"

#include <jansson.h>

typedef struct {
    bool nuisance, genes;
    OptionTexts columns;
} InputOptions;

static inline bool inputcolumns_on(const InputOptions *o)
{
    return o->nuisance || o->genes || o->columns.n > 0;
}

/* What there is in this cohort, the caller's to decref. Classes of a column are those of bags with a label. ERR_CONFIG,
 * ERR_FORMAT: there is no such column, or there are no genes. */
Status inputcolumns_list(json_t **list, const InputOptions *o, const Cohort *c);

/* *out [bags of the file, n of the list], the caller's to free; NaN: missing. Warns of columns and genes that this cohort
 * does not have; `of` names the model in warnings. ERR_MODEL: `list` is not such a list. */
Status inputcolumns_read(real **out, const json_t *list, const Cohort *c, const char *of);

#endif
