/* SPDX-License-Identifier: MIT
 *
 * rivaltop.h: the features of a model with the largest weights, by name: sequences, k-mers, columns. What a name is follows from
 * the model's tensors and facts:
 *
 *     tensor `sequences`          its lines; weights are in `v`, else in `log_p`
 *     fact `columns`              their names
 *     facts `n_feat`, `features`  mean, max and min of each feature
 *     Rival.name_feature          the others
 */
#ifndef HOPSACK_RIVALTOP_H
#define HOPSACK_RIVALTOP_H

#include "rival/rival.h"

/* *out, the caller's to decref: [{"feature", "weight", "output"}], at most n, the largest absolute weight first; "output" where
 * there are several. Empty: the model is no sum of weighted features. */
Status rivaltop_make(json_t **out, const RivalModel *model, const char *alphabet, int n);

#endif
