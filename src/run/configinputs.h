/* SPDX-License-Identifier: MIT
 *
 * configinputs.h: settings of what a network reads beside the sequences or vectors: clone counts as weights.
 */
#ifndef HOPSACK_CONFIGINPUTS_H
#define HOPSACK_CONFIGINPUTS_H

#include "run/config.h"

extern const Option configinputs_pooling_rows[]; /* of model.pooling.*, for all kinds; at the Config */

Status configinputs_check(const Config *config);

#endif
