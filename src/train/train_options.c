/* SPDX-License-Identifier: MIT */
#include "train/train_options.h"
#include "data/cache.h"

#define AT(field) offsetof(TrainOptions, field)

const Option train_options[] = {
    {"updates", OPTION_INT, AT(updates), "10000", 1, 1e9, "null", "updates",
     "length of training; null where epochs is given: exactly one of the two"},
    {"epochs", OPTION_INT, AT(epochs), "null", 1, 1e9, "null", "passes over the training bags",
     "length of training, in place of updates"},
    {"batch", OPTION_INT, AT(batch), "4", 1, CACHE_SLOTS, NULL, "bags", "bags an update"},
    {"draws", OPTION_INT, AT(draws), "10000", 0, 1e9, NULL, "instances",
     "drawn from a bag for an update; 0: all of them"},
    {"instance_drop", OPTION_NUMBER, AT(instance_drop), "0.0", 0, 0.999999, NULL, "",
     "probability that an update leaves out an instance of a training bag; at least one stays"},
    {"lr", OPTION_NUMBER, AT(step.lr), "1.0e-3", 0, 1000, NULL, "", "learning rate"},
    {"decay", OPTION_NUMBER, AT(decay), "1.0", 1e-6, 1, NULL, "", "factor on the learning rate after every epoch"},
    {"clip_norm", OPTION_NUMBER, AT(step.clip_norm), "0.0", 0, 1e9, NULL, "",
     "most that the norm of the gradient over all parameters may be; 0: any"},
    {"l1", OPTION_NUMBER, AT(step.l1), "0.0", 0, 1000, NULL, "", "weight of the mean absolute parameter in the loss"},
    {"evaluate_every", OPTION_INT, AT(evaluate_every), "500", 0, 1e9, NULL, "updates",
     "between two evaluations; 0: only at the end"},
    {"keep", OPTION_CHOICE, AT(keep), "best", 0, 0, "best last", "",
     "which model a run ends with: lowest validation loss of the first task, or the last. Without validation: last"},
    {"patience", OPTION_INT, AT(patience), "0", 0, 1e9, NULL, "evaluations",
     "without a lower validation loss of the first task, after which training stops; 0: never"},
    {"checkpoint_minutes", OPTION_NUMBER, AT(checkpoint_minutes), "5", 0, 1e9, NULL, "minutes",
     "between two checkpoints, which are also written at every evaluation and on a signal; 0: after every update"},
    {0},
};
