/* SPDX-License-Identifier: MIT
 *
 * modelinputs.h: the numbers of a bag as a whole that a saved network reads (model.bag_inputs), of bags to be predicted.
 */
#ifndef HOPSACK_MODELINPUTS_H
#define HOPSACK_MODELINPUTS_H

#include "run/modelfile.h"

/* Reads the bag inputs of a network from the bags that it is to predict. ERR_MODEL. */
Status modelinputs_read(ModelFile *m, const Cohort *cohort);
Bag modelinputs_bag(const ModelFile *m, const Bag *whole, int bag); /* the bag of that number with its inputs */

#endif
