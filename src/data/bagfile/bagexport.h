/* SPDX-License-Identifier: MIT
 *
 * bagexport.h: from a dataset back to text. Repertoires become a file each, in the columns of AIRR or of DeepRC; vectors one
 * table, a row each instance. metadata.tsv, which is written last, holds the label columns, and of repertoires the column
 * filename: names of bags that are no names of files are changed there. Importing them again gives bags of equal content.
 */
#ifndef HOPSACK_BAGEXPORT_H
#define HOPSACK_BAGEXPORT_H

#include "data/bagfile/bagfile.h"
#include "data/text/baglist.h"

typedef enum { EXPORT_AUTO, EXPORT_AIRR, EXPORT_DEEPRC, EXPORT_CSV } ExportFormat;

typedef struct {
    const char *folder;  /* is made */
    ExportFormat format; /* EXPORT_AUTO: AIRR or CSV, by what the bags hold */
    bool gzip, force;
    BagList *bags; /* those asked for */
} BagExportOptions;

typedef struct {
    ExportFormat format;
    int n_bag, n_renamed; /* n_renamed: files that are not called as their bag */
    int64_t n;            /* instances */
    int64_t n_lost;       /* rows that an import in this format drops or merges */
} BagExportReport;

/* ERR_FORMAT, ERR_IO, ERR_USAGE: a format for the other kind of bags. */
Status bagexport_run(BagExportReport *out, BagFile *file, const BagExportOptions *options);

#endif
