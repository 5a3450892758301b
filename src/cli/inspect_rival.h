/* SPDX-License-Identifier: MIT
 *
 * inspect_rival.h: models of methods of `hopsack baseline`, their folders, and stacks.
 */
#ifndef HOPSACK_INSPECT_RIVAL_H
#define HOPSACK_INSPECT_RIVAL_H

#include "core/status.h"

#include <jansson.h>

/* {"method", "line", "repeat", "fold", "task", "choice", "holds_residues", "top": as rivaltop.h has it}, the caller's to decref. */
Status inspect_rival_model(json_t **out, const char *path);
void inspect_rival_print(const json_t *rival);

/* Adds to the summary of a run "method" (the same of the first model of a method's folder) or "stack" ({"columns": [{"name",
 * "path", "holds_residues"}]}); nothing to those of other folders. */
Status inspect_rival_folder(json_t *run, const char *folder);
void inspect_rival_print_folder(const json_t *run);

#endif
