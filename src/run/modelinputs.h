/* SPDX-License-Identifier: MIT
 *
 * modelinputs.h: what a saved network reads beside the instances of bags to be predicted: numbers of the bag as a
 * whole (model.bag_inputs) and genes (model.embedder.genes).
 */
#ifndef HOPSACK_MODELINPUTS_H
#define HOPSACK_MODELINPUTS_H

#include "run/modelfile.h"

/* Finds the genes of a network in the dataset that it is to predict; before modelfile_fit. ERR_MODEL. */
Status modelinputs_genes(ModelFile *m, const BagFile *file);
/* Reads the bag inputs of a network from the bags that it is to predict. ERR_MODEL. */
Status modelinputs_read(ModelFile *m, const Cohort *cohort);
Bag modelinputs_bag(const ModelFile *m, const Bag *whole, int bag); /* the bag of that number with its inputs */

/* Training samples that the model holds, with their labels (model.layers: stored: training); 0: none. */
int modelinputs_n_stored(const ModelFile *m);

#endif
