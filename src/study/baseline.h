/* SPDX-License-Identifier: MIT
 *
 * baseline.h: cheap rivals of a model on the folds of a cross-validation. A rival makes one row of numbers of a bag and
 * gives it to a classifier with fixed settings; it is a row in the table of baseline.c.
 *
 * All bags outside the test fold are trained on, those that crossval validates on too, because nothing is chosen.
 */
#ifndef HOPSACK_BASELINE_H
#define HOPSACK_BASELINE_H

#include "cohort/cohort.h"
#include "core/stop.h"
#include "run/config.h"
#include "rival/classifier.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    const char *name;       /* also of its folder */
    const char *line;       /* what it is, for --help and summary.md */
    BagKind bags;           /* it serves */
    const char *bags_words; /* "vectors" */
    Status (*rows)(FeatureRows *out, const Cohort *cohort, const bool *use);
    const Classifier *classifier;
    double cost;
} BaselineMethod;

extern const BaselineMethod baseline_methods[]; /* ends with a name of NULL */
const BaselineMethod *baseline_method(const char *name);

#define BASELINE_MOST 16 /* methods of one run */

typedef struct {
    const Config *config; /* model and train are not looked at */
    const char *folder;
    bool force;
    const BaselineMethod *method[BASELINE_MOST];
    int n_method;
    int argc; /* command line, for the manifest */
    char **argv;
    const StopFlag *stop; /* see stop.h */
    void (*begin)(void);  /* called before work begins; or NULL */
} BaselineSetup;

/* Trains, scores and writes the folder: config.yaml, manifest.json, splits.tsv; summary.json, summary.md and predictions.tsv
 * of each method in a folder of its name, as crossval writes them; and summary.json and summary.md over all. Nothing is
 * written where something fails before. *out, the caller's to decref, is what the upper summary.json holds:
 * {"version", "seed", "n_repeats", "n_folds", "methods": {name: as tally.h has it}, "seconds", "peak_memory"}. */
Status baseline_run(json_t **out, const BaselineSetup *setup);

/* What it would do, writing nothing: {"n_repeats", "n_folds", "bags": of the first fold {"train", "test"},
 * "methods": [name]}. */
Status baseline_plan(json_t **out, const BaselineSetup *setup);

#endif
