/* SPDX-License-Identifier: MIT
 *
 * permute.h: labels handed to other bags, so that a whole procedure can be run where there is nothing to be found.
 *
 *   labels    groups of bags (without groups: bags) get the labels of another group
 *   batches   batches get the labels of another batch: a method that recognises batches still scores above one half, one
 *             that knows the label does not
 *
 * A unit that is handed the labels of a larger or smaller one gets its bags' labels in random order, from the beginning
 * again where they do not suffice. Only members with a label take part. Labels of all tasks move together.
 */
#ifndef HOPSACK_PERMUTE_H
#define HOPSACK_PERMUTE_H

#include "cohort/folds.h"

typedef enum { PERMUTE_LABELS, PERMUTE_BATCHES } PermuteKind;

/* source [cohort->n]: the member whose labels each member gets; itself where it has none. From stream
 * (folds->seed, "permute labels" or "permute batches", index). ERR_CONFIG: batches without splits.batch. */
Status permute_draw(int *source, const Folds *folds, PermuteKind kind, int index);

/* Rows of labels in place: row i becomes what row source[i] was. */
Status permute_apply(Labels *labels, const int *source);

#endif
