/* SPDX-License-Identifier: MIT
 *
 * layer_training.h: lookup layers in the training set (stored: training), and the settings of all lookup layers.
 */
#ifndef HOPSACK_LAYER_TRAINING_H
#define HOPSACK_LAYER_TRAINING_H

#include "model/layer_hopfield.h"

typedef enum { STORED_LEARNED, STORED_TRAINING } LookupStored;

typedef struct {
    LayerHopfieldSettings s;
    int stored; /* LookupStored */
    int n_stored;
    bool per_class, separate, learn_stored, exclude_self;
} LookupSettings;

extern const LayerType layer_training; /* not in the table of kinds */

#endif
