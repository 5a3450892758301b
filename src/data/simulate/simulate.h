/* SPDX-License-Identifier: MIT
 *
 * simulate.h: a cohort of simulated repertoires, of which the positive ones carry a signal, as a dataset file and a table
 * of the truth.
 *
 * Bag b comes from stream (seed, "repertoire", b) alone, so a cohort's bytes depend on settings and seed, never on the
 * thread count, and its first bags do not depend on how many follow. Which bags are positive is drawn from stream
 * (seed, "label", 0). Names, order, size and counts say nothing about the label. Bags are named sim00000, sim00001, …;
 * the dataset holds the label table: ID, and status, which is + or -.
 *
 *   motif   carriers hold a motif; the truth file lists them
 *   dense   no sequence is a carrier: all prefixes, or transitions, of positive bags have other probabilities (tilt.h);
 *           the truth file lists these. Signs come from stream (seed, "shift", 0)
 *
 * With spread, bag b has a tilt of its own from stream (seed, "spread", b), whatever its label.
 */
#ifndef HOPSACK_SIMULATE_H
#define HOPSACK_SIMULATE_H

#include "core/option.h"

enum { SIGNAL_MOTIF, SIGNAL_DENSE };
enum { DENSE_BOTH, DENSE_PREFIX, DENSE_COMPOSITION };

/* The keys simulate.* of the config. */
typedef struct {
    int n_bag, n_seq;     /* repertoires; sequences in each */
    double positive;      /* share of the repertoires that carry the signal */
    int background;       /* place in background_types */
    int signal;           /* SIGNAL_MOTIF or SIGNAL_DENSE */
    double shift;         /* dense: logarithm of the factor on a probability */
    int dense;            /* what is shifted: both, prefix, composition */
    double spread;        /* standard deviation of the logarithm of a bag's own factors */
    OptionTexts motifs;   /* one is drawn for each carrier; motif.h tells their letters */
    double rate;          /* carriers as a share of a positive repertoire's sequences */
    int rate_mode;        /* exact: round(rate · n_seq) carriers, at least 1 unless rate is 0 */
    const char *position; /* of the motif: middle, anywhere, or an offset from 0 */
    int counts;           /* none: 1 each */
} SimulateOptions;
extern const Option simulate_options[];

typedef struct {
    const char *path;  /* the dataset */
    const char *truth; /* the table of truth */
    bool compress, force;
} SimulateFiles;

typedef struct {
    int n_bag, n_positive, n_carrier; /* n_carrier: in each positive bag */
    int n_shifted;                    /* dense: prefixes and transitions in the truth file; else 0 */
    int64_t n_seq;                    /* of all bags */
    int64_t memory;                   /* bytes of working memory */
    double accidental[2];             /* share of sequences that hold a motif by chance: negative, positive bags */
} SimulateResult;

/* Checks the settings (ERR_CONFIG) and tells what they amount to; `accidental` stays 0. */
Status simulate_plan(SimulateResult *out, const SimulateOptions *options, uint64_t seed);

/* The same, and writes both files, whole or not at all. */
Status simulate_run(SimulateResult *out, const SimulateOptions *options, uint64_t seed, const SimulateFiles *files);

/* "data.h5" → "data.truth.tsv.gz", the caller's to free; NULL if memory is out. */
char *simulate_truth_path(const char *path);

#endif
