/* SPDX-License-Identifier: MIT
 *
 * mergeoptions.h: were two datasets imported alike? Options that choose or change rows must agree; those that only say how a
 * file is read (format, names of columns, separator) need not.
 */
#ifndef HOPSACK_MERGEOPTIONS_H
#define HOPSACK_MERGEOPTIONS_H

#include "core/status.h"

#include <jansson.h>

/* a, b: provenance; NULL, or without options (of DeepRC, simulated): nothing is known, and agrees. ERR_FORMAT names files and
 * option. */
Status mergeoptions_agree(const json_t *a, const json_t *b, const char *path_a, const char *path_b);

#endif
