/* SPDX-License-Identifier: MIT
 *
 * inspect_dynamics.h: what the heads of a model do with the bags of a dataset, as a table or as JSON.
 */
#ifndef HOPSACK_INSPECT_DYNAMICS_H
#define HOPSACK_INSPECT_DYNAMICS_H

#include "core/status.h"

#include <stdbool.h>

Status inspect_dynamics(const char *model, const char *data, bool json);

#endif
