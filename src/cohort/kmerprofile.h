/* SPDX-License-Identifier: MIT
 *
 * kmerprofile.h: how often each k-mer occurs in a bag of sequences. A profile is made of views; a view is a mask of fixed
 * places and a section of the sequence, and has a cell for each combination of residues at its fixed places.
 *
 * A window of `span` residues from place p of a sequence of length l has its centre at p + span/2. It belongs to a section by
 *
 *   all      every window
 *   core     windows of the core, the sequence without its first and last 4 residues (none, where l < 8 + span)
 *   left     windows of the core whose centre is not right of the core's middle
 *   right    windows of the core whose centre is not left of it; one that lies in the middle is of both
 *   start    3 · centre < l
 *   middle   l ≤ 3 · centre < 2 l
 *   end      2 l ≤ 3 · centre
 *
 * Cells are numbered view by view; within one, the code of the first fixed residue is the most significant digit.
 */
#ifndef HOPSACK_KMERPROFILE_H
#define HOPSACK_KMERPROFILE_H

#include "cohort/kmermask.h"
#include "core/bag.h"

#define KMERPROFILE_VIEWS 40 /* most of a profile */
#define KMERPROFILE_TRIM  4  /* residues at each end that are not of the core */

typedef enum {
    SECTION_ALL,
    SECTION_CORE,
    SECTION_LEFT,
    SECTION_RIGHT,
    SECTION_START,
    SECTION_MIDDLE,
    SECTION_END
} KmerSection;

typedef struct {
    const char *mask; /* "xx.x": x a fixed place, '.' any residue; NULL ends a list */
    KmerSection section;
} KmerViewText;

typedef struct {
    KmerSection section;
    int n_fixed, span;
    int offset[KMER_FIXED]; /* [n_fixed] of the fixed places, ascending; the first is 0, the last span - 1 */
    int first, n_cell;      /* its cells are first … first + n_cell - 1 of the profile */
} KmerView;

typedef struct {
    int n_view, n_cell;
    KmerView view[KMERPROFILE_VIEWS];
} KmerProfile;

KmerProfile kmerprofile_new(const KmerViewText *text);

/* Places *first … *end - 1 where windows of the view begin in a sequence of length l; none: both are 0. */
void kmerprofile_places(int *first, int *end, const KmerView *view, int l);

/* Sets count [n] to how many of the bag's windows have the cell `from` … `from` + n - 1 of the view; a sequence counts
 * once, or, where the bag has factors, as often as its factor, a whole number, says. A count does not pass UINT32_MAX. */
void kmerprofile_count(uint32_t *count, int from, int n, const KmerView *view, const Bag *bag);
double kmerprofile_total(const KmerView *view, const Bag *bag); /* what all cells count together */

/* The place, 1 or 2, of view `four` that view `three` leaves open where they have all else in common; else 0. Counts of
 * `three` [its cells] are then sums of those of `four` [its cells]. */
int kmerprofile_open_place(const KmerView *four, const KmerView *three);
void kmerprofile_sum(uint32_t *three, const uint32_t *four, int open_place);

/* score [bag->n], of the sequences in the order of the bag, += Σ value [n_cell of the view] over the windows. Sequences of
 * length l alone. */
void kmerprofile_score(double *score, const double *value, const KmerView *view, const Bag *bag, int l);

#endif
