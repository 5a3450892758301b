/* SPDX-License-Identifier: MIT
 *
 * import_vectors.h: from files of feature vectors to a dataset. Bags keep the order in which they are met. The bag's label
 * becomes column `label`; labels that are all -1 or 1 become 0 and 1. Equal input gives equal bytes.
 */
#ifndef HOPSACK_IMPORT_VECTORS_H
#define HOPSACK_IMPORT_VECTORS_H

#include "data/vectors/vectorcheck.h"
#include "data/vectors/vectorformat.h"

typedef struct {
    const char *const *path; /* [n_path] */
    int n_path;
    const char *output;
    const char *metadata;  /* more columns for the bags: a label table; NULL: none */
    const char *id_column; /* of it: "auto" or a name */
    VectorRules rules;
    bool compress, force;
    bool dry_run; /* reads and checks all, writes nothing */
} ImportVectorsOptions;

typedef struct {
    int n_bag, n_feat;
    int64_t n, n_number, n_row, n_filtered; /* instances; numbers other than 0; rows read; left out by rules */
    int n_unlabelled;                       /* bags without a row in the label table */
    bool sparse;
    const char *format; /* static; "several" */
    VectorFindings findings;
    char *json; /* the report, one object; caller frees */
} ImportVectorsReport;

/* Does --format, or the first file, ask for vectors? */
Status import_vectors_wanted(bool *out, const char *first_path, const VectorRules *rules);

/* ERR_FORMAT, ERR_IO, ERR_USAGE; nothing is written then. */
Status import_vectors_run(ImportVectorsReport *out, const ImportVectorsOptions *options);

#endif
