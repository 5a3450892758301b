/* SPDX-License-Identifier: MIT
 *
 * manifest.h: what a run depends on that is no setting: program, machine, data files, command line, time.
 */
#ifndef HOPSACK_MANIFEST_H
#define HOPSACK_MANIFEST_H

#include "core/status.h"
#include "train/config.h"

#include <jansson.h>

/* {"threads", "blas", "blas_kernel", "kernels", "cpu", "cpu_flags", "load_average"} */
json_t *manifest_machine(void);

/* The whole of manifest.json. Reads the data files for their SHA-256. */
Status manifest_new(json_t **out, const Config *config, int argc, char **argv);

#endif
