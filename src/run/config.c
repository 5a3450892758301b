/* SPDX-License-Identifier: MIT
 *
 * config.c: the table of sections, and what no single row can check.
 */
#include "run/config.h"
#include "run/configcrossval.h"
#include "run/configflags.h"
#include "run/configsearch.h"
#include "run/configinputs.h"
#include "run/configlayers.h"
#include "cohort/cutoff.h"
#include "core/file.h"
#include "core/section.h"
#include "model/embedder.h"
#include "model/pooling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

#define HIDDEN_MOST 8 /* layers; what model/mil has room for */

#define CONFIG(field) offsetof(Config, field)
#define DATA(field)   offsetof(DataOptions, field)
#define MODEL(field)  offsetof(ModelOptions, field)

static const Option top_rows[] = {
    {"seed", OPTION_SEED, CONFIG(seed), "0", 0, 0, NULL, "",
     "random seed for weights, shuffling and sampling (and splits, unless splits.seed is set)"},
    {0},
};

static const Option data_rows[] = {
    {"path", OPTION_TEXT, DATA(path), NULL, 0, 0, NULL, "FILE", "dataset, as hopsack import writes it"},
    {"metadata", OPTION_TEXT, DATA(metadata), "null", 0, 0, NULL, "FILE",
     "label table, TSV or CSV; null: the columns stored in the dataset"},
    {"id_column", OPTION_TEXT, DATA(id_column), "auto", 0, 0, NULL, "COLUMN",
     "column of bag IDs in the label table; auto: the one that fits best, of ID, repertoire_id, sample_id, filename "
     "and other usual names first"},
    {"counts", OPTION_CHOICE, DATA(counts), "none", 0, 0, "none raw log log1p", "",
     "scale factor of a sequence's input by its clone count c: none, raw (c), log (ln max(c, 1), as in DeepRC), "
     "log1p (ln(1 + c))"},
    {"compat", OPTION_CHOICE, DATA(compat), "none", 0, 0, "none deeprc", "",
     "compatibility mode; deeprc: padding, sampling, selection and labels as in DeepRC. It is stored in the model"},
    {"cache", OPTION_BYTES, DATA(cache), "all", 0, 9e18, NULL, "",
     "memory for decoded bags; all: every bag is kept in memory, and hopsack reports before training if they do not "
     "fit. Otherwise the first bags that fit are kept, and the others are read each time, with --threads=2 and more "
     "while earlier ones are computed; two of the largest come to the memory"},
    {"scale", OPTION_CHOICE, DATA(scale), "none", 0, 0, "none standard minmax", "",
     "scaling of each feature by the training set: none, standard (mean 0, standard deviation 1), minmax (0 to 1). "
     "Vectors only"},
    {"clip", OPTION_NUMBER, DATA(clip), "null", 0, 1e30, "null", "",
     "limit of scaled feature values, which are cut to the range from -clip to clip; null or 0: no limit"},
    {"rarefy", OPTION_TEXT, DATA(rarefy), "none", 0, 0, NULL, "none|min|N",
     "number of sequences that are drawn of each larger bag, so that all have one depth; min: as many as the "
     "smallest labelled bag has. The model keeps the number, and predict draws as many. Sequences only"},
    {"rarefy_by", OPTION_CHOICE, DATA(rarefy_by), "clone", 0, 0, "clone count", "",
     "unit of rarefy: clone (sequences, whatever their counts), or count (a sequence is drawn as often as it was "
     "counted)"},
    {"rarefy_seed", OPTION_TEXT, DATA(rarefy_seed), "null", 0, 0, NULL, "N",
     "random seed of rarefy; null: the run's seed"},
    {"n_features", OPTION_INT, DATA(n_features), "0", 0, 1e9, NULL, "features",
     "number of features the dataset must have; another number is an error. 0: any number"},
    {0},
};

static const Option some_rows[] = {
    {"fraction", OPTION_NUMBER, MODEL(select_fraction), "0.1", 1e-9, 1e9, NULL, "of the instances",
     "fraction of a bag's instances that is pooled; above 1: all"},
    {"min", OPTION_INT, MODEL(select_min), "1", 0, 1e9, NULL, "instances",
     "minimum number of instances that are pooled; 0 under data.compat deeprc"},
    {0},
};

static const Option output_rows[] = {
    {"n_hidden", OPTION_INT, MODEL(output_hidden), "0", 0, HIDDEN_MOST, NULL, "layers",
     "number of hidden layers in the output network, before its final linear layer"},
    {"n_unit", OPTION_INT, MODEL(output_unit), "32", 1, 65536, NULL, "units",
     "width of each hidden layer in the output network"},
    {"monotone", OPTION_BOOL, MODEL(output_monotone), "false", 0, 0, NULL, "",
     "non-negative weights in the output network, for binary and regression tasks; with model.pooling.kind: max an "
     "additional instance then never lowers the output of a bag"},
    {0},
};

