/* SPDX-License-Identifier: MIT
 *
 * crossval_parts.h: what crossval.c and crossval_room.c share.
 */
#ifndef HOPSACK_CROSSVAL_PARTS_H
#define HOPSACK_CROSSVAL_PARTS_H

#include "cv/crossval.h"
#include "cv/foldlist.h"
#include "cv/jobs.h"
#include "cv/search.h"
#include "run/job.h"

typedef struct {
    const CrossvalSetup *in;
    Dataset *dataset; /* borrowed */
    FoldList list;
    FoldSearch search;
    Jobs *jobs; /* of the list */
} Crossval;

FoldJob crossval_which(const Crossval *c, int number);
void crossval_configure(FoldConfig *own, const Crossval *c,
                        FoldJob job); /* settings of a job, in room of the caller's */
JobSetup crossval_job(const Crossval *c, const Config *config, const char *folder);

/* Small bags, all in memory, and memory for a workspace a thread. */
bool crossval_side_by_side(const Crossval *c, int n_open);

/* Can jobs begin? Model, data and memory are the same for all, but for those of trials. */
Status crossval_check_model(const Crossval *c);

Status crossval_describe(json_t **out, const Crossval *c); /* the result of crossval_plan_on */

#endif
