/* SPDX-License-Identifier: MIT
 *
 * studyrun.h: the steps of a plan, one after the other, and what came out.
 */
#ifndef HOPSACK_STUDYRUN_H
#define HOPSACK_STUDYRUN_H

#include "core/stop.h"
#include "study/studyplan.h"

/* Runs the steps that are not done, in the plan's folder, which it makes. OUT/study.json says which are done, by which words
 * and in which time; OUT/log/NAME.txt holds what a step printed. What the stack chose changes the plan behind it. A step that fails ends the study with its status: the same
 * plan goes on there. ERR_CONFIG: a step was done with other words. `anew`: nothing counts as done, and results are replaced. */
Status studyrun_go(StudyPlan *plan, StudySetup *setup, bool anew, const StopFlag *stop);

/* Has the plan explain what the stack in its folder chose, if that step is done (stackseen.h). */
Status studyrun_choose(StudyPlan *plan, StudySetup *setup);

/* ERR_USAGE where `folder` is one of a study, which holds several runs: the sentence names them. */
Status studyrun_refuse(const char *folder);

/* What came out, a line each: the best honest figure and its interval, what carries it, what a number of the bag alone reaches,
 * what the network reaches, what is to be kept in mind. */
Status studyrun_answer(json_t **lines, const StudyPlan *plan, const StudySetup *setup);

#endif
