/* SPDX-License-Identifier: MIT
 *
 * intake_parts.h: what the files of the intake share.
 */
#ifndef HOPSACK_INTAKE_PARTS_H
#define HOPSACK_INTAKE_PARTS_H

#include "data/sequences/intake.h"
#include "data/sequences/rowreader.h"

struct IntakeFile {
    const IntakeRules *rules;
    const FormatType *format;
    FormatWish wish;
    bool converter, merge, has_locus, has_flags, has_rules;
    RowReader row;
    char *person;         /* the first met in COLUMN_PERSON; NULL: none yet */
    bool people;          /* another was met there */
    int64_t n_cut;        /* rows of too few cells */
    int bag;              /* of the last row */
    int blank_line;       /* the first whose repertoire is not named; 0: none */
    CountsSeen seen, too; /* by either column of counts */
};

Status intake_bags_new(const IntakeFile *r, Intake *out);
/* After the last row. Names the repertoires; too: the second column of counts holds. ERR_FORMAT: one has no rows left, or
 * its sequences cannot be what they are taken for. */
Status intake_bags_close(const IntakeFile *r, Intake *out, bool too);

#endif
