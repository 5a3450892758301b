/* SPDX-License-Identifier: MIT
 *
 * survey.h: what a dataset file holds, as one JSON object:
 *
 *   path bytes kind bags instances
 *   instances_per_bag {min median max}
 *   sequences: alphabet region width genes length {min mean max} count {min max sum ones}
 *   vectors:   n_features
 *   columns [{name missing distinct values {value: bags}}]   values only where there are at most SURVEY_VALUES
 *   equal_bags [[key, key, …], …]                            bags of the same content
 *   provenance                                               without the list of files; null where there is none
 */
#ifndef HOPSACK_SURVEY_H
#define HOPSACK_SURVEY_H

#include "core/status.h"

#include <jansson.h>

#define SURVEY_VALUES 12

Status survey_dataset(json_t **out, const char *path); /* caller decrefs; reads lengths and counts of every bag */

#endif
