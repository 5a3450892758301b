/* SPDX-License-Identifier: MIT
 *
 * configinputs.h: settings of what a network reads beside the sequences or vectors, and how: clone counts as weights,
 * genes of sequences, numbers of the bag as a whole, their norm.
 */
#ifndef HOPSACK_CONFIGINPUTS_H
#define HOPSACK_CONFIGINPUTS_H

#include "run/config.h"

extern const Option configinputs_model_rows[]; /* of model.* itself; at the Config */

extern const Option configinputs_pooling_rows[]; /* of model.pooling.*, for all kinds; at the Config, in entry 0 */

extern const Option configinputs_embedder_rows[]; /* of model.embedder.*, for all kinds; at the Config */

extern const Option configinputs_bag_rows[]; /* of model.bag_inputs.* */

Status configinputs_check(const Config *config);

#endif
