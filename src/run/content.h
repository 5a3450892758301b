/* SPDX-License-Identifier: MIT
 *
 * content.h: what a run learns from, whatever file holds it: bags.tsv, a row each bag in the run's order:
 *
 *     key bag_hash bag, then the columns of labels and groups that the run uses
 *
 * bag_hash is computed of the bag's content, never taken from the file. The identity of the data is the SHA-256 of this
 * text. The table is kept in the run, so that a difference can be named by bag and cell.
 */
#ifndef HOPSACK_CONTENT_H
#define HOPSACK_CONTENT_H

#include "cohort/folds.h"
#include "run/config.h"

typedef struct {
    const Config *config;
    const Cohort *cohort;
    const Folds *folds; /* its hashes are compared where it has them */
} ContentSource;

Status content_identity(char hex[65], const ContentSource *source); /* after folds_hash */
Status content_write(const char *path, const ContentSource *source);

/* Brings the members into the order that the bags.tsv in `folder` has, if it lists these bags: a label table or a dataset may
 * have been sorted anew. */
Status content_order(Cohort *cohort, const char *folder);

/* Are these the data of the bags.tsv in `folder`? Without such a file: OK. ERR_FORMAT names the first bag that differs, and
 * how. */
Status content_check(const ContentSource *source, const char *folder);

/* Is the cell of a table that hopsack wrote this text? Blanks around it and escapes do not count. */
bool content_same_cell(const char *written, const char *text);

#endif
