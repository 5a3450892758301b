/* SPDX-License-Identifier: MIT
 *
 * importgenes.h: the names of V and J genes of a dataset that is made from many files, each of which numbers its own.
 */
#ifndef HOPSACK_IMPORTGENES_H
#define HOPSACK_IMPORTGENES_H

#include "data/bagfile/bagfile.h"
#include "data/sequences/intake.h"

typedef struct {
    bool used; /* some file has a column of V or J calls */
    Names v, j;
    int16_t *number; /* [room] scratch */
    size_t room;
} ImportGenes; /* starts as {0} */

/* Hands a bag to the writer, with genes where its file has them. */
Status importgenes_add(ImportGenes *genes, BagWriter *writer, const char *key, const Intake *in, const Gather *rows);
Status importgenes_finish(const ImportGenes *genes, BagWriter *writer); /* after the last bag */
void importgenes_warn(const ImportGenes *genes);                        /* of names that are too many */
void importgenes_free(ImportGenes *genes);

#endif
