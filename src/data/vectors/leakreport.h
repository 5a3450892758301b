/* SPDX-License-Identifier: MIT
 *
 * leakreport.h: what leaks.h found, in messages and warnings: of bags that are imported, and of those a run learns from.
 */
#ifndef HOPSACK_LEAKREPORT_H
#define HOPSACK_LEAKREPORT_H

#include "data/vectors/leaks.h"

typedef struct {
    const LeakFindings *found;
    const char *path;        /* dataset, named before each message; NULL: it is being made */
    const char *task;        /* task whose labels were looked at; NULL: the label of the bags */
    const char *const *name; /* [n_feat] names of the features; NULL: they have none */
    int n_feat, n_bag;
} LeakReport;

/* Constant features and bags of one instance. */
void leakreport_plain(const LeakReport *r);

/* Warns of the features that leak in this way. */
void leakreport_leaks(const LeakReport *r, Odd odd);

/* Warns of the features that tell the labels apart; `advice` ends the sentence. */
void leakreport_separating(const LeakReport *r, const char *advice);

/* Warns of features with one value a bag, and of those that number the instances of each bag. */
void leakreport_order(const LeakReport *r);

/* Import: ERR_FORMAT if a feature of the file `source` leaks, a warning if that is allowed. */
Status leakreport_classify(const LeakReport *r, const char *source, bool allow);

#endif
