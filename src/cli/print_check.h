/* SPDX-License-Identifier: MIT
 *
 * print_check.h: what hopsack check found, as text.
 */
#ifndef HOPSACK_PRINT_CHECK_H
#define HOPSACK_PRINT_CHECK_H

#include <jansson.h>
#include <stdbool.h>

/* The verdict, then a table for each task; `all` also prints the genes that predict nothing. Texts are escaped already. */
void print_check(const json_t *check, bool all);

/* What assumptions_run returned. */
void print_check_assumptions(const json_t *result);

#endif
