/* SPDX-License-Identifier: MIT
 *
 * simulate_parts.h: a simulation under way, for the files that share it: simulate.c (order of work), simulate_plan.c (what
 * each bag is to be), signals (what distinguishes the classes), outputs, and simulate_facts.c (what is recorded).
 */
#ifndef HOPSACK_SIMULATE_PARTS_H
#define HOPSACK_SIMULATE_PARTS_H

#include "core/textout.h"
#include "data/bagfile/bagfile.h"
#include "data/simulate/bagsize.h"
#include "data/simulate/countlaw.h"
#include "data/simulate/motifset.h"
#include "data/simulate/seqpool.h"
#include "data/simulate/simulate.h"
#include "data/simulate/tilt.h"

#include <jansson.h>

#define SIMULATOR_SLOTS 4        /* repertoires in memory at once */
#define SIMULATE_LABEL  "status" /* the label column that the signal decides */
#define SIMULATE_KEY    24       /* bytes of a bag's name */

typedef struct {
    Repertoire drawn;
    Tilt tilt;   /* with spread: of the bag under way */
    void *state; /* with spread: the background with that tilt */
} SimulatorSlot;

typedef struct SignalType SignalType;
typedef struct OutputType OutputType;

/* What a bag is to be. */
typedef struct {
    int n, batch;   /* sequences; batch -1: none */
    int signal;     /* that it carries, the first of several; -1: negative */
    uint64_t truth; /* bit k: it carries signal k */
    uint64_t shown; /* the same as the labels have it */
    double known;   /* share of sequences that hold a motif, once it is drawn */
} SimulateBag;

typedef struct {
    const SimulateOptions *options;
    const SignalType *signal;
    uint64_t seed, offset; /* offset: of the indices of a cohort's own streams */
    bool test;
    Recipe recipe;
    void *source, *state; /* of the background */
    MotifSet motifs;      /* motif */
    SeqPool pool;         /* public */
    CountLaw counts;
    int n_signal;
    char **signal_name;        /* [n_signal] */
    Names v, j;                /* gene names */
    Tilt shift;                /* dense: of positive bags */
    void *shifted;             /* dense: the background with that tilt */
    const Tilt *class_tilt[2]; /* negative, positive bags; NULL: none */
    const void *class_state[2];
    SimulateBag *bag;   /* [n_bag] */
    int *n_carrier;     /* [n_bag, n_signal] */
    int n_most, c_most; /* sequences, carriers of the largest bags */
    int n_slot, first;  /* bags under way are first … first + n_slot - 1 */
    Arena memory;
    SimulatorSlot slot[SIMULATOR_SLOTS];
    const SimulateFiles *files;
    void *output[2]; /* by simulate_outputs; NULL: not wanted */
    TextOut *truth;
    int64_t accidental[2], plain[2]; /* by class: sequences with a motif by chance, and all but carriers */
    SimulateResult *result;
} Simulator;

/* What a signal adds to a cohort; an entry that is NULL adds nothing. */
struct SignalType {
    const char *truth_head;
    bool carries;                                                     /* there are carriers, and rates */
    Status (*prepare)(Simulator *s);                                  /* checks its settings; sets n_signal */
    void (*plan)(Simulator *s);                                       /* memory of its own */
    void (*start)(Simulator *s);                                      /* before the first bag */
    void (*name)(TextOut *out, const Simulator *s, const Carrier *c); /* what the truth calls motif */
    int (*record)(json_t *settings, const Simulator *s);              /* provenance: settings; -1: out of memory */
    json_t *(*record_result)(const SimulateResult *result);           /* provenance: signal */
};
extern const SignalType signal_motif, signal_dense, signal_public;
extern const SignalType *const simulate_signals[]; /* by SimulateOptions.signal */

/* A form in which a cohort is written. `open` leaves *out NULL where it is not wanted. `finish` frees, even if it fails. */
struct OutputType {
    Status (*open)(void **out, const Simulator *s);
    Status (*add)(void *out, const Simulator *s, int bag, const Repertoire *r);
    Status (*finish)(void *out, const Simulator *s, const Table *labels, const char *facts);
    void (*drop)(void *out); /* accepts NULL */
};
extern const OutputType output_dataset, output_airr;
extern const OutputType *const simulate_outputs[]; /* [2] */

/* ---- simulate_plan.c ---- */
Status simulate_plan_bags(Simulator *s); /* sets bag, n_carrier, and sums in the result */

/* ---- simulate_facts.c ---- */
#define SIMULATE_CARRIER_HEAD "bag\tinstance\tsignal\tmotif\toffset\toriginal\tjunction_aa" /* of a truth file */
json_t *simulate_carriers(const SimulateResult *result); /* what signals of carriers record; NULL: no memory */
char *simulate_facts(const Simulator *s);                /* provenance; the caller's to free; NULL: no memory */
Status simulate_labels(Table *out, const Simulator *s);  /* label table */
void simulate_key(char key[SIMULATE_KEY], const Simulator *s, int bag);
void simulate_spell(char *text, const int8_t *codes, int64_t len); /* letters, NUL-ended */
const char *simulate_word(char buffer[OPTION_ROOM], const SimulateOptions *options,
                          const char *name); /* of a choice */
Status simulate_oracle(Simulator *s);        /* sets known */

/* ---- simulate_genes.c ---- */
Status simulate_genes(Simulator *s); /* names of the background's and the list's genes */

#endif
