/* SPDX-License-Identifier: MIT
 *
 * fitwatch.h: warnings of a model that learned its training bags and nothing else. By the training and validation parts of
 * the first task; test bags are not looked at. Inner trainings and trainings on permuted labels give none.
 */
#ifndef HOPSACK_FITWATCH_H
#define HOPSACK_FITWATCH_H

#include "run/evaluation.h"

/* parts: what evaluation_scores returned. `where` begins the sentence. Warns
 *   - where training bags are told apart (AUC ≥ 0.99) and the interval of the validation AUC reaches down to 0.5;
 *   - where all bags of the validation part, without one of the training part, are predicted to be of one class. */
void fitwatch_warn(const Evaluation *o, const json_t *parts, const char *where);

#endif
