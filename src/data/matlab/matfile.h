/* SPDX-License-Identifier: MIT
 *
 * matfile.h: the variables of a MATLAB file, through matio; matpart.h: what is in them. Built only where matio is there.
 */
#ifndef HOPSACK_MATFILE_H
#define HOPSACK_MATFILE_H

#include "core/status.h"
#include "data/matlab/matpart.h"

#include <stdbool.h>

typedef struct MatFile MatFile;

Status matfile_open(MatFile **out, const char *path);
void matfile_close(MatFile *file);   /* accepts NULL */
Status matfile_visit(MatFile *file); /* reads every variable */
const char *matfile_path(const MatFile *file);

/* A variable, read when first asked for and kept; NULL with OK where there is none of that name. */
Status matfile_find(MatPart **out, MatFile *file, const char *name);
Status matfile_need(MatPart **out, MatFile *file, const char *name); /* ERR_FORMAT lists the variables found */
bool matfile_has(MatFile *file, const char *name);                   /* without reading it */

#endif
