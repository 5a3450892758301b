/* SPDX-License-Identifier: MIT
 *
 * simulate_parts.h: a simulation under way, for the files that share it: simulate.c (bags and files) and
 * simulate_signal.c (what distinguishes the classes).
 */
#ifndef HOPSACK_SIMULATE_PARTS_H
#define HOPSACK_SIMULATE_PARTS_H

#include "core/textout.h"
#include "data/bagfile/bagfile.h"
#include "data/simulate/repertoire.h"
#include "data/simulate/simulate.h"
#include "data/simulate/tilt.h"

#include <jansson.h>

#define SIMULATOR_SLOTS 4        /* repertoires in memory at once */
#define SIMULATE_LABEL  "status" /* the label column that the signal decides */

typedef struct {
    Repertoire drawn;
    Tilt tilt;   /* with spread: of the bag under way */
    void *state; /* with spread: the background with that tilt */
} SimulatorSlot;

typedef struct SignalType SignalType;

typedef struct {
    const SimulateOptions *options;
    const SignalType *signal;
    uint64_t seed;
    Recipe recipe;
    Motif *motif;              /* [n_motif] */
    void *state;               /* of the background */
    Tilt shift;                /* dense: of positive bags */
    void *shifted;             /* dense: the background with that tilt */
    const Tilt *class_tilt[2]; /* negative, positive bags; NULL: none */
    const void *class_state[2];
    unsigned char *label; /* [n_bag] 1: positive */
    int n_slot, first;    /* bags under way are first … first + n_slot - 1 */
    Arena memory;
    SimulatorSlot slot[SIMULATOR_SLOTS];
    BagWriter *writer;
    TextOut *truth;
    int64_t accidental[2], plain[2]; /* by class: sequences with a motif by chance, and all but carriers */
    SimulateResult *result;
} Simulator;

/* What a signal adds to a cohort; an entry that is NULL adds nothing. */
struct SignalType {
    const char *truth_head;
    Status (*prepare)(Simulator *s);                        /* checks its settings */
    void (*plan)(Simulator *s);                             /* memory of its own */
    void (*start)(Simulator *s);                            /* before the first bag */
    int (*record)(json_t *settings, const Simulator *s);    /* provenance: settings; -1: out of memory */
    json_t *(*record_result)(const SimulateResult *result); /* provenance: signal */
};

extern const SignalType *const simulate_signals[]; /* by SimulateOptions.signal */

#endif
