/* SPDX-License-Identifier: MIT
 *
 * import.h: from a folder of repertoire text files, and a label table, to a dataset file. Files are parsed several at a
 * time and written in the order of their paths, the repertoires of one in the order in which it has them; memory holds
 * a batch of them. Equal input gives equal bytes.
 */
#ifndef HOPSACK_IMPORT_H
#define HOPSACK_IMPORT_H

#include "data/sequences/intake.h"

typedef struct {
    const char *const *path; /* [n_path] folders or files */
    int n_path;
    const char *output;
    const char *extension; /* ".tsv"; with ".gz" behind it too */
    const char *metadata;  /* label table; NULL: none */
    const char *id_column; /* "auto" or a name */
    IntakeRules rules;     /* the alphabet is filled in by import_run */
    bool compress, force;
    bool dry_run; /* finds files, reads and joins labels, writes nothing */
} ImportOptions;

typedef struct {
    int n_file, n_bag;
    int n_unlabelled; /* bags without a row in the label table */
    int n_empty;      /* repertoires left out because no row was kept */
    bool several;     /* files may hold several repertoires: a dry run cannot tell n_bag, it is 0 */
    int64_t n_seq;
    Tally total;
    const char *format, *region; /* static */
    char *json;                  /* the report, one object; caller frees */
} ImportReport;

/* ERR_FORMAT, ERR_IO, ERR_USAGE; nothing is written then. */
Status import_run(ImportReport *out, const ImportOptions *options);

#endif
