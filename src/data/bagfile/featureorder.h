/* SPDX-License-Identifier: MIT
 *
 * featureorder.h: features of a dataset in the order of a model, by their names.
 */
#ifndef HOPSACK_FEATUREORDER_H
#define HOPSACK_FEATUREORDER_H

#include "data/bagfile/bagfile.h"

/* name [n] of the features of `model` (its path, for messages). From now on bags of `file` have their features in that
 * order, their names and hashes too. A file without names is left as it is. ERR_MODEL names what is missing and what is
 * too much. Before the first bag is read; several models must have the same order. */
Status featureorder_set(BagFile *file, const char *const *name, int n, const char *model);

/* For the layouts: n dense rows, or the n numbers of a sparse one, in place. ERR_MEMORY. */
Status featureorder_dense(float *x, const BagFile *file, int n);
Status featureorder_sparse(int32_t *feature, float *value, const BagFile *file, int n);

#endif
