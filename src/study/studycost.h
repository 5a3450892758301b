/* SPDX-License-Identifier: MIT
 *
 * studycost.h: what the steps of a study will take (core/cost.h).
 */
#ifndef HOPSACK_STUDYCOST_H
#define HOPSACK_STUDYCOST_H

#include "run/config.h"
#include "study/studyplan.h"

#define STUDYCOST_TOP 1000 /* rows of explain for each question, its default */

/* Fills the `cost` of each step. Opens the dataset and times the network on it; reads no result of a step, so that a study
 * that goes on has the estimates that it began with. Errors of crossval_plan and baseline_plan: labels, folds; then steps are
 * without estimates. */
Status studycost_fill(StudyPlan *plan, const StudySetup *setup, const Config *config);
Cost studycost_sum(const StudyPlan *plan);

#endif
