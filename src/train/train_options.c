/* SPDX-License-Identifier: MIT */
#include "train/train_options.h"
#include "data/bagfile/cache.h"

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
    {"average", OPTION_NUMBER, AT(average), "0.0", 0, 0.99999, NULL, "",
     "decay of a moving average of the parameters, which is what evaluations see and what is kept: 0.98 is a mean "
     "over "
     "some 50 updates (Polyak and Juditsky 1992); 0: the parameters themselves"},
    {"evaluate_every", OPTION_INT, AT(evaluate_every), "100", 0, 1e9, NULL, "updates",
     "between two evaluations; 0: only at the end"},
    {"evaluate_instances", OPTION_INT, AT(evaluate_instances), "0", 0, 2e9, NULL, "instances",
     "that an evaluation during training looks at, at most, over all its bags: large bags are then seen by a random "
     "part, "
     "always the same, of 1000 instances at least. 0: whole bags. The model kept is scored on whole bags"},
    {"keep", OPTION_CHOICE, AT(keep), "best", 0, 0, "best auc last", "",
     "model that a run ends with, by the validation part and the first task. best: lowest loss, with model.norm bags "
     "after calibration of the outputs, so that no flat state wins; auc: highest AUC (balanced accuracy, R2); last. "
     "Without a validation part: last"},
    {"refit", OPTION_BOOL, AT(refit), "false", 0, 0, NULL, "",
     "training of the final model anew on training and validation bags together, with as many passes over them as there "
     "had been when the validation value of train.keep, averaged over three evaluations, was best. Validation scores are those of the "
     "model chosen before. Not without a validation part"},
    {"patience", OPTION_INT, AT(patience), "0", 0, 1e9, NULL, "evaluations",
     "early stopping: evaluations without a better score by train.keep (last: as best) before training ends; 0: "
     "never"},
    {"min_delta", OPTION_NUMBER, AT(min_delta), "0.0", 0, 1000, NULL, "",
     "what a validation score must be better by than the best before, for patience to begin anew; where no score can "
     "be better "
     "by that, training ends at once"},
    {"checkpoint_minutes", OPTION_NUMBER, AT(checkpoint_minutes), "5", 0, 1e9, NULL, "minutes",
     "between two checkpoints, which are also written at every evaluation and on a signal; 0: after every update"},
    {0},
};
