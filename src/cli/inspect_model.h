/* SPDX-License-Identifier: MIT
 *
 * inspect_model.h: what a model file or a run folder holds.
 */
#ifndef HOPSACK_INSPECT_MODEL_H
#define HOPSACK_INSPECT_MODEL_H

#include "core/status.h"

#include <stdbool.h>

Status inspect_model(const char *path, bool json);
Status inspect_model_run(const char *folder, bool json);

#endif