/* ---- families ---- */

static bool embedder_member(Member *out, int place)
{
    const EmbedderType *type = embedder_types[place];
    if (type) *out = (Member){.name = type->name, .rows = type->options};
    return type;
}

static bool pooling_member(Member *out, int place)
{
    const PoolingType *type = pooling_types[place];
    if (type) *out = (Member){.name = type->name, .rows = type->options};
    return type;
}

/* In the order of SelectKind. */
static bool selection_member(Member *out, int place)
{
    static const Member members[] = {{"top", some_rows}, {"random", some_rows}, {"all", NULL}};
    if (place >= (int)(sizeof members / sizeof *members)) return false;
    *out = members[place];
    return true;
}

static bool optimizer_member(Member *out, int place)
{
    const OptimizerType *type = optimizer_types[place];
    if (type) *out = (Member){.name = type->name, .rows = type->options};
    return type;
}

static const Family embedder_family = {
    .standard = "cnn", .help = "type of embedder, the network applied to each instance", .member = embedder_member};
static const Family pooling_family = {.standard = "attention",
                                      .help = "type of pooling of a bag's instances into one vector; a list of "
                                              "blocks is several poolings side by side (model.pooling.1.kind, …)",
                                      .member = pooling_member};
static const Family selection_family = {.standard = "top",
                                        .help = "choice of the instances that are pooled: top (those with the "
                                                "highest attention), random, all",
                                        .member = selection_member};
static const Family optimizer_family = {
    .key = "optimizer", .standard = "adam", .help = "optimizer", .member = optimizer_member};

/* ---- sections ---- */

const Section config_sections[] = {
    {.path = "", .rows = top_rows},
    {.path = "data", .rows = data_rows, .at = CONFIG(data)},
    {.path = "tasks",
     .rows = task_options,
     .family = &task_family,
     .kind_at = offsetof(TaskOptions, kind),
     .entry_size = sizeof(TaskOptions),
     .count_at = CONFIG(n_task),
     .list_at = CONFIG(task)},
    {.path = "splits", .rows = split_options, .at = CONFIG(splits), .keeps = true},
    {.path = "splits", .rows = split_more_options, .at = CONFIG(splits), .omits = true},
    {.path = "model", .rows = configinputs_model_rows},
    {.path = "model.embedder",
     .family = &embedder_family,
     .kind_at = CONFIG(model.embedder),
     .options_at = CONFIG(model.embedder_options)},
    {.path = "model.embedder", .rows = configinputs_embedder_rows, .omits = true},
    {.path = "model.layers",
     .family = &configlayers_family,
     .kind_at = offsetof(LayerChoice, kind),
     .options_at = offsetof(LayerChoice, options),
     .entry_size = sizeof(LayerChoice),
     .most = LAYERS_MOST,
     .inside = true,
     .count_at = CONFIG(model.n_layer),
     .list_at = CONFIG(model.layer)},
    {.path = "model.pooling",
     .rows = configinputs_pooling_rows,
     .omits = true,
     .family = &pooling_family,
     .kind_at = CONFIG(model.pooling),
     .options_at = CONFIG(model.pooling_options),
     .entry_size = sizeof(PoolingChoice),
     .most = POOLING_MOST,
     .count_at = CONFIG(model.n_pooling)},
    {.path = "model.selection",
     .family = &selection_family,
     .kind_at = CONFIG(model.select),
     .options_at = CONFIG(model)},
    {.path = "model.bag_inputs", .rows = configinputs_bag_rows, .omits = true},
    {.path = "model.output", .rows = output_rows, .at = CONFIG(model)},
    {.path = "train",
     .rows = train_options,
     .at = CONFIG(train),
     .family = &optimizer_family,
     .kind_at = CONFIG(train.optimizer),
     .options_at = CONFIG(train.step)},
    {.path = "train", .rows = train_more_options, .at = CONFIG(train), .omits = true},
    {.path = "crossval", .rows = configcrossval_rows},
    {.path = "crossval", .rows = configcrossval_more_rows, .omits = true},
    {.path = "search", .rows = configsearch_rows, .keeps = true, .omits = true},
    {0},
};

/* Of the simulator alone: known in every config, but no part of what a run saves. */
const Section config_simulator[] = {
    {.path = "simulate", .rows = simulate_options, .at = CONFIG(simulate)},
    {0},
};

/* ---- checks ---- */

static Status check_tasks(const Config *c)
{
    if (c->n_task == 0)
        return settings_fail(c->settings, "tasks",
                             "no task is given; list them in the config file, or name a label column with "
                             "--target=COLUMN");
    return task_check(c->task, c->n_task, c->settings);
}

