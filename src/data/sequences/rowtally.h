/* SPDX-License-Identifier: MIT
 *
 * rowtally.h: how many rows of a repertoire were read, kept, and dropped for which reason.
 */
#ifndef HOPSACK_ROWTALLY_H
#define HOPSACK_ROWTALLY_H

#include "data/sequences/locus.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reasons a row is dropped, in the order they are looked at; names as in reports. */
#define DROP_MAP(X)                                                                                                  \
    X(DROP_CUT, "short_row")                                                                                         \
    X(DROP_FILTER, "filtered")                                                                                       \
    X(DROP_LOCUS, "other_locus")                                                                                     \
    X(DROP_FLAG, "not_productive")                                                                                   \
    X(DROP_EMPTY, "no_sequence")                                                                                     \
    X(DROP_FRAME, "out_of_frame")                                                                                    \
    X(DROP_STOP, "stop_codon")                                                                                       \
    X(DROP_CHAINS, "several_chains")                                                                                 \
    X(DROP_LETTER, "other_letter")                                                                                   \
    X(DROP_SHORT, "too_short")                                                                                       \
    X(DROP_LONG, "too_long")
typedef enum {
#define X(name, text) name,
    DROP_MAP(X)
#undef X
        N_DROP
} Drop;

/* What was odd about counts. */
typedef struct {
    int64_t one;      /* became 1 because they were blank or below 1 */
    int64_t below;    /* of those above 0: shares, not counts? */
    int64_t fraction; /* were rounded */
} CountOdds;

typedef struct {
    int64_t read, kept, dropped[N_DROP];
    int64_t merged;                                 /* rows whose count was added to an equal one's */
    int64_t count_one, count_below, count_fraction; /* see CountOdds */
    int64_t count_sum, count_min;
    int64_t ends;           /* kept rows, of those not cdr3, that begin with C and end with F or W */
    int64_t cdr3;           /* kept rows taken from the column of CDR3s */
    int64_t cdr3_ends;      /* of those that begin and end so all the same */
    int64_t cdr3_only;      /* rows dropped for want of a junction although their CDR3 is there */
    int64_t bases;          /* rows whose sequence is nucleotides to look at */
    int64_t locus[N_LOCUS]; /* kept rows of each, as far as known */
} RowTally;

void rowtally_add(RowTally *sum, const RowTally *one);
/* "not_productive 3, stop_codon 1", the rows dropped by reason; "" if none. */
const char *rowtally_dropped(char *text, size_t room, const RowTally *tally);
/* Was a row dropped that most users would want: for another reason than a filter or a flag, or a faulty frame? */
bool rowtally_is_odd(const RowTally *tally);
int rowtally_loci(const RowTally *tally);     /* how many have more than a hundredth of the sequences */
json_t *rowtally_json(const RowTally *tally); /* for provenance */

#endif
