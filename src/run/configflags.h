/* SPDX-License-Identifier: MIT
 *
 * configflags.h: settings of the command line, long or by their short names (config_short_names).
 */
#ifndef HOPSACK_CONFIGFLAGS_H
#define HOPSACK_CONFIGFLAGS_H

#include "core/settings.h"

/* flag [n_flag]: "SECTION.KEY=VALUE", or a short name before the "=". ERR_CONFIG. */
Status configflags_add(Settings *s, const char *const *flag, int n_flag);

#endif
