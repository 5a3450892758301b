/* SPDX-License-Identifier: MIT
 *
 * importfacts.h: what provenance says of every import, as JSON.
 */
#ifndef HOPSACK_IMPORTFACTS_H
#define HOPSACK_IMPORTFACTS_H

#include "data/text/header.h"

#include <jansson.h>
#include <stdbool.h>

/* Options that every kind has: format (NULL: auto), separator (0: auto), include, exclude, compress. NULL: not UTF-8, or no
 * memory. */
json_t *importfacts_options(const char *format, char separator, const RowRules *rows, bool compress);

/* All keys of both, which it takes over; NULL if either is. */
json_t *importfacts_join(json_t *a, json_t *b);

json_t *importfacts_names(char *const *name, int n); /* a list of texts */

/* {file, sha256, bags_without_row} of the label table at `path`. */
Status importfacts_labels(json_t **out, const char *path, int n_unlabelled);

const char *importfacts_base(const char *path); /* what follows the last slash */

#endif
