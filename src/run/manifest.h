/* SPDX-License-Identifier: MIT
 *
 * manifest.h: what a run depends on that is no setting: program, machine, data files, command line, time.
 */
#ifndef HOPSACK_MANIFEST_H
#define HOPSACK_MANIFEST_H

#include "core/status.h"
#include "run/config.h"

#include <jansson.h>

/* {"threads", "blas", "blas_kernel", "kernels", "cpu", "cpu_flags", "load_average"} */
json_t *manifest_machine(void);

/* {"dataset": {"path", "sha256"}, …}: the data files of a config. Reads them. */
Status manifest_data(json_t **out, const Config *config);

/* The whole of manifest.json; `data` as manifest_data made it, not taken over. */
Status manifest_new(json_t **out, json_t *data, int argc, char **argv);

/* A resumed run keeps the manifest of its beginning, `first` (NULL or no object: there is none); what went on from there
 * is listed in it as "resumed". Takes over both. */
json_t *manifest_join(json_t *first, json_t *now);

#endif
