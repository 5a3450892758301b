/* SPDX-License-Identifier: MIT
 *
 * place.h: where the data of a run lie now. Runs and data move; a resumed run keeps its config, and its data are known by
 * content (content.h). A path of the config is looked for, in this order: as it is written; from the folder where the run was
 * started; where it lay when the run was started or resumed; where it lay as seen from the run's folder.
 */
#ifndef HOPSACK_PLACE_H
#define HOPSACK_PLACE_H

#include "run/config.h"

/* Paths of data that `now` was given and `saved`, the config of the run, has otherwise name other places: they become
 * now->place, and the saved ones are kept in now. */
Status place_move(Config *now, const Config *saved);

/* Looks for those that were not given. What is not found is told by place_check. */
Status place_find(Config *config, const char *folder);

/* ERR_IO where a file is not found: it names the places tried, and the flag. */
Status place_check(const Config *config);

#endif
