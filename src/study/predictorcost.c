/* SPDX-License-Identifier: MIT */
#include "study/predictorcost.h"
#include "core/log.h"
#include "core/parallel.h"

#include <stdio.h>
#include <stdlib.h>

#define ONCE   0.03 /* seconds on the reference machine: models are read */
#define BUDGET 0.02 /* seconds */
#define MOST   16   /* bags */

typedef struct {
    Predictor *predictor;
    const Cohort *cohort;
    real *output;
    double seconds, instances; /* timed */
    Status status;
    char sentence[1024]; /* of status; fail keeps it per thread */
} BagTiming;

static int smallest(const Cohort *cohort)
{
    int best = 0;
    for (int i = 1; i < cohort->n; i++)
        if (bagfile_n(cohort->file, cohort->bag[i]) < bagfile_n(cohort->file, cohort->bag[best])) best = i;
    return best;
}

static double size(const BagTiming *t, int member)
{
    return bagfile_n(t->cohort->file, t->cohort->bag[member]) + 1.0;
}

static void predict(BagTiming *t, int member)
{
    Seen seen;
    const double started = log_own_seconds();
    t->status = apply_seen(&seen, &t->predictor->apply, t->cohort, member);
    if (t->status == OK) t->status = predictor_bag(t->output, t->predictor, t->cohort, member, NULL);
    t->seconds += log_own_seconds() - started;
    t->instances += size(t, member);
}

/* The smallest bag says whether there is time for others, and no more where there is: the first of all takes longest. */
static void measure(void *context, int chunk, int thread)
{
    BagTiming *t = context;
    (void)thread;
    if (chunk > 0) return;
    predict(t, smallest(t->cohort));
    const BagTiming first = *t;
    for (int i = 0; i < t->cohort->n && i < MOST && t->status == OK; i++) {
        if (t->seconds * (1 + size(t, i) / t->instances) > BUDGET) break;
        if (i == 0) t->seconds = t->instances = 0;
        predict(t, i);
    }
    if (t->instances <= 0) *t = first;
    if (t->status != OK) snprintf(t->sentence, sizeof t->sentence, "%s", status_sentence());
}

Status predictorcost_make(Cost *out, Predictor *p, const Cohort *cohort)
{
    double all = 0;
    BagTiming t = {.predictor = p, .cohort = cohort};
    *out = (Cost){0};
    if (cohort->n == 0) return OK;
    t.output = calloc((size_t)p->apply.n_out + 1, sizeof *t.output);
    if (!t.output) return fail(ERR_MEMORY, "no memory for outputs");
    parallel_for(2, measure, &t); /* what runs inside has one thread */
    free(t.output);
    if (t.status != OK) return fail(t.status, "%s", t.sentence);
    Arena largest = {0};
    for (int i = 0; i < cohort->n; i++) {
        Arena room = {0};
        all += size(&t, i);
        TRY(bagfile_read_room(&room, cohort->file, cohort->bag[i], 0));
        if (room.used > largest.used) largest = room;
    }
    *out = cost_of(ONCE * cost_pace() + t.seconds * all / t.instances / cost_speedup(),
                   (double)log_peak_memory() + 2 * (double)largest.used);
    return OK;
}
