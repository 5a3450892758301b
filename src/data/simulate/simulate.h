/* SPDX-License-Identifier: MIT
 *
 * simulate.h: a cohort of simulated repertoires, of which the positive ones carry a signal, as a dataset file and a table
 * of the truth.
 *
 * Bag b comes from streams (seed, purpose, b) alone, so a cohort's bytes depend on settings and seed, never on the
 * thread count, and its first bags do not depend on how many follow. Which bags are positive is drawn from stream
 * (seed, "label", 0). Unless settings ask for it, names, order, size and counts say nothing about the label. Bags are named
 * sim00000, sim00001, …; the dataset holds the label table: ID, and status, which is + or -.
 *
 *   motif   carriers hold a motif; the truth file lists them
 *   dense   no sequence is a carrier: all prefixes, or transitions, of positive bags have other probabilities (tilt.h);
 *           the truth file lists these. Signs come from stream (seed, "shift", 0)
 *   public  carriers are sequences of a list, which is read or drawn from stream (seed, "pool", 0)
 *
 * With spread, bag b has a tilt of its own from stream (seed, "spread", b), whatever its label; batch k has one from stream
 * (seed, "batch tilt", k). A test cohort has the same signal and batches, and bags from streams of their own.
 */
#ifndef HOPSACK_SIMULATE_H
#define HOPSACK_SIMULATE_H

#include "core/option.h"

enum { SIGNAL_MOTIF, SIGNAL_DENSE, SIGNAL_PUBLIC };
enum { DENSE_BOTH, DENSE_PREFIX, DENSE_COMPOSITION };
enum { RATE_EXACT, RATE_BINOMIAL, RATE_POISSON };
enum { FLOOR_AUTO, FLOOR_NO, FLOOR_YES };
enum { PURGE_NONE, PURGE_NEGATIVE, PURGE_ALL };
enum { LABELS_STATUS, LABELS_CLASSES, LABELS_COLUMNS, LABELS_RATE };

/* The keys simulate.* of the config. Texts that are NULL are as by default. */
typedef struct {
    int n_bag, n_seq;     /* repertoires; sequences in each */
    double positive;      /* share of the repertoires that carry the signal */
    int background;       /* place in background_types */
    int signal;           /* SIGNAL_MOTIF, SIGNAL_DENSE or SIGNAL_PUBLIC */
    double shift;         /* dense: logarithm of the factor on a probability */
    int dense;            /* what is shifted: both, prefix, composition */
    double spread;        /* standard deviation of the logarithm of a bag's own factors */
    OptionTexts motifs;   /* one is drawn for each carrier; motif.h tells their letters */
    double rate;          /* carriers as a share of a positive repertoire's sequences */
    int rate_mode;        /* exact: round(rate · n_seq) carriers; binomial, poisson: drawn with this mean */
    const char *position; /* of the motif: middle, anywhere, centre, or an offset from 0 */
    const char *counts;   /* countlaw.h */

    const char *size;            /* bagsize.h */
    const char *background_path; /* of the backgrounds file and olga */
    bool donors;                 /* file: each repertoire is drawn from one repertoire of the file */
    bool genes;                  /* V and J are written */
    OptionTexts signals;         /* a text a signal: [NAME=]MOTIF MOTIF …; instead of motifs */
    int labels;                  /* LABELS_…: which columns are written */
    double label_noise;          /* chance that a written label is wrong */
    double rate_negative;        /* carriers as a share of a negative repertoire's sequences */
    OptionNumbers rate_beta,
        rate_negative_beta;            /* a, b: each repertoire's rate ~ Beta(a, b); empty: the rates above */
    int at_least_one;                  /* FLOOR_…: auto: yes with exact */
    int purge, implant;                /* PURGE_…, IMPLANT_… */
    int carrier_counts;                /* 0: as other clones; 1: from the tail */
    const char *spike;                 /* public: table of sequences; NULL: drawn */
    int pool;                          /* public: how many are drawn */
    double size_effect, counts_effect; /* positive minus negative bags: log of size; countlaw.h */
    int batches;                       /* 0: none */
    double batch_labels; /* how far the share of positives differs: even batches have (1 + x) times, odd (1 - x) */
    double batch_size, batch_spread; /* even minus odd batches: log of size; a batch's tilt */
} SimulateOptions;
extern const Option simulate_options[];

typedef struct {
    const char *path;  /* the dataset */
    const char *truth; /* the table of truth */
    const char *airr;  /* folder of AIRR tables; NULL: none */
    int compress;      /* gzip level; 0: none */
    bool force;
    bool test; /* a test cohort: bags test00000, …, from other streams than the training cohort's */
} SimulateFiles;

typedef struct {
    int n_bag, n_positive;
    int n_carrier, n_carrier_min; /* most and fewest in a positive bag */
    int n_carrier_negative;       /* most in a negative bag */
    int n_shifted;                /* dense: prefixes and transitions in the truth file; else 0 */
    int64_t n_seq;                /* of all bags */
    int64_t memory;               /* bytes of working memory */
    double accidental[2];         /* share of sequences that hold a motif by chance: negative, positive bags */
    double known
        [2]; /* AUC of who knows the motifs or the list: that one is there; the share that holds one; NaN: no such */
} SimulateResult;

/* Checks the settings (ERR_CONFIG) and tells what they amount to; `accidental` stays 0. */
Status simulate_plan(SimulateResult *out, const SimulateOptions *options, uint64_t seed);

/* The same, and writes the files, each whole or not at all. */
Status simulate_run(SimulateResult *out, const SimulateOptions *options, uint64_t seed, const SimulateFiles *files);

/* "data.h5" and ".truth.tsv.gz" → "data.truth.tsv.gz", the caller's to free; NULL if memory is out. */
char *simulate_beside(const char *path, const char *ending);
char *simulate_truth_path(const char *path);

#endif
