/* SPDX-License-Identifier: MIT
 *
 * print.h: JSON results to stdout.
 */
#ifndef HOPSACK_PRINT_H
#define HOPSACK_PRINT_H

#include "core/status.h"

#include <jansson.h>

Status print_json(json_t *value); /* one object, indented; takes it over */

#endif
