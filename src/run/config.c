/* SPDX-License-Identifier: MIT
 *
 * config.c: the table of sections, and what no single row can check.
 */
#include "run/config.h"
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
     "of initial weights, order and draws; of the splits too, unless splits.seed is set"},
    {0},
};

static const Option data_rows[] = {
    {"path", OPTION_TEXT, DATA(path), NULL, 0, 0, NULL, "", "dataset file"},
    {"metadata", OPTION_TEXT, DATA(metadata), "null", 0, 0, NULL, "",
     "label table, TSV or CSV; null: the columns inside the dataset"},
    {"id_column", OPTION_TEXT, DATA(id_column), "auto", 0, 0, NULL, "",
     "column of bag IDs in the label table; auto: the first there is of ID, repertoire_id, sample_id, Sample, "
     "subject_id, filename"},
    {"counts", OPTION_CHOICE, DATA(counts), "none", 0, 0, "none raw log log1p", "",
     "how clone counts scale their sequence: not, c, ln max(c, 1) as DeepRC, ln(1 + c)"},
    {"compat", OPTION_CHOICE, DATA(compat), "none", 0, 0, "none deeprc", "",
     "deeprc: padding, draws, selection and labels as DeepRC has them; kept in the model"},
    {"cache", OPTION_BYTES, DATA(cache), "all", 0, 9e18, NULL, "",
     "decoded bags held in memory; all: an error beforehand if they cannot fit"},
    {"scale", OPTION_CHOICE, DATA(scale), "none", 0, 0, "none standard minmax", "",
     "of vectors, feature by feature, as the training part says: not; mean 0 and deviation 1; from 0 to 1"},
    {"clip", OPTION_NUMBER, DATA(clip), "null", 0, 1e30, "null", "",
     "values of vectors, once scaled, below -clip become -clip, above clip become clip; null or 0: not"},
    {"n_features", OPTION_INT, DATA(n_features), "0", 0, 1e9, NULL, "numbers an instance",
     "features that vectors must have, so that no label slips in among them; 0: any"},
    {0},
};

static const Option some_rows[] = {
    {"fraction", OPTION_NUMBER, MODEL(select_fraction), "0.1", 1e-9, 1e9, NULL, "of the instances",
     "share of a bag that is pooled and learned from; above 1: all"},
    {"min", OPTION_INT, MODEL(select_min), "1", 0, 1e9, NULL, "instances",
     "at least that many stay; under data.compat deeprc, which may keep none, it is 0"},
    {0},
};

/* In the order of BagNormKind. */
static const Option model_rows[] = {
    {"norm", OPTION_CHOICE, MODEL(norm), "none", 0, 0, "none bags", "",
     "bags: every number of the bag vector is standardised over bags before the output network: over the minibatch "
     "in training, over the training bags in prediction"},
    {0},
};

static const Option output_rows[] = {
    {"n_hidden", OPTION_INT, MODEL(output_hidden), "0", 0, HIDDEN_MOST, NULL, "layers",
     "hidden layers before the final linear one"},
    {"n_unit", OPTION_INT, MODEL(output_unit), "32", 1, 65536, NULL, "units", "of each hidden layer"},
    {0},
};

static const Option crossval_rows[] = {
    {"ensemble", OPTION_INT, CONFIG(crossval.ensemble), "1", 1, 1000, NULL, "models",
     "a fold, with seeds seed + 0, 1, …; their outputs are averaged before the sigmoid. Only crossval"},
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
    .standard = "cnn", .help = "what turns an instance into a vector", .member = embedder_member};
static const Family pooling_family = {
    .standard = "attention", .help = "what turns a bag's vectors into one", .member = pooling_member};
static const Family selection_family = {.standard = "top",
                                        .help =
                                            "which instances are pooled: those of most attention, random ones, all",
                                        .member = selection_member};
static const Family optimizer_family = {
    .key = "optimizer", .standard = "adam", .help = "how a gradient becomes a step", .member = optimizer_member};

/* ---- sections ---- */

static const Section run_sections[] = {
    {.path = "", .rows = top_rows},
    {.path = "data", .rows = data_rows, .at = CONFIG(data)},
    {.path = "tasks",
     .rows = task_options,
     .family = &task_family,
     .kind_at = offsetof(TaskOptions, kind),
     .entry_size = sizeof(TaskOptions),
     .count_at = CONFIG(n_task),
     .list_at = CONFIG(task)},
    {.path = "splits", .rows = split_options, .at = CONFIG(splits)},
    {.path = "model", .rows = model_rows, .at = CONFIG(model)},
    {.path = "model.embedder",
     .family = &embedder_family,
     .kind_at = CONFIG(model.embedder),
     .options_at = CONFIG(model.embedder_options)},
    {.path = "model.pooling",
     .family = &pooling_family,
     .kind_at = CONFIG(model.pooling),
     .options_at = CONFIG(model.pooling_options)},
    {.path = "model.selection",
     .family = &selection_family,
     .kind_at = CONFIG(model.select),
     .options_at = CONFIG(model)},
    {.path = "model.output", .rows = output_rows, .at = CONFIG(model)},
    {.path = "train",
     .rows = train_options,
     .at = CONFIG(train),
     .family = &optimizer_family,
     .kind_at = CONFIG(train.optimizer),
     .options_at = CONFIG(train.step)},
    {.path = "crossval", .rows = crossval_rows},
    {0},
};

/* Of the simulator alone: known in every config, but no part of what a run saves. */
static const Section simulate_sections[] = {
    {.path = "simulate", .rows = simulate_options, .at = CONFIG(simulate)},
    {0},
};

