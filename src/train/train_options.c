/* SPDX-License-Identifier: MIT */
#include "train/train_options.h"
#include "data/bagfile/cache.h"

#define AT(field) offsetof(TrainOptions, field)

const Option train_options[] = {
    {"updates", OPTION_INT, AT(updates), "10000", 1, 1e9, "null", "updates",
     "number of parameter updates; null where epochs is given: set exactly one of the two"},
    {"epochs", OPTION_INT, AT(epochs), "null", 1, 1e9, "null", "epochs",
     "number of passes over the training set, in place of updates"},
    {"batch", OPTION_INT, AT(batch), "4", 1, CACHE_SLOTS, NULL, "bags", "number of bags in a minibatch"},
    {"draws", OPTION_INT, AT(draws), "10000", 0, 1e9, NULL, "instances",
     "number of instances sampled from a bag for each update; 0: all instances"},
    {"instance_drop", OPTION_NUMBER, AT(instance_drop), "0.0", 0, 0.999999, NULL, "",
     "probability that an update leaves out an instance of a training bag; at least one instance is kept"},
    {"lr", OPTION_NUMBER, AT(step.lr), "1.0e-3", 0, 1000, NULL, "", "learning rate"},
    {"decay", OPTION_NUMBER, AT(decay), "1.0", 1e-6, 1, NULL, "",
     "factor by which the learning rate is multiplied after every epoch"},
    {"clip_norm", OPTION_NUMBER, AT(step.clip_norm), "0.0", 0, 1e9, NULL, "",
     "maximum norm of the gradient over all parameters; 0: no limit"},
    {"l1", OPTION_NUMBER, AT(step.l1), "0.0", 0, 1000, NULL, "", "weight of the mean absolute parameter in the loss"},
    {"average", OPTION_NUMBER, AT(average), "0.0", 0, 0.99999, NULL, "",
     "decay of the moving average of the parameters that is evaluated and kept (Polyak and Juditsky 1992); "
     "0.98 averages over about 50 updates. 0: no averaging"},
    {"evaluate_every", OPTION_INT, AT(evaluate_every), "100", 0, 1e9, NULL, "updates",
     "number of updates between two evaluations; 0: only at the end"},
    {"evaluate_instances", OPTION_INT, AT(evaluate_instances), "0", 0, 2e9, NULL, "instances",
     "maximum number of instances, over all bags, in an evaluation during training: larger sets are "
     "evaluated on a fixed random sample of each bag, at least 1000 instances of it, always with those of rare "
     "start k-mers. 0: whole bags. The model that is kept is scored on whole bags"},
    {"keep", OPTION_CHOICE, AT(keep), "best", 0, 0, "best auc last", "",
     "model kept at the end of a run, chosen by the first task on the validation set. best: lowest loss "
     "(with model.norm bags after calibration of the outputs, so that a constant model is not chosen); "
     "auc: highest AUC (balanced accuracy, R2); last: the last. Without a validation set: last"},
    {"refit", OPTION_BOOL, AT(refit), "false", 0, 0, NULL, "",
     "training of the final model on the training and validation sets together, for as many epochs as the lowest "
     "validation value of train.keep, averaged over three evaluations. The validation scores are those of the model "
     "before. Without a validation set: no effect"},
    {"calibrate", OPTION_CHOICE, AT(calibrate), "none", 0, 0, "none platt", "",
     "calibration of the probabilities by the outputs on the validation set, kept in the model. platt: that of the "
     "logit a * output + b, fitted by maximum likelihood (Platt 1999); of several classes softmax(a * output). "
     "Outputs "
     "stay as they are"},
    {"operating", OPTION_TEXT, AT(operating), "youden", 0, 0, NULL, "none|youden|sensitivity:SHARE|specificity:SHARE",
     "operating point of a binary task: the output above which a bag is called positive, chosen on the validation "
     "set "
     "and scored on the test set. youden: largest sensitivity + specificity; sensitivity:0.9: highest specificity "
     "with "
     "a sensitivity of at least 0.9; specificity:0.95 alike. Without a validation set: none"},
    {"patience", OPTION_INT, AT(patience), "0", 0, 1e9, NULL, "evaluations",
     "number of evaluations without a better score by train.keep (last: as best) after which training "
     "stops (early stopping); 0: no early stopping"},
    {"min_delta", OPTION_NUMBER, AT(min_delta), "0.0", 0, 1000, NULL, "",
     "minimum improvement of the validation score that resets patience; training stops where no score "
     "could improve by so much"},
    {"checkpoint_minutes", OPTION_NUMBER, AT(checkpoint_minutes), "5", 0, 1e9, NULL, "minutes",
     "time between two checkpoints; checkpoints are also written at every evaluation and on a signal. 0: "
     "after every update"},
    {0},
};

const Option train_more_options[] = {
    {"schedule", OPTION_CHOICE, AT(schedule), "decay", 0, 0, "decay cosine", "",
     "course of the learning rate: decay (by train.decay alone), or cosine (it also falls to 0 over the training, "
     "along "
     "half a cosine)"},
    {0},
};
