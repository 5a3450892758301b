/* SPDX-License-Identifier: MIT
 *
 * rowtally.h: how many rows of a repertoire were read, kept, and dropped for which reason.
 */
#ifndef HOPSACK_ROWTALLY_H
#define HOPSACK_ROWTALLY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

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

typedef struct {
    int64_t read, kept, dropped[N_DROP];
    int64_t merged;    /* rows whose count was added to an equal one's */
    int64_t count_one; /* counts that became 1 because they were blank or below 1 */
    int64_t count_sum, count_min;
    int64_t ends;      /* kept rows, of those not cdr3, that begin with C and end with F or W */
    int64_t cdr3;      /* kept rows taken from the column of CDR3s */
    int64_t cdr3_ends; /* of those that begin and end so all the same */
    int64_t cdr3_only; /* rows dropped for want of a junction although their CDR3 is there */
} RowTally;

void rowtally_add(RowTally *sum, const RowTally *one);
/* "not_productive 3, stop_codon 1", the rows dropped by reason; "" if none. */
const char *rowtally_dropped(char *text, size_t room, const RowTally *tally);
json_t *rowtally_json(const RowTally *tally); /* for provenance */

#endif
