/* SPDX-License-Identifier: MIT
 *
 * import_vectors.h: from files of feature vectors to a dataset. Bags keep the order in which they are met. The bag's label
 * becomes column `label`; labels that are all -1 or 1 become 0 and 1.
 */
#ifndef HOPSACK_IMPORT_VECTORS_H
#define HOPSACK_IMPORT_VECTORS_H

#include "data/import/import.h"
#include "data/vectors/vectorcheck.h"
#include "data/vectors/vectorformat.h"

typedef struct {
    ImportOptions import; /* a dry run reads and checks all */
    VectorRules rules;
    const VectorPeek *first; /* of the first file, if it was looked at already; NULL: not yet */
} ImportVectorsOptions;

typedef struct {
    ImportReport import;
    int n_feat;
    int64_t n, n_number, n_row, n_filtered; /* instances; non-zero numbers; rows read; left out by rules */
    bool sparse;
    VectorFindings findings;
} ImportVectorsReport;

extern const ImportKind import_vectors_kind;

/* Does --format, or the first file, ask for vectors? That file is looked at in the second case only, else first->path is
 * NULL; vectorformat_peek_free is the caller's either way. */
Status import_vectors_wanted(bool *out, VectorPeek *first, const char *first_path, const VectorRules *rules);

/* ERR_FORMAT, ERR_IO, ERR_USAGE; nothing is written then. */
Status import_vectors_run(ImportVectorsReport *out, const ImportVectorsOptions *given);

#endif
