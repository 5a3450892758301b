/* SPDX-License-Identifier: MIT
 *
 * scores.h: scores for people, from the JSON that files hold.
 */
#ifndef HOPSACK_SCORES_H
#define HOPSACK_SCORES_H

#include <jansson.h>
#include <stdio.h>

/* A line a task: "test AUC 0.987 (40 bags), 95 % interval 0.951 to 1.000, loss 0.1234, …". `scores` as record.h's
 * record_scores; json null prints nothing. */
void scores_print(FILE *out, const char *part, const json_t *scores);

void scores_log_remarks(const json_t *remarks); /* a message each */

/* A line a task of a cross-validation's summary.json: "status: AUC 0.912 ± 0.021 over 5 folds (200 bags), …", then the remarks.
 * Each begins with `method`, unless NULL. */
void scores_print_crossval(FILE *out, const char *method, const json_t *summary);
/* What further cross-validations say, in words (cv/chance.h). */
void scores_print_chance(FILE *out, const json_t *summary);
/* Those lines of each method {name: summary} of hopsack baseline, and batches and chance in a line below. */
void scores_print_methods(FILE *out, const json_t *methods);

#endif
