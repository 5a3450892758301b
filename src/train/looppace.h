/* SPDX-License-Identifier: MIT
 *
 * looppace.h: how fast a training goes on its own bags, from a few updates on a part of their instances.
 */
#ifndef HOPSACK_LOOPPACE_H
#define HOPSACK_LOOPPACE_H

#include "train/loop.h"

/* Seconds of one thread. */
typedef struct {
    double update; /* of an update whose bags are decoded */
    double load;   /* of decoding the bags of an update, where they are not held */
    double pass;   /* of an instance, without gradients */
    double read;   /* of decoding an instance */
} LoopPace;

/* Times a loop of this setup for some ten milliseconds, with fewer draws where an update would take longer, and with fewer
 * training bags where there are many. The setup's cache need hold no bag. Fails as loop_new and cache_bag do; the sentence is
 * lost. */
Status looppace_measure(LoopPace *out, const LoopSetup *setup);

#endif
