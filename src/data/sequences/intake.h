/* SPDX-License-Identifier: MIT
 *
 * intake.h: the rows of one repertoire file that an import keeps, and why the others were dropped. A file is one
 * repertoire, or several where its format has a column that tells them apart.
 *
 *     TRY(intake_open(&file, path, NULL, &rules));      reads the header and finds the columns
 *     if (…) intake_pause(file);                  where many files wait
 *     status = intake_read(&intake, file);        reads the rows
 *     intake_close(file);
 *
 * DeepRC's converter: rows that pass the filters and hold letters of the alphabet only are kept, empty sequences too.
 * Counts: see rowcount.h.
 * The pipeline of all other cases, in this order: filters; locus; productive; sequence present; letters; ends cut off where
 * CDR3 is wanted of a junction; length; equal sequences merged, their counts added. Counts that are blank or below 1 are 1.
 * Genes: of several separated by commas the first; text as the format rewrites it.
 */
#ifndef HOPSACK_INTAKE_H
#define HOPSACK_INTAKE_H

#include "data/bagfile/alphabet.h"
#include "data/sequences/format.h"
#include "data/sequences/gather.h"
#include "data/sequences/rowheader.h"
#include "data/sequences/rowtally.h"
#include "data/text/names.h"
#include "data/text/textin.h"

#include <stdbool.h>

#define INTAKE_LONGEST 60 /* residues: one stray 200-mer would widen the whole dataset */

typedef struct {
    const FormatType *format; /* NULL: told by the header */
    FormatWish wish;
    RowRules rows;
    RowLines lines; /* `plain` follows from the format */
    unsigned loci;  /* bits of those wanted; 0: all */
    bool merge;
    bool skip_empty; /* a repertoire left without rows is no error */
    Alphabet alphabet;
} IntakeRules;

typedef struct {
    const char *id; /* borrowed from the intake; NULL: the file is the repertoire */
    Gather rows;    /* genes are numbers of the intake's names */
    RowTally tally;
    CountOdds odds, odds_too; /* by either column of counts; the tally gets those that hold */
    bool unwanted;            /* a filter on the column of repertoires left all of it out */
} IntakeBag;

typedef struct {
    int n, room;
    IntakeBag *bag; /* [n] in the order in which the file has them */
    const FormatType *format;
    char *count_column; /* NULL: none */
    bool counts_cells;  /* different texts of that column are counted */
    bool counts_too;    /* it is the second choice, for want of a positive number in the first */
    bool genes;         /* the file has a column of V or J calls */
    bool split;         /* it was split without being asked to, by its column `people` */
    char *people;       /* a column that tells apart what the file has as one repertoire, or see `split`; NULL */
    Names id, v, j;
    Names cells; /* pairs of sequence and cell */
} Intake;

/* The rules of DeepRC's converter hold if `deeprc` was asked for by name. */
bool intake_converter(const IntakeRules *rules);

typedef struct IntakeFile IntakeFile;

/* `path` and `rules` are borrowed. `in`: that file, if it is open already, which is taken over; NULL. ERR_FORMAT names file
 * and line, or column. */
Status intake_open(IntakeFile **out, const char *path, TextIn *in, const IntakeRules *rules);
bool intake_several(const IntakeFile *file); /* may it hold several repertoires? */
void intake_pause(IntakeFile *file);         /* closes the file until it is read */
/* Once. ERR_FORMAT: a repertoire left without rows is one too. */
Status intake_read(Intake *out, IntakeFile *file);
void intake_close(IntakeFile *file); /* accepts NULL */
void intake_free(Intake *r);

#endif
