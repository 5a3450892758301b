/* SPDX-License-Identifier: MIT */
#include "run/configinputs.h"

#define AT(field) offsetof(Config, model.field)

/* In the order of BagNormKind. */
const Option configinputs_model_rows[] = {
    {"norm", OPTION_CHOICE, AT(norm), "none", 0, 0, "none bags", "",
     "normalization of the bag vector before the output network; bags: each feature is standardized over the "
     "minibatch in training, over the training set in prediction"},
    {0},
};

/* In the order of CountWeight. */
const Option configinputs_pooling_rows[] = {
    {"count_weight", OPTION_CHOICE, AT(count_weight), "none", 0, 0, "none log1p raw", "",
     "weight w of a sequence in the pooling by its clone count c: none (all equal), raw (c), log1p (ln(1 + c)); ln w "
     "is added to its attention logit, so a clone of c cells weighs like c sequences. Sequences only"},
    {0},
};

const Option configinputs_embedder_rows[] = {
    {"genes", OPTION_INT, AT(gene_size), "0", 0, 256, NULL, "numbers",
     "size of a learned vector for each V gene, and of one for each J gene, which join the embedding of a sequence; "
     "0: "
     "genes are not read. Sequences only"},
    {"input_dropout", OPTION_NUMBER, AT(embedder_dropout), "0", 0, 0.99, NULL, "",
     "dropout: fraction of the scaled features of each instance that an update sets to 0. Vectors only; of sparse "
     "ones "
     "with kind: none alone"},
    {0},
};

#define INPUTS(field) offsetof(Config, inputs.field)

const Option configinputs_bag_rows[] = {
    {"nuisance", OPTION_BOOL, INPUTS(nuisance), "false", 0, 0, NULL, "",
     "numbers of the bag as a whole (size, depth, clonality, lengths; of vectors size and values), read by the "
     "output "
     "network beside the bag vector"},
    {"genes", OPTION_BOOL, INPUTS(genes), "false", 0, 0, NULL, "",
     "use of V and J genes in the bag, read by the output network beside the bag vector. Sequences only"},
    {"columns", OPTION_TEXTS, INPUTS(columns), "[]", 0, 0, NULL, "COLUMN,COLUMN",
     "columns of the label table, such as age and sex, read by the output network beside the bag vector"},
    {"statistics", OPTION_BOOL, AT(statistics), "false", 0, 0, NULL, "",
     "mean, max and min of every feature over the bag, read by the output network beside the bag vector. Dense "
     "vectors "
     "only"},
    {"n_unit", OPTION_INT, AT(input_unit), "0", 0, 4096, NULL, "units",
     "width of a layer (ReLU) over the bag inputs, before they join the bag vector; 0: none"},
    {"clip", OPTION_NUMBER, AT(input_clip), "0", 0, 1e9, NULL, "standard deviations",
     "limit of the standardised bag inputs, which are cut to the range from -clip to clip; 0: no limit"},
    {"start", OPTION_CHOICE, AT(input_start), "linear", 0, 0, "random linear", "",
     "start of the output's weights of the bag inputs: linear (a linear model of them alone, fitted to the training "
     "bags, where it predicts better than none over five folds of them), or random. Always random with n_unit or "
     "model.output.n_hidden, and for more than 256 inputs"},
    {"dropout", OPTION_NUMBER, AT(input_dropout), "0", 0, 0.99, NULL, "probability",
     "dropout of the bag inputs in training"},
    {0},
};

static Status check_bag_inputs(const Config *c)
{
    const bool on = inputcolumns_on(&c->inputs) || c->model.statistics;
    if (!on || c->data.compat != COMPAT_DEEPRC) return OK;
    return settings_fail(
        c->settings, "model.bag_inputs",
        "data.compat deeprc is DeepRC's network, which reads sequences alone; leave one of the two out");
}

Status configinputs_check(const Config *c)
{
    TRY(check_bag_inputs(c));
    if (c->model.gene_size > 0 && c->data.compat == COMPAT_DEEPRC)
        return settings_fail(
            c->settings, "model.embedder.genes",
            "data.compat deeprc is DeepRC's network, which reads no genes; leave one of the two out");
    const int weight = mil_count_weight(&c->model);
    for (int k = 1; k < c->model.n_pooling; k++) {
        const int own = c->model.pooling_entry[k].count_weight;
        if (own && own != weight)
            return settings_fail(
                c->settings, "model.pooling",
                "entries differ in count_weight: those that weigh counts must all do so by raw, or all "
                "by log1p");
    }
    if (weight == WEIGHT_NONE || c->data.compat != COMPAT_DEEPRC) return OK;
    return settings_fail(c->settings, "model.pooling.count_weight",
                         "data.compat deeprc is DeepRC's network, which weighs no counts; leave one of the two out");
}