static Status check_validation(const Config *c)
{
    const char *text = c->splits.validation, *path = "splits.validation";
    double share;
    if (strcmp(text, "none") == 0 || strcmp(text, "previous") == 0) return OK; /* folds too few for it: split.c */
    if (!number_read(&share, text))
        return settings_fail(c->settings, path, "'%.60s' is not previous, none or a share of the training bags",
                             text);
    if (share > 0 && share < 0.5) return OK;
    return settings_fail(c->settings, path, "a share of the training bags lies between 0 and 0.5, %s does not", text);
}

static Status check_splits(const Config *c)
{
    const SplitOptions *o = &c->splits;
    uint64_t seed = c->seed;
    const bool drawn = !o->file && o->kind != SPLIT_BATCH;
    if (drawn && o->fold >= o->n_fold)
        return settings_fail(c->settings, "splits.fold", "%d folds are numbered 0 to %d, there is no %d", o->n_fold,
                             o->n_fold - 1, o->fold);
    if (!o->file && o->columns.n > 0)
        return settings_fail(c->settings, "splits.columns", "these are columns of splits.file, which is not given");
    if (o->seed && !number_read_u64(&seed, o->seed))
        return settings_fail(c->settings, "splits.seed", "'%.60s' is not an integer from 0 to 18446744073709551615",
                             o->seed);
    TRY(check_validation(c));
    TRY(configcrossval_check(c));
    if (!o->file && o->kind == SPLIT_BATCH && !o->batch)
        return settings_fail(c->settings, "splits.kind",
                             "batch needs the column of the batches: set splits.batch "
                             "(--batch-column=COLUMN)");
    if (o->file || o->kind != SPLIT_DEEPRC) return OK;
    if (o->group) return settings_fail(c->settings, "splits.group", "splits.kind deeprc knows no groups");
    if (seed > UINT32_MAX)
        return settings_fail(c->settings, o->seed ? "splits.seed" : "seed",
                             "splits.kind deeprc needs a seed below 2^32");
    return OK;
}

static Status check_rarefy(const Config *c)
{
    int64_t n;
    uint64_t seed;
    const char *text = c->data.rarefy ? c->data.rarefy : "";
    if (c->data.rarefy_seed && !number_read_u64(&seed, c->data.rarefy_seed))
        return settings_fail(c->settings, "data.rarefy_seed",
                             "'%.60s' is not an integer from 0 to 18446744073709551615", c->data.rarefy_seed);
    if (strcmp(text, "none") == 0 || strcmp(text, "min") == 0 || (number_read_int(&n, text) && n > 0)) return OK;
    return settings_fail(c->settings, "data.rarefy", "'%.60s' is not none, min or a number of sequences", text);
}

/* What of data.* the model has to know. Under data.compat deeprc a selection may be empty, as it may be there. */
static Status resolve_model(Config *c)
{
    c->model.compat = c->data.compat;
    c->model.clip = isnan(c->data.clip) ? 0 : c->data.clip;
    if (c->data.compat != COMPAT_DEEPRC) return OK;
    if (settings_given(c->settings, "model.selection.min") && c->model.select_min != 0)
        return settings_fail(c->settings, "model.selection.min",
                             "data.compat deeprc keeps floor(fraction * n) instances, if need be 0; leave min out");
    c->model.select_min = 0;
    return OK;
}

/* Exactly one of updates and epochs; giving epochs alone turns off the default of updates. */
static Status resolve_length(Config *c)
{
    TrainOptions *o = &c->train;
    if (o->epochs > 0 && settings_given(c->settings, "train.updates"))
        return settings_fail(c->settings, "train.epochs", "train.updates is given too; exactly one of the two");
    if (o->epochs > 0) o->updates = 0;
    if (o->epochs == 0 && o->updates == 0)
        return settings_fail(c->settings, "train.updates", "neither updates nor train.epochs says how long to train");
    return OK;
}

/* Statistics over a minibatch need two bags, and DeepRC's network has no such layer. */
static Status check_norm(const Config *c)
{
    if (c->model.norm != NORM_BAGS) return OK;
    if (c->data.compat == COMPAT_DEEPRC)
        return settings_fail(c->settings, "model.norm", "data.compat deeprc is DeepRC's network, which has no norm");
    if (c->train.batch < 2)
        return settings_fail(c->settings, "train.batch",
                             "model.norm bags standardises over the bags of a minibatch; take at least 2");
    return OK;
}

/* Patience waits for the validation loss. */
static Status check_patience(const Config *c)
{
    if (c->train.patience == 0 || strcmp(c->splits.validation, "none") != 0) return OK;
    return settings_fail(c->settings, "train.patience",
                         "without a validation part (splits.validation none) no loss can tell when to stop");
}

