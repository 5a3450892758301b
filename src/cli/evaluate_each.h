/* SPDX-License-Identifier: MIT
 *
 * evaluate_each.h: `hopsack evaluate --each`: every model on every dataset, as one table.
 */
#ifndef HOPSACK_EVALUATE_EACH_H
#define HOPSACK_EVALUATE_EACH_H

#include "cli/cli.h"

typedef struct {
    const char *out; /* table to write; NULL: none */
    const char *metadata, *id_column;
    bool all; /* seen bags too */
} EvaluateEach;

Status evaluate_each(const Cli *cli, const EvaluateEach *in);

#endif
