/* SPDX-License-Identifier: MIT
 *
 * print.h: results to stdout: JSON, and text from files that a terminal may show.
 */
#ifndef HOPSACK_PRINT_H
#define HOPSACK_PRINT_H

#include "core/cost.h"
#include "core/status.h"

#include <jansson.h>
#include <stdio.h>

/* The line of a plan about train.refit, if there is one. */
void print_refit(FILE *out, const json_t *plan);

/* The last line of a plan: "estimate: about 40 s to 2 min, 310 MB of memory"; nothing where no time is known. */
void print_cost(FILE *out, const Cost *cost);
Status print_plan_json(json_t *plan, const Cost *cost); /* with what cost_tell adds; takes the plan over */
void print_estimate(const Cost *cost);                  /* the same as a message */

Status print_json(json_t *value); /* one object, indented; takes it over */

/* A copy whose texts and names are escaped (core/escape.h), for printing as text. ERR_MEMORY: *out is NULL. */
Status print_escaped(json_t **out, const json_t *value);
void print_equal_bags(const json_t *groups);   /* the first ten groups, ten names of each */
void print_lines(FILE *out, const char *text); /* lines of a text, each escaped */

#endif
