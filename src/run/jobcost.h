/* SPDX-License-Identifier: MIT
 *
 * jobcost.h: what the trainings of a config will take (core/cost.h), from a few timed updates on the dataset's bags.
 */
#ifndef HOPSACK_JOBCOST_H
#define HOPSACK_JOBCOST_H

#include "core/cost.h"
#include "run/job.h"

typedef struct {
    double open;  /* seconds of what is done once: bags decoded and hashed, labels checked */
    double pass;  /* seconds of outputs of all bags by one model */
    double kmers; /* seconds of k-mers counted for the start, for all training parts of one cut into folds */
    Cost job;     /* of one training without either; memory is the process's, with bags and one workspace */
    double room;  /* bytes of the workspace, for each further training at once */
} JobCost;

/* Of job_run_on, on a dataset that is open; it need not be filled. The lower end is that of a training that early stopping
 * ends as soon as it may. `alone`: by one thread. Where the network cannot be timed the seconds are NaN. */
Status jobcost_make(JobCost *out, const JobSetup *setup, Dataset *dataset, bool alone);

/* Of trainings that together are as long as `longer` of this one, `at_once` side by side, whose start k-mers are counted n_cut
 * times. */
Cost jobcost_whole(const JobCost *one, double longer, int at_once, int n_cut);

#endif
