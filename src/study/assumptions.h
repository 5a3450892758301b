/* SPDX-License-Identifier: MIT
 *
 * assumptions.h: which models obey the standard assumption of multiple-instance learning, by the tests of
 * assumptionbags.h. Each model is trained on each test with each seed, and must then rank test bags that the rule alone
 * tells apart.
 *
 *     {"threshold", "bags", "epochs", "seeds": [·], "models": [{"name", "passes", "parameters",
 *      "tests": {single, threshold, frequency: {"verdict", "alike": [AUC of each seed], "test": [·]}}}]}
 *
 * The verdict is `passes` if all AUCs are at least the threshold; `not learned` if one is not of new bags like those of the
 * training set; else `breaks`. Same bits with any number of threads.
 */
#ifndef HOPSACK_ASSUMPTIONS_H
#define HOPSACK_ASSUMPTIONS_H

#include "core/status.h"
#include "model/mil.h"

#include <jansson.h>

#define ASSUMPTION_THRESHOLD_AUC 0.9

typedef struct {
    const char *name;          /* of the only model; NULL: every kind of pooling with its default settings */
    const ModelOptions *model; /* of `name`; an embedder of sequences is replaced by that of the others */
    uint64_t seed;             /* the first */
    int n_seed;
} AssumptionSetup;

/* *out is the caller's to decref. ERR_CONFIG, ERR_MEMORY; ERR_DIVERGED. */
Status assumptions_run(json_t **out, const AssumptionSetup *setup);

#endif
