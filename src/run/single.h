/* SPDX-License-Identifier: MIT
 *
 * single.h: bags of one instance, for models that do not pool (model.pooling.kind: none).
 */
#ifndef HOPSACK_SINGLE_H
#define HOPSACK_SINGLE_H

#include "cohort/cohort.h"
#include "model/mil.h"

/* `status`, which is not OK, names a bag of another number of instances where the model cannot take such. */
Status single_check(const ModelOptions *o, const Cohort *cohort, Status status);

#endif
