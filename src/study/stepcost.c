/* SPDX-License-Identifier: MIT */
#include "study/stepcost.h"

/* Seconds. */
#define CHECK_ONCE     0.04
#define CHECK_INSTANCE 0.2e-6
#define CHECK_PAIR     1e-6 /* of two bags */
#define STACK_ONCE     0.03
#define STACK_OUTPUT   17e-6 /* of a column on a bag, for each fold */
#define EXPLAIN_ONCE   0.05
#define EXPLAIN_PASSES 4.5    /* contributions, motifs and windows, in passes of one model */
#define EXPLAIN_ROW    0.6e-3 /* integrated gradients, for each model */
#define REPORT_ONCE    0.02
#define REPORT_OUTPUT  40e-6 /* of a method on a bag: intervals by drawing bags again and again */

/* Bytes. */
#define CHECK_HELD   8.0   /* of an instance */
#define STACK_HELD   200.0 /* of a column on a bag, for each fold */
#define EXPLAIN_ROOM 15e6
#define REPORT_HELD  2e3 /* of a method on a bag */

static Cost scaled(double seconds, double bytes)
{
    return cost_of(seconds * cost_pace(), COST_PROCESS + bytes);
}

Cost stepcost_check(int n_bag, double n_instance)
{
    return scaled(CHECK_ONCE + CHECK_INSTANCE * n_instance + CHECK_PAIR * n_bag * n_bag, CHECK_HELD * n_instance);
}

Cost stepcost_stack(int n_column, int n_bag, int n_fold, int n_round)
{
    const double outputs = (double)n_column * n_bag * n_fold * n_round;
    return scaled(STACK_ONCE + STACK_OUTPUT * outputs, STACK_HELD * outputs / n_round);
}

Cost stepcost_explain(const Cost *pass, int n_model, int n_row)
{
    Cost cost = scaled(EXPLAIN_ONCE + EXPLAIN_ROW * n_row * n_model / cost_speedup(), EXPLAIN_ROOM);
    cost.low += EXPLAIN_PASSES * n_model * pass->low;
    cost.high += EXPLAIN_PASSES * n_model * pass->high;
    if (pass->bytes + EXPLAIN_ROOM > cost.bytes) cost.bytes = pass->bytes + EXPLAIN_ROOM;
    return cost;
}

Cost stepcost_report(int n_method, int n_bag)
{
    const double outputs = (double)n_method * n_bag;
    return scaled(REPORT_ONCE + REPORT_OUTPUT * outputs, REPORT_HELD * outputs);
}
