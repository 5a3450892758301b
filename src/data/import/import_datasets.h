/* SPDX-License-Identifier: MIT
 *
 * import_datasets.h: from dataset files, ours or DeepRC's, to one: merged, chosen from, or with another label table. Bags are
 * copied one at a time, in the order of the files. Datasets must agree in what their bags mean: kind, alphabet, region, names
 * of features, and the options of their import that choose rows.
 *
 * Label columns are joined by name; a bag whose file lacks a column has an empty cell there. The provenance of each file is
 * kept in its entry of "sources".
 */
#ifndef HOPSACK_IMPORT_DATASETS_H
#define HOPSACK_IMPORT_DATASETS_H

#include "data/import/import.h"

typedef struct {
    ImportOptions import;
    const char *region; /* of files that do not say; NULL: they stay so */
} ImportDatasetsOptions;

typedef struct {
    ImportReport import;
    int64_t n;      /* instances */
    int n_left_out; /* bags that were not asked for */
    BagKind kind;
} ImportDatasetsReport;

/* ERR_FORMAT names both files where two do not agree, or hold one key. */
Status import_datasets_run(ImportDatasetsReport *out, const ImportDatasetsOptions *options);

#endif
