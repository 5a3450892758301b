/* SPDX-License-Identifier: MIT
 *
 * configsearch.h: the keys search.*: a search for settings inside each fold of a cross-validation.
 */
#ifndef HOPSACK_CONFIGSEARCH_H
#define HOPSACK_CONFIGSEARCH_H

#include "run/config.h"

extern const Option configsearch_rows[];

/* search.* but for what trials say (trials.h): ERR_CONFIG. With kind none given, the rest does not count. */
Status configsearch_check(Config *config);

bool configsearch_is_on(const Config *config);
void configsearch_clear(Config *config); /* of a single training */

/* Inner folds of each outer fold, of the search or of crossval.inner; 0: none. */
int configsearch_inner(const Config *config);

#endif