/* ---- flags ---- */

static const struct {
    const char *flag, *path;
} short_names[] = {{"seed", "seed"},          {"metadata", "data.metadata"}, {"id-column", "data.id_column"},
                   {"group", "splits.group"}, {"splits", "splits.file"},     {"fold", "splits.fold"}};

/* --target=COLUMN makes the one task, --positive=CELL says what is positive in it. */
static Status add_target(Settings *s, const char *column)
{
    TRY(settings_replace_list(s, "tasks", "--target"));
    TRY(settings_flag(s, "tasks.0.name", column, "--target"));
    TRY(settings_flag(s, "tasks.0.column", column, "--target"));
    return settings_flag(s, "tasks.0.kind", "binary", "--target");
}

static Status add_named(Settings *s, const char *name, const char *value, const char *shown)
{
    if (strcmp(name, "target") == 0) return add_target(s, value);
    if (strcmp(name, "positive") == 0) return settings_flag(s, "tasks.0.positive", value, shown);
    for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++)
        if (strcmp(name, short_names[i].flag) == 0) return settings_flag(s, short_names[i].path, value, shown);
    return settings_flag(s, name, value, shown);
}

static Status add_flag(Settings *s, const char *flag)
{
    const char *equals = strchr(flag, '=');
    if (!equals) return fail(ERR_CONFIG, "--%s needs a value: --%s=VALUE", flag, flag);
    char *shown = NULL;
    if (asprintf(&shown, "--%.*s", (int)(equals - flag), flag) < 0) return fail(ERR_MEMORY, "no memory for a flag");
    const Status status = add_named(s, shown + 2, equals + 1, shown);
    free(shown);
    return status;
}

static bool is_flag(const char *flag, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(flag, name, n) == 0 && flag[n] == '=';
}

static Status add_flags(Settings *s, const char *const *flag, int n_flag)
{
    bool target = false, positive = false;
    for (int i = 0; i < n_flag; i++) {
        TRY(add_flag(s, flag[i]));
        target |= is_flag(flag[i], "target");
        positive |= is_flag(flag[i], "positive");
    }
    if (positive && !target)
        return fail(ERR_CONFIG,
                    "--positive goes with --target=COLUMN; for a task of the config, say --tasks.0.positive");
    return OK;
}

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
    if (strcmp(text, "none") == 0) return OK;
    if (strcmp(text, "previous") == 0) {
        if (c->splits.file || c->splits.n_fold > 2) return OK;
        return settings_fail(c->settings, path,
                             "with splits.n_fold 2 the test and the validation fold leave no bag to train on; set it "
                             "to none or to a share");
    }
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
    if (!o->file && o->fold >= o->n_fold)
        return settings_fail(c->settings, "splits.fold", "%d folds are numbered 0 to %d, there is no %d", o->n_fold,
                             o->n_fold - 1, o->fold);
    if (!o->file && o->columns.n > 0)
        return settings_fail(c->settings, "splits.columns", "these are columns of splits.file, which is not given");
    if (o->seed && !number_read_u64(&seed, o->seed))
        return settings_fail(c->settings, "splits.seed",
                             "'%.60s' is not a whole number from 0 to 18446744073709551615", o->seed);
    TRY(check_validation(c));
    if (o->file || o->kind != SPLIT_DEEPRC) return OK;
    if (o->group) return settings_fail(c->settings, "splits.group", "splits.kind deeprc knows no groups");
    if (seed > UINT32_MAX)
        return settings_fail(c->settings, o->seed ? "splits.seed" : "seed",
                             "splits.kind deeprc needs a seed below 2^32");
    return OK;
}

/* What of data.* the model has to know. Under data.compat deeprc a selection may be empty, as it may be there. */
static Status settle_model(Config *c)
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
static Status settle_length(Config *c)
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

static Status check_momentum(const Config *c)
{
    if (!c->train.step.nesterov || c->train.step.momentum > 0) return OK;
    return settings_fail(c->settings, "train.nesterov",
                         "without train.momentum there is nothing to look ahead along");
}

/* ---- reading and writing ---- */

static Status fill(Config *c)
{
    TRY(section_bind(run_sections, c, c->settings));
    TRY(section_bind(simulate_sections, c, c->settings));
    TRY(settings_finish(c->settings));
    TRY(check_tasks(c));
    TRY(check_splits(c));
    TRY(settle_model(c));
    TRY(check_norm(c));
    TRY(check_patience(c));
    TRY(check_momentum(c));
    return settle_length(c);
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
    TRY_DONE(add_flags(out->settings, flag, n_flag));
    TRY_DONE(fill(out));
done:
    if (status != OK) config_free(out);
    return status;
}

Status config_from_text(Config *out, const char *yaml_text, const char *name)
{
    Status status = OK;
    *out = (Config){0};
    TRY_DONE(settings_new(&out->settings));
    TRY_DONE(settings_yaml(out->settings, yaml_text, strlen(yaml_text), name));
    TRY_DONE(fill(out));
done:
    if (status != OK) config_free(out);
    return status;
}

Status config_text(char **out, const Config *config)
{
    return section_write(out, run_sections, config);
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

void config_free(Config *config)
{
    if (!config) return;
    settings_free(config->settings);
    *config = (Config){0};
}

void config_help(FILE *out)
{
    fprintf(out, "Keys of a config file, each also a flag: --train.lr=0.001. After a key its default.\n\n");
    section_help(out, run_sections);
    fputc('\n', out);
    section_help(out, simulate_sections);
}
