/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowfindings.h"
#include "core/log.h"
#include "core/number.h"

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
    note(&f->mixed, junctions >= 20 && t->ends * 10 >= junctions && t->ends * 10 < 9 * junctions, path);
    const bool no_count = t->kept > 0 && t->count_one >= t->kept + t->merged;
    note(t->count_below > 0 ? &f->shares : &f->blank, no_count, path);
    note(&f->loci, rowtally_loci(t) > 1, path);
}

/* Reads, molecules and cells are different units. */
Status rowfindings_file(RowFindings *f, const char *path, const char *count_column, bool too)
{
    const char *unit = count_column ? count_column : "none";
    note(&f->too, too, path);
    if (!f->unit)
        f->unit = strdup(unit);
    else if (!f->other_unit && strcmp(f->unit, unit) != 0)
        f->other_unit = path;
    return f->unit ? OK : fail(ERR_MEMORY, "%s: no memory for the name of a column", path);
}

static const char *main_locus(const RowTally *total)
{
    int most = 0;
    for (int k = 1; k < N_LOCUS; k++)
        if (total->locus[k] > total->locus[most]) most = k;
    return locus_name[most];
}

static void warn_counts(const RowFindings *f, int n_bag, const RowTally *total)
{
    if (f->other_unit)
        log_warn("%s has another column of counts than the first file's '%s'; units should not be mixed in one "
                 "dataset, --count-column names one for all",
                 f->other_unit, f->unit);
    if (f->too.n > 0)
        log_warn("%d file%s, the first %s, %s no count above 0 in the column of templates; reads are counted there",
                 f->too.n, number_plural(f->too.n), f->too.path, f->too.n == 1 ? "has" : "have");
    if (f->blank.n > 0)
        log_warn("%d of %d repertoires, the first %s, have no count above 0, so all are 1; --count-column names "
                 "another column",
                 f->blank.n, n_bag, f->blank.path);
    if (f->shares.n > 0)
        log_warn("%d of %d repertoires, the first %s, have only counts below 1, so all are 1: are they frequencies? "
                 "--count-column names another column",
                 f->shares.n, n_bag, f->shares.path);
    if (total->count_fraction > 0)
        log_warn("%lld counts with a fraction were rounded to whole numbers", (long long)total->count_fraction);
    if (total->count_sum == INT64_MAX)
        log_warn("the counts add up to more than 2^63 - 1, so that sums are too small; are they counts?");
}

static void warn_region(const RowFindings *f, int n_bag, const RowTally *total)
{
    if (f->odd.n > 0)
        log_warn("%d of %d repertoires, the first %s, do not look like junctions: less than a tenth of their "
                 "sequences begin with C and end with F or W",
                 f->odd.n, n_bag, f->odd.path);
    if (f->mixed.n > 0)
        log_warn(
            "%d of %d repertoires, the first %s, seem to be junctions in part: between a tenth and nine tenths of "
            "their sequences begin with C and end with F or W",
            f->mixed.n, n_bag, f->mixed.path);
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
    if (total->bases > 0)
        log_warn("%lld sequences consist of A, C, G and T alone; are they nucleotides?", (long long)total->bases);
}

void rowfindings_warn(const RowFindings *f, int n_bag, const RowTally *total)
{
    char text[200];
    warn_counts(f, n_bag, total);
    warn_region(f, n_bag, total);
    locus_counts(text, sizeof text, total->locus);
    if (f->loci.n == 0 && rowtally_loci(total) < 2) {
        if (*text) log_info("sequences by locus: %s", text);
    } else if (f->loci.n > 0)
        log_warn(
            "%d of %d repertoires, the first %s, have several loci; sequences in all: %s. --locus=%s would keep one",
            f->loci.n, n_bag, f->loci.path, text, main_locus(total));
    else
        log_warn("repertoires are of different loci; sequences in all: %s. --locus=%s would keep one", text,
                 main_locus(total));
}

void rowfindings_free(RowFindings *f)
{
    free(f->unit);
}
