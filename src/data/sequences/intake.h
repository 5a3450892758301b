/* SPDX-License-Identifier: MIT
 *
 * intake.h: the rows of one repertoire file that an import keeps, and why the others were dropped. A file is one
 * repertoire, or several where its format has a column that tells them apart.
 *
 * DeepRC's converter: rows that pass the filters and hold letters of the alphabet only are kept, empty sequences too.
 * Counts: the integer part; "null" is 0, negative is 1, 0 stays; other text is an error.
 * The pipeline of all other cases, in this order: filters; productive; sequence present; letters; ends cut off where
 * CDR3 is wanted of a junction; length; equal sequences merged, their counts added. Counts that are blank or below 1 are 1.
 * Genes: of several separated by commas the first; text as it stands.
 */
#ifndef HOPSACK_INTAKE_H
#define HOPSACK_INTAKE_H

#include "data/bagfile/alphabet.h"
#include "data/sequences/format.h"
#include "data/sequences/gather.h"
#include "data/sequences/rowreader.h"
#include "data/text/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTAKE_LONGEST 60 /* residues: one stray 200-mer would widen the whole dataset */

/* Reasons a row is dropped, in the order they are looked at; names as in reports. */
#define DROP_MAP(X)                                                                                                  \
    X(DROP_FILTER, "filtered")                                                                                       \
    X(DROP_FLAG, "not_productive")                                                                                   \
    X(DROP_EMPTY, "no_sequence")                                                                                     \
    X(DROP_FRAME, "out_of_frame")                                                                                    \
    X(DROP_STOP, "stop_codon")                                                                                       \
    X(DROP_LETTER, "other_letter")                                                                                   \
    X(DROP_SHORT, "too_short")                                                                                       \
    X(DROP_LONG, "too_long")
typedef enum {
#define X(name, text) name,
    DROP_MAP(X)
#undef X
        N_DROP
} Drop;
extern const char *const drop_name[N_DROP];

typedef struct {
    int64_t read, kept, dropped[N_DROP];
    int64_t merged;    /* rows whose count was added to an equal one's */
    int64_t count_one; /* counts that became 1 because they were blank or below 1 */
    int64_t count_sum, count_min;
    int64_t ends;      /* kept rows, of those not cdr3, that begin with C and end with F or W */
    int64_t cdr3;      /* kept rows taken from the column of CDR3s */
    int64_t cdr3_ends; /* of those that begin and end so all the same */
    int64_t cdr3_only; /* rows dropped for want of a junction although their CDR3 is there */
} Tally;

typedef struct {
    const FormatType *format; /* NULL: told by the header */
    FormatWish wish;
    const RowRule *include; /* [n_include] a row must match one of them, if there are any */
    const RowRule *exclude; /* [n_exclude] and none of these */
    int n_include, n_exclude;
    char separator; /* 0: told by the header */
    bool merge;
    bool skip_empty; /* a repertoire left without rows is no error */
    Alphabet alphabet;
} IntakeRules;

typedef struct {
    const char *id; /* borrowed from the intake; NULL: the file is the repertoire */
    Gather rows;    /* genes are numbers of the intake's names */
    Tally tally;
} IntakeBag;

typedef struct {
    int n, room;
    IntakeBag *bag; /* [n] in the order in which the file has them */
    const FormatType *format;
    char *count_column; /* NULL: none */
    bool genes;         /* the file has a column of V or J calls */
    Names id, v, j;
} Intake;

/* The rules of DeepRC's converter hold if `deeprc` was asked for by name. */
bool intake_converter(const IntakeRules *rules);

/* Reads the header alone. *several: the file may hold several repertoires. */
Status intake_peek(bool *several, const char *path, const IntakeRules *rules);

/* ERR_FORMAT names file and line, or column; a repertoire left without rows is one too. */
Status intake_read(Intake *out, const char *path, const IntakeRules *rules);
void intake_free(Intake *r);
/* "not_productive 3, stop_codon 1", the rows dropped by reason; "" if none. */
const char *tally_dropped(char *text, size_t room, const Tally *tally);
void tally_add(Tally *sum, const Tally *one);

#endif
