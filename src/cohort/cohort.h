/* SPDX-License-Identifier: MIT
 *
 * cohort.h: a dataset joined to its label table. Members are the rows of the table in their order, then the bags that
 * the table does not list, in the file's order.
 */
#ifndef HOPSACK_COHORT_H
#define HOPSACK_COHORT_H

#include "cohort/label.h"
#include "data/bagfile/bagfile.h"

typedef struct {
    BagFile *file;
    Table read;         /* the label table of `metadata`; empty where the columns inside the file serve */
    const Table *table; /* either; NULL: no label table */
    int n;              /* members: all bags of the file */
    int n_row;          /* the first of them have a row in the table */
    int *bag;           /* [n] number in the file */
    int *row;           /* [n] of the table; -1: none */
    const char **id;    /* [n] as the table writes it, else the sample key */
    Labels labels;      /* [n] after cohort_label */
} Cohort;

/* metadata NULL: the columns inside the file; `need_table`: their absence is an error. */
Status cohort_open(Cohort *out, const char *path, const char *metadata, const char *id_column, bool need_table);
/* The same of a file that is open, which is taken over. */
Status cohort_take(Cohort *out, BagFile *file, const char *metadata, const char *id_column, bool need_table);
void cohort_close(Cohort *c); /* accepts NULL and half-built ones */

/* Reads the labels of all targets, and says how many cells are missing. */
Status cohort_label(Cohort *c, Target *target, int n_target, bool deeprc, bool training);
bool cohort_labelled(const Cohort *c, int member); /* is any of its labels known? */

#endif
