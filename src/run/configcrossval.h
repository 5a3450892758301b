/* SPDX-License-Identifier: MIT
 *
 * configcrossval.h: the keys crossval.*, and what they and the keys of single trainings of a cross-validation must fulfil.
 */
#ifndef HOPSACK_CONFIGCROSSVAL_H
#define HOPSACK_CONFIGCROSSVAL_H

#include "run/config.h"

extern const Option configcrossval_rows[], configcrossval_more_rows[];

/* splits.inner, splits.permute, crossval.*: ERR_CONFIG. */
Status configcrossval_check(const Config *config);

#endif
