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

/* {"dataset": {"path", "content"}, "metadata": {"path"}, "splits": {"path", "sha256"}}: the data of a run, known by content
 * (content.h), and where they lie. */
Status manifest_data(json_t **out, const Config *config, const char *content);

/* Are the data that a manifest calls `before` those of now? ERR_FORMAT names the file that is not. Those of 0.1.0 were known
 * by the SHA-256 of the files, which is computed for it. */
Status manifest_same_data(const json_t *before, json_t *now, const char *folder);

/* The same of a checkpoint: one text, equal where the data are the same, the caller's to free; and whether that of a
 * checkpoint of 0.1.0 is of these files. */
Status manifest_data_text(char **out, json_t *data);
bool manifest_same_files(const char *before, json_t *data);

/* The whole of manifest.json; `data` as manifest_data made it, not taken over; `folder`: of the run. */
Status manifest_new(json_t **out, json_t *data, const char *folder, int argc, char **argv);

/* A number of the manifest in `folder`; NaN: it has none. */
double manifest_number(const char *folder, const char *key);

/* A resumed run keeps the manifest of its beginning, `first` (NULL or no object: there is none); what went on from there
 * is listed in it as "resumed". Takes over both. */
json_t *manifest_join(json_t *first, json_t *now);

#endif
