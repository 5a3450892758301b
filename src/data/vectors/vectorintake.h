/* SPDX-License-Identifier: MIT
 *
 * vectorintake.h: what the formats of vector bags hand over, row by row: the bag an instance belongs to, that bag's label,
 * the numbers. Labels are text; those that are numbers are written the shortest way, so that 1, 1. and 1.0 are one.
 */
#ifndef HOPSACK_VECTORINTAKE_H
#define HOPSACK_VECTORINTAKE_H

#include "data/bagfile/vectorspool.h"
#include "data/text/header.h"
#include "data/text/names.h"
#include "data/vectors/vectorextra.h"

typedef enum { SPARSE_AUTO, SPARSE_YES, SPARSE_NO } SparseWish;

typedef struct VectorFormat VectorFormat;

typedef struct {
    const VectorFormat *format; /* NULL: told by the file */
    const char *bag, *label;    /* columns; NULL: the usual names; label "none": no labels */
    const char *const *skip;    /* [n_skip] columns that are no features */
    int n_skip;
    const char *const *labels; /* [n_labels] columns with further labels of the bag */
    int n_labels;
    const char *extension; /* of the tables of a folder; NULL: .csv */
    const char *metadata;  /* label table, which is no bag; NULL: none */
    RowRules rows;         /* columns of rules are no features either */
    char separator;        /* 0: told by the first line */
    int n_feat;            /* features expected; 0: any number */
    SparseWish sparse;
    bool allow_leak;
} VectorRules;

/* What is known of a bag beside its instances. */
typedef struct {
    char *label; /* NULL: none */
    int line;    /* where it was said first; 0: not a line of a text file */
    int file;    /* in which file the bag begins */
} BagSource;

typedef struct {
    const VectorRules *rules;
    VectorSpool *spool;
    const char *path; /* of the file that is read now */
    int file;         /* its number */
    BagSource *bag;   /* [room] of those of spool->keys; zero behind the last */
    int room;
    bool labelled;             /* some bag has a label */
    int64_t n_row, n_filtered; /* rows read; left out by include and exclude */
    Names skipped;             /* columns that became no features */
    Names source;              /* paths of the files read */
    VectorExtra extra;
    bool join;          /* files hold features of the same bags, each a row */
    int width;          /* features of a row of text; 0: not known yet */
    const char *advice; /* where labels differ within a bag; NULL: the usual */
} VectorIntake;

void vectorintake_free(VectorIntake *in);

/* The bag's number. ERR_FORMAT: the label differs from that of an earlier row of the bag, or the bag began in another file.
 * label NULL or a word for missing: unknown. */
Status vectorintake_bag(int *bag, VectorIntake *in, const char *key, const char *label, int line);

/* The names of the features, which must be the same in every file, in any order: place [n] is where they go in that of
 * the first file. Before vectorintake_width. Of files that are joined, names must differ instead. */
Status vectorintake_names(VectorIntake *in, const char *const *name, int n, int *place);

/* ERR_FORMAT unless `n` is the number expected, and that of the files before. Called when a file's number is known, before
 * its rows are read. */
Status vectorintake_width(VectorIntake *in, int n);

Status vectorintake_warn(const VectorIntake *in); /* of bags whose names are almost equal. ERR_MEMORY */

bool vectorintake_unlabelled(const VectorIntake *in);   /* --label=none */
Status vectorintake_no_columns(const VectorIntake *in); /* ERR_USAGE: rules name columns, and the format has none */
Status vectorintake_source(VectorIntake *in, const char *path); /* a file that is read, for provenance */

#endif
