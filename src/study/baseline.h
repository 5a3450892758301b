/* SPDX-License-Identifier: MIT
 *
 * baseline.h: rivals of a network (rival/rival.h) on the folds of a cross-validation.
 *
 * All bags outside the test fold are trained on, those that crossval validates on too: what a rival chooses it chooses by
 * inner folds of them. Beside the folds themselves a rival is run
 *
 *     with a column of batches     with whole batches left out, and on labels that batches have exchanged
 *     with permutations            on labels that bags (groups of them) have exchanged
 *
 * and each such round has outputs of its own, on test bags and of inner fits, so that a stack can be run through all of it.
 */
#ifndef HOPSACK_BASELINE_H
#define HOPSACK_BASELINE_H

#include "cohort/settle.h"
#include "core/stop.h"
#include "rival/rival.h"
#include "run/config.h"

#define BASELINE_METHODS      64 /* of one run at most */
#define BASELINE_BATCH_ROUNDS 6  /* labels exchanged between batches */
#define BASELINE_PERMUTE_MAX  999

typedef struct {
    const Config *config; /* model and train are not looked at */
    const char *folder;
    bool force, resume; /* resume: methods that are done stay */
    const Rival *method[BASELINE_METHODS];
    int n_method; /* 0: all standard ones that can serve */
    bool by_counts;
    OptionTexts columns; /* of the label table, for the rival of nuisances */
    int n_inner;         /* inner folds */
    int n_permute;       /* rounds on permuted labels */
    int n_important;     /* sequences to be ranked; 0: none */
    SettleRule settle;   /* probabilities and operating points, by the outputs of inner fits */
    const char *beside; /* folder of a run whose figures go into the table; NULL: that of splits.file, if it is one */
    int argc;           /* command line, for the manifest */
    char **argv;
    const StopFlag *stop; /* see stop.h */
    void (*begin)(void);  /* called before work begins; or NULL */
} BaselineSetup;

/* Trains, scores and writes the folder (docs/rivals.md), method by method. *out, the caller's to decref, is what the upper
 * summary.json holds: {"version", "seed", "n_repeats", "n_folds", "methods": {name: as tally.h has it}, "left_out": {name: why},
 * "beside": {run: tasks}, "seconds", "peak_memory"}. */
Status baseline_run(json_t **out, const BaselineSetup *setup);

/* What it would do, writing nothing: {"n_repeats", "n_folds", "bags": of the first fold {"train", "test"},
 * "methods": [name], "left_out": {name: why}}, and what cost_tell adds. */
Status baseline_plan(json_t **out, const BaselineSetup *setup);

#endif
