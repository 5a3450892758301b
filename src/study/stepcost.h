/* SPDX-License-Identifier: MIT
 *
 * stepcost.h: what check, stack, explain and report will take (core/cost.h), by constants measured on the reference machine.
 */
#ifndef HOPSACK_STEPCOST_H
#define HOPSACK_STEPCOST_H

#include "core/cost.h"

Cost stepcost_check(int n_bag, double n_instance);

/* n_fold: of all repetitions; n_round: the folds themselves, and each round on permuted labels or batches. */
Cost stepcost_stack(int n_column, int n_bag, int n_fold, int n_round);

/* pass: what predicting all bags will take, each by one model; n_model: that explain a bag; n_row: instances whose residues or
 * features are explained, over all questions. */
Cost stepcost_explain(const Cost *pass, int n_model, int n_row);

/* n_method: the run, and others beside it. */
Cost stepcost_report(int n_method, int n_bag);

#endif
