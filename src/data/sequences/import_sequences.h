/* SPDX-License-Identifier: MIT
 *
 * import_sequences.h: from a folder of repertoire text files to a dataset of bags of sequences, in the order of the files'
 * paths, the repertoires of one in the order in which it has them.
 */
#ifndef HOPSACK_IMPORT_SEQUENCES_H
#define HOPSACK_IMPORT_SEQUENCES_H

#include "data/import/import.h"
#include "data/sequences/intake.h"

typedef struct {
    ImportOptions import;
    const char *extension; /* of files in folders (walk.h); a compression's may follow */
    const char *name;      /* of the bag of the only file; NULL: the file's */
    IntakeRules rules;     /* the alphabet is filled in by import_sequences_run */
    TextIn *first;         /* the file path[0], if it is open already; taken over; NULL: it is not */
} ImportSequencesOptions;

typedef struct {
    ImportReport import;
    int n_empty; /* repertoires left out because no row was kept */
    int64_t n_seq;
    RowTally total;
    const char *region; /* static */
    char counted[160];  /* what counts: "column 'templates'" */
} ImportSequencesReport;

extern const ImportKind import_sequences_kind;

/* ERR_FORMAT, ERR_IO, ERR_USAGE; nothing is written then. */
Status import_sequences_run(ImportSequencesReport *out, const ImportSequencesOptions *options);

#endif