static Status check_calibration(const Config *c)
{
    if (c->train.calibrate == CALIBRATE_NONE || strcmp(c->splits.validation, "none") != 0) return OK;
    return settings_fail(c->settings, "train.calibrate",
                         "probabilities are calibrated on validation bags, and splits.validation is none: set it to "
                         "previous or to a share, or leave train.calibrate out");
}

static Status check_operating(const Config *c)
{
    CutoffRule rule;
    if (cutoff_read(&rule, c->train.operating)) return OK;
    return settings_fail(
        c->settings, "train.operating",
        "'%.60s' is not none, youden, sensitivity:SHARE or specificity:SHARE with a share above 0 and "
        "up to 1, such as sensitivity:0.9",
        c->train.operating ? c->train.operating : "null");
}

static Status check_momentum(const Config *c)
{
    if (!c->train.step.nesterov || c->train.step.momentum > 0) return OK;
    return settings_fail(c->settings, "train.nesterov",
                         "without train.momentum there is nothing to look ahead along");
}

/* ---- reading and writing ---- */

static Status fill(Config *c)
{
    TRY(settings_texts(c->settings, "search.space", false));
    TRY(settings_texts(c->settings, "search.list", true));
    TRY(settings_texts(c->settings, "crossval.members", true));
    TRY(section_bind(config_sections, c, c->settings));
    TRY(section_bind(config_simulator, c, c->settings));
    TRY(settings_finish(c->settings));
    TRY(check_tasks(c));
    TRY(check_splits(c));
    TRY(configsearch_check(c));
    TRY(check_rarefy(c));
    TRY(resolve_model(c));
    TRY(check_norm(c));
    TRY(configinputs_check(c));
    TRY(check_patience(c));
    TRY(check_calibration(c));
    TRY(check_operating(c));
    TRY(check_momentum(c));
    return resolve_length(c);
}

Status config_read(Config *out, const char *yaml, const char *const *flag, int n_flag)
{
    return config_read_over(out, NULL, yaml, flag, n_flag);
}

Status config_read_over(Config *out, const char *saved, const char *yaml, const char *const *flag, int n_flag)
{
    Status status = OK;
    *out = (Config){0};
    TRY_DONE(settings_new(&out->settings));
    if (saved) TRY_DONE(settings_file(out->settings, saved));
    if (yaml) TRY_DONE(settings_file(out->settings, yaml));
    TRY_DONE(configflags_add(out->settings, flag, n_flag));
    TRY_DONE(fill(out));
done:
    if (status != OK) config_free(out);
    return status;
}

Status config_from_text(Config *out, const char *yaml_text, const char *name)
{
    return config_vary(out, yaml_text, name, NULL, 0);
}

Status config_vary(Config *out, const char *yaml_text, const char *name, const char *const *flag, int n_flag)
{
    Status status = OK;
    *out = (Config){0};
    TRY_DONE(settings_new(&out->settings));
    if (n_flag) settings_quiet(out->settings);
    TRY_DONE(settings_yaml(out->settings, yaml_text, strlen(yaml_text), name));
    TRY_DONE(configflags_add(out->settings, flag, n_flag));
    TRY_DONE(fill(out));
done:
    if (status != OK) config_free(out);
    return status;
}

Status config_text(char **out, const Config *config)
{
    return section_write(out, config_sections, config);
}

Status config_complete(char **out, const char *text, const char *name)
{
    Config config;
    *out = NULL;
    TRY(config_from_text(&config, text, name));
    const Status status = config_text(out, &config);
    config_free(&config);
    return status;
}

bool config_same(const char *saved, const char *now)
{
    char *whole = NULL;
    if (strcmp(saved, now) == 0) return true;
    const bool same = config_complete(&whole, saved, "the saved config") == OK && strcmp(whole, now) == 0;
    free(whole);
    return same;
}

Status config_write(const Config *config, const char *path)
{
    char *text;
    TRY(config_text(&text, config));
    const Status status = file_write_whole(path, text, strlen(text), true);
    free(text);
    return status;
}

const char *config_dataset(const Config *config)
{
    return config->place.dataset ? config->place.dataset : config->data.path;
}

const char *config_metadata(const Config *config)
{
    return config->place.metadata ? config->place.metadata : config->data.metadata;
}

const char *config_splits(const Config *config)
{
    return config->place.splits ? config->place.splits : config->splits.file;
}

void config_free(Config *config)
{
    if (!config) return;
    settings_free(config->settings);
    free(config->place.dataset);
    free(config->place.metadata);
    free(config->place.splits);
    for (int k = 0; k < 3; k++) free(config->place.kept[k]);
    free(config->place.lost);
    free(config->place.run);
    *config = (Config){0};
}
