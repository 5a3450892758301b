/* SPDX-License-Identifier: MIT
 *
 * searchtable.h: what a search chose, and among what.
 *
 *     trials.tsv      repeat fold trial inner00 … mean chosen, and a column for each key that varies: a row for each fold and trial
 *     summary.json    "search": {"kind", "trials", "inner_folds", "chosen": [{"trial", "folds", "settings"}]}, and a remark
 */
#ifndef HOPSACK_SEARCHTABLE_H
#define HOPSACK_SEARCHTABLE_H

#include "cv/search.h"

Status searchtable_write(const FoldSearch *s, const char *run); /* trials.tsv; every fold has its trial */
Status searchtable_add(json_t *summary, const FoldSearch *s);   /* to what summary.json will hold */

#endif
