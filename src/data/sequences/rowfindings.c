/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowfindings.h"
#include "core/log.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void note(Oddity *odd, bool is_odd, const char *path)
{
    if (is_odd && odd->n++ == 0) odd->path = path;
}

/* Junctions begin with C and end with F or W; where hardly any sequence does, they are probably not junctions, and where
 * nearly all do, not CDR3s. In a column without counts another unit was probably meant. */
void rowfindings_bag(RowFindings *f, const char *path, const RowTally *t)
{
    const int64_t junctions = t->kept - t->cdr3;
    note(&f->odd, junctions >= 20 && t->ends * 10 < junctions, path);
    note(&f->cdr3, t->cdr3 >= 20 && t->cdr3_ends * 10 > 9 * t->cdr3, path);
    note(&f->blank, t->kept > 0 && t->count_one >= t->kept + t->merged, path);
}

/* Reads, molecules and cells are different units. */
Status rowfindings_file(RowFindings *f, const char *path, const char *count_column)
{
    const char *unit = count_column ? count_column : "none";
    if (!f->unit)
        f->unit = strdup(unit);
    else if (!f->other_unit && strcmp(f->unit, unit) != 0)
        f->other_unit = path;
    return f->unit ? OK : fail(ERR_MEMORY, "%s: no memory for the name of a column", path);
}

void rowfindings_warn(const RowFindings *f, int n_bag, const RowTally *total)
{
    if (f->other_unit)
        log_warn("%s has another column of counts than the first file's '%s'; units should not be mixed in one "
                 "dataset, --count-column names one for all",
                 f->other_unit, f->unit);
    if (f->blank.n > 0)
        log_warn("%d of %d repertoires, the first %s, have no count above 0, so all are 1; --count-column names "
                 "another column",
                 f->blank.n, n_bag, f->blank.path);
    if (f->odd.n > 0)
        log_warn("%d of %d repertoires, the first %s, do not look like junctions: less than a tenth of their "
                 "sequences begin with C and end with F or W",
                 f->odd.n, n_bag, f->odd.path);
    if (f->cdr3.n > 0)
        log_warn(
            "%d of %d repertoires, the first %s, seem to have junctions where CDR3s should be: nine tenths begin "
            "with C and end with F or W",
            f->cdr3.n, n_bag, f->cdr3.path);
    if (total->cdr3_only > 0)
        log_warn(
            "%lld rows without a junction were dropped although cdr3_aa holds their CDR3; --region=cdr3 would keep "
            "them",
            (long long)total->cdr3_only);
}

void rowfindings_free(RowFindings *f)
{
    free(f->unit);
}
