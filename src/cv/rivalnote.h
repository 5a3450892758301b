/* SPDX-License-Identifier: MIT
 *
 * rivalnote.h: a sentence on what a cross-validation was compared with: the baselines that lie beside its folder and have the
 * same folds, or how to run them.
 */
#ifndef HOPSACK_RIVALNOTE_H
#define HOPSACK_RIVALNOTE_H

#include <jansson.h>

/* Looks at the folders beside `run` whose splits.tsv says the same as its own. The figure is that of the method which is best by
 * the inner folds of each fold; test scores choose nothing. tasks: those of the run's summary. An array of
 * sentences, the caller's to decref; NULL: no memory. */
json_t *rivalnote_make(const char *run, const json_t *tasks);

#endif
