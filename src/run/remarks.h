/* SPDX-License-Identifier: MIT
 *
 * remarks.h: sentences on scores that look better or worse than they are: a perfect AUC, one class predicted for all bags,
 * and training far above validation. Every summary has them as "remarks".
 */
#ifndef HOPSACK_REMARKS_H
#define HOPSACK_REMARKS_H

#include "core/textout.h"

#include <jansson.h>
#include <stdbool.h>

#define REMARKS_FEW 10  /* bags; fewer are not remarked on */
#define REMARKS_GAP 0.2 /* AUC of training above that of validation */

/* Of parts as evaluation_scores or evaluate have them. NULL: no memory. */
json_t *remarks_parts(const json_t *parts);

/* Scores of one part of a task: are all bags predicted to be of one class, although there are two? */
bool remarks_one_class(const json_t *scores);

/* That the network reads n_input numbers of the bag as a whole (model.bag_inputs), and how to have the scores without;
 * nothing of that where `shown`: the summary has them. */
void remarks_inputs(json_t *remarks, int n_input, bool shown);

/* "remarks" and "check" of a training's summary; check as confoundwatch.h has it. */
void remarks_add(json_t *summary, const json_t *parts, const json_t *check, int n_input);

/* What confoundwatch.h found, as sentences. */
void remarks_check(json_t *remarks, const json_t *check);

void remarks_append(json_t *remarks, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sentences as a list in Markdown. */
void remarks_print(TextOut *out, const json_t *sentences);

#endif
