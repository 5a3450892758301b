/* SPDX-License-Identifier: MIT */
#include "core/yaml.h"
#include "data/bagfile/bagfile.h"
#include "model/embedder.h"
#include "model/pooling.h"
#include "run/config.h"
#include "support/scratch.h"
#include "train/optimizer.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glob.h>

static void enter_scratch(void)
{
    scratch_make();
    cr_assert_eq(chdir(scratch), 0);
}

TestSuite(train_config, .init = enter_scratch, .fini = scratch_remove);

#define N_FLAG     16
#define FLAGS(...) ((const char *const[N_FLAG]){__VA_ARGS__})
#define NEEDED     "data.path=d.h5", "target=status"

static Status config_of(Config *c, const char *yaml, const char *const *flag)
{
    int n = 0;
    while (flag && n < N_FLAG && flag[n]) n++;
    return config_read(c, yaml ? scratch_text("c.yaml", yaml) : NULL, flag, n);
}

static void must_read(Config *c, const char *yaml, const char *const *flag)
{
    cr_assert_eq(config_of(c, yaml, flag), OK, "%s", status_sentence());
}

static void must_fail(const char *yaml, const char *const *flag, const char *sentence)
{
    Config c;
    const Status status = config_of(&c, yaml, flag);
    cr_assert_eq(status, ERR_CONFIG, "%s, not: %s", status == OK ? "it was read" : status_sentence(), sentence);
    cr_assert(strstr(status_sentence(), sentence), "'%s' does not say '%s'", status_sentence(), sentence);
    cr_assert_null(c.settings);
}

/* Every key with its default and another value, as the saved config writes them. */
static const struct {
    const char *path, *standard, *other, *also; /* also: a flag that must stand beside */
} keys[] = {
    {"seed", "0", "18446744073709551615", NULL},
    {"data.path", "d.h5", "e.h5", NULL},
    {"data.metadata", "null", "m.tsv", NULL},
    {"data.id_column", "auto", "ID", NULL},
    {"data.counts", "none", "log1p", NULL},
    {"data.compat", "none", "deeprc", NULL},
    {"data.cache", "all", "1000000000", NULL},
    {"data.scale", "none", "standard", NULL},
    {"data.clip", "null", "3", NULL},
    {"data.n_features", "0", "230", NULL},
    {"tasks.0.name", "status", "ill", NULL},
    {"tasks.0.column", "status", "sick", NULL},
    {"tasks.0.kind", "binary", NULL, NULL},
    {"tasks.0.weight", "1", "0.25", NULL},
    {"tasks.0.positive", "null", "+", NULL},
    {"tasks.0.negative", "null", "no", NULL},
    {"tasks.0.pos_weight", "1", "3", NULL},
    {"data.rarefy", "none", "min", NULL},
    {"data.rarefy_by", "clone", "count", "data.rarefy=100"},
    {"data.rarefy_seed", "null", "7", "data.rarefy=100"},
    {"splits.batch", "null", "plate", NULL},
    {"splits.kind", "stratified", "random", NULL},
    {"splits.file", "null", "s.tsv", NULL},
    {"splits.columns", "[]", "[rep00, rep01]", "splits=s.tsv"},
    {"splits.n_fold", "5", "10", NULL},
    {"splits.n_repeat", "1", "3", NULL},
    {"splits.repeat", "0", "2", NULL},
    {"splits.fold", "0", "4", NULL},
    {"splits.validation", "previous", "0.25", NULL},
    {"splits.group", "null", "donor", NULL},
    {"splits.seed", "null", "7", NULL},
    {"model.norm", "none", "bags", NULL},
    {"model.embedder.kind", "cnn", NULL, NULL},
    {"model.embedder.kernel", "9", "5", NULL},
    {"model.embedder.n_kernel", "32", "8", NULL},
    {"model.embedder.reach", "0", "5", NULL},
    {"model.embedder.n_layer", "1", "2", NULL},
    {"model.embedder.position", "true", "false", NULL},
    {"model.embedder.start", "random", "kmers", NULL},
    {"model.embedder.statistic", "frequency", "both", NULL},
    {"model.embedder.rounds", "1", "4", NULL},
    {"model.embedder.top", "16", "40", NULL},
    {"model.embedder.min_z", "auto", "4.5", NULL},
    {"model.embedder.masks", "all", "short", NULL},
    {"model.pooling.kind", "attention", NULL, NULL},
    {"model.pooling.n_layer", "2", "1", NULL},
    {"model.pooling.n_unit", "32", "16", NULL},
    {"model.pooling.n_query", "1", "4", NULL},
    {"model.pooling.mean", "false", "true", NULL},
    {"model.pooling.normalizer", "softmax", "sparsemax", NULL},
    {"model.selection.kind", "top", "random", NULL},
    {"model.selection.fraction", "0.1", "0.5", NULL},
    {"model.selection.min", "1", "10", NULL},
    {"model.output.n_hidden", "0", "1", NULL},
    {"model.output.monotone", "false", "true", NULL},
    {"model.output.n_unit", "32", "8", NULL},
    {"train.updates", "10000", "50", NULL},
    {"train.epochs", "null", "20", NULL},
    {"train.batch", "4", "16", NULL},
    {"train.draws", "10000", "0", NULL},
    {"train.instance_drop", "0", "0.75", NULL},
    {"train.lr", "0.001", "0.0001", NULL},
    {"train.decay", "1", "0.96", NULL},
    {"train.clip_norm", "0", "2.5", NULL},
    {"train.optimizer", "adam", NULL, NULL},
    {"train.beta1", "0.9", "0.5", NULL},
    {"train.beta2", "0.999", "0.99", NULL},
    {"train.eps", "0.0001", "1e-08", NULL},
    {"train.l1", "0", "0.01", NULL},
    {"train.l2", "0", "0.02", NULL},
    {"train.average", "0", "0.98", NULL},
    {"train.evaluate_every", "100", "0", NULL},
    {"train.evaluate_instances", "0", "5000000", NULL},
    {"train.keep", "best", "auc", NULL},
    {"train.refit", "false", "true", NULL},
    {"train.calibrate", "none", "platt", NULL},
    {"train.operating", "youden", "sensitivity:0.9", NULL},
    {"train.patience", "0", "3", NULL},
    {"train.min_delta", "0", "0.002", NULL},
    {"train.checkpoint_minutes", "5", "0.5", NULL},
    {"crossval.ensemble", "1", "5", NULL},
};
#define N_KEY (sizeof keys / sizeof *keys)

/* A config as lines "path=value\n", the caller's to free. */
static Status add_line(void *context, const char *path, int line, YamlForm form, const OptionValue *value)
{
    (void)line;
    if (form != YAML_VALUE) return OK;
    fprintf(context, "%s=%s", path, value->list ? "[" : "");
    for (int i = 0; i < value->n; i++) fprintf(context, "%s%s", i ? ", " : "", value->text[i]);
    fprintf(context, "%s\n", value->list ? "]" : "");
    return OK;
}

static char *flat(const Config *c)
{
    char *text, *lines;
    size_t n;
    FILE *out = open_memstream(&lines, &n);
    cr_assert_eq(config_text(&text, c), OK, "%s", status_sentence());
    fputc('\n', out);
    cr_assert_eq(yaml_read(text, strlen(text), "saved", add_line, out), OK, "%s", status_sentence());
    fclose(out);
    free(text);
    return lines;
}

static void assert_holds(const Config *c, const char *path, const char *value)
{
    char line[256];
    char *lines = flat(c);
    snprintf(line, sizeof line, "\n%s=%s\n", path, value);
    cr_assert(strstr(lines, line), "%s is not %s in%s", path, value, lines);
    free(lines);
}

/* The saved config, read again, is saved as the same text. */
static void assert_fixed(const Config *c)
{
    Config again;
    char *first, *second;
    cr_assert_eq(config_text(&first, c), OK);
    cr_assert_eq(config_from_text(&again, first, "saved"), OK, "%s\n%s", status_sentence(), first);
    cr_assert_eq(config_text(&second, &again), OK);
    cr_assert_str_eq(first, second);
    free(first);
    free(second);
    config_free(&again);
}

/* The same for keys that only a kind other than the default has. */
static const struct {
    const char *path, *standard, *other, *kind, *also; /* kind: the flag that chooses it; also: as above */
} kind_keys[] = {
    {"train.weight_decay", "0.01", "0.3", "train.optimizer=adamw", NULL},
    {"train.beta1", "0.9", "0.5", "train.optimizer=adamw", NULL},
    {"train.beta2", "0.999", "0.99", "train.optimizer=adamw", NULL},
    {"train.eps", "0.0001", "1e-08", "train.optimizer=adamw", NULL},
    {"train.momentum", "0", "0.9", "train.optimizer=sgd", NULL},
    {"train.nesterov", "false", "true", "train.optimizer=sgd", "train.momentum=0.9"},
    {"train.l2", "0", "0.02", "train.optimizer=sgd", NULL},
    {"model.embedder.n_unit", "32", "8", "model.embedder.kind=lstm", NULL},
    {"model.embedder.position", "true", "false", "model.embedder.kind=lstm", NULL},
    {"model.embedder.n_layer", "2", "3", "model.embedder.kind=mlp", NULL},
    {"model.embedder.n_unit", "64", "256", "model.embedder.kind=mlp", NULL},
    {"model.embedder.activation", "relu", "selu", "model.embedder.kind=mlp", NULL},
    {"model.embedder.dropout", "0", "0.5", "model.embedder.kind=mlp", NULL},
    {"model.pooling.n_unit", "64", "128", "model.pooling.kind=gated", NULL},
    {"model.pooling.mean", "false", "true", "model.pooling.kind=gated", NULL},
    {"model.pooling.normalizer", "softmax", "entmax15", "model.pooling.kind=gated", NULL},
    {"model.pooling.n_layer", "2", "1", "model.pooling.kind=additive", NULL},
    {"model.pooling.n_unit", "32", "16", "model.pooling.kind=additive", NULL},
    {"model.pooling.n_query", "1", "4", "model.pooling.kind=additive", NULL},
    {"model.pooling.mean", "false", "true", "model.pooling.kind=additive", NULL},
    {"model.pooling.n_value", "32", "8", "model.pooling.kind=additive", NULL},
    {"model.pooling.normalizer", "softmax", "sparsemax", "model.pooling.kind=additive", NULL},
    {"model.pooling.r", "5", "1", "model.pooling.kind=logsumexp", "model.selection.kind=all"},
    {"model.pooling.n_head", "8", "4", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.head_size", "32", "auto", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.n_query", "1", "3", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.beta", "auto", "0.1", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.head_beta", "[]", "[1, 2, 3, 4, 5, 6, 7, 8]", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.learn_beta", "false", "true", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.steps", "0", "-1", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.head_steps", "[]", "[0, 1, 2, 3, 4, 5, 6, -1]", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.eps", "0.0001", "0.01", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.head_eps", "[]", "[1, 2, 3, 4, 5, 6, 7, 8]", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.stop", "bag", "batch", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.dropout", "0", "0.75", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.pattern_size", "auto", "7", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.output_size", "auto", "64", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.output_projection", "true", "false", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.activation", "relu", "tanh", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.bias", "true", "false", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.norm_query", "affine", "none", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.norm_stored", "affine", "plain", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.norm_projection", "affine", "none", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.norm_space", "none", "affine", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.static_query", "false", "true", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.static_stored", "false", "true", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.static_projection", "false", "true", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.connected", "false", "true", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.zero_association", "false", "true", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.learn_query", "true", "false", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.init", "reference", "fan", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.mean", "false", "true", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.similarity", "dot", "distance", "model.pooling.kind=hopfield", NULL},
    {"model.pooling.normalizer", "softmax", "sparsemax", "model.pooling.kind=hopfield", NULL},
};
#define N_KIND_KEY (sizeof kind_keys / sizeof *kind_keys)

Test(train_config, every_key_of_a_kind_has_its_default_and_can_be_set)
{
    for (size_t i = 0; i < N_KIND_KEY; i++) {
        Config c;
        char flag[128];
        must_read(&c, NULL, FLAGS(NEEDED, kind_keys[i].kind));
        assert_holds(&c, kind_keys[i].path, kind_keys[i].standard);
        assert_fixed(&c);
        config_free(&c);
        snprintf(flag, sizeof flag, "%s=%s", kind_keys[i].path, kind_keys[i].other);
        must_read(&c, NULL, FLAGS(NEEDED, kind_keys[i].kind, flag, kind_keys[i].also));
        assert_holds(&c, kind_keys[i].path, kind_keys[i].other);
        assert_fixed(&c);
        config_free(&c);
    }
}

/* Nothing that member k of a family has goes untested: its rows are in the list above, or that of defaults if k is 0. */
static void assert_listed(const char *block, const char *choice, int k, const char *name, const Option *row)
{
    for (; row->name; row++) {
        bool listed = false;
        char path[64], kind[64];
        snprintf(path, sizeof path, "%s.%s", block, row->name);
        snprintf(kind, sizeof kind, "%s.%s=%s", block, choice, name);
        for (size_t i = 0; i < N_KIND_KEY; i++)
            listed |= strcmp(kind_keys[i].path, path) == 0 && strcmp(kind_keys[i].kind, kind) == 0;
        for (size_t i = 0; k == 0 && i < N_KEY; i++) listed |= strcmp(keys[i].path, path) == 0;
        cr_assert(listed, "no test sets %s of %s", path, name);
    }
}

Test(train_config, no_key_of_a_kind_is_left_out_here)
{
    for (int k = 0; optimizer_types[k]; k++)
        assert_listed("train", "optimizer", k, optimizer_types[k]->name, optimizer_types[k]->options);
    for (int k = 0; embedder_types[k]; k++)
        assert_listed("model.embedder", "kind", k, embedder_types[k]->name, embedder_types[k]->options);
    for (int k = 0; pooling_types[k]; k++)
        assert_listed("model.pooling", "kind", k, pooling_types[k]->name, pooling_types[k]->options);
}

/* Another optimizer takes out what belonged to the former one, and nothing else of the block. */
Test(train_config, a_later_optimizer_keeps_the_rest_of_its_block)
{
    Config c;
    const char *yaml = "train: {optimizer: adamw, weight_decay: 0.3, beta1: 0.7, lr: 0.2, epochs: 7}\n";
    cr_redirect_stderr();
    must_read(&c, yaml, FLAGS(NEEDED));
    cr_assert(c.train.step.weight_decay == 0.3 && c.train.step.beta1 == 0.7 && c.train.step.lr == 0.2);
    config_free(&c);
    must_read(&c, yaml, FLAGS(NEEDED, "train.optimizer=sgd", "train.momentum=0.5"));
    cr_assert(c.train.step.weight_decay == 0 && c.train.step.beta1 == 0 && c.train.step.momentum == 0.5);
    cr_assert(c.train.step.lr == 0.2 && c.train.epochs == 7);
    assert_fixed(&c);
    config_free(&c);
    must_read(&c, yaml, FLAGS(NEEDED, "train.optimizer=adam"));
    cr_assert(c.train.step.weight_decay == 0 && c.train.step.beta1 == 0.9 && c.train.step.lr == 0.2);
    config_free(&c);
    must_read(&c, yaml, FLAGS(NEEDED, "train.optimizer=adamw"));
    cr_assert(c.train.step.weight_decay == 0.3 && c.train.step.beta1 == 0.7);
    config_free(&c);
}

Test(train_config, every_key_has_its_default)
{
    Config c;
    must_read(&c, NULL, FLAGS(NEEDED));
    for (size_t i = 0; i < N_KEY; i++) assert_holds(&c, keys[i].path, keys[i].standard);
    assert_fixed(&c);
    config_free(&c);
}

Test(train_config, no_key_is_left_out_here)
{
    Config c;
    must_read(&c, NULL, FLAGS(NEEDED));
    char *lines = flat(&c);
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
        bool listed = false;
        *strchr(line, '=') = 0;
        for (size_t i = 0; i < N_KEY; i++) listed |= strcmp(keys[i].path, line) == 0;
        cr_assert(listed, "no test sets %s", line);
    }
    free(lines);
    config_free(&c);
}

Test(train_config, every_key_can_be_set)
{
    for (size_t i = 0; i < N_KEY; i++) {
        Config c;
        char flag[128];
        if (!keys[i].other) continue;
        snprintf(flag, sizeof flag, "%s=%s", keys[i].path, keys[i].other);
        if (strcmp(keys[i].path, "data.path") == 0)
            must_read(&c, NULL, FLAGS(flag, "target=status"));
        else if (strncmp(keys[i].path, "tasks", 5) == 0)
            must_read(&c, "tasks: [{name: status, column: status}]\n", FLAGS(flag, "data.path=d.h5"));
        else
            must_read(&c, NULL, FLAGS(NEEDED, flag, keys[i].also));
        assert_holds(&c, keys[i].path, keys[i].other);
        assert_fixed(&c);
        config_free(&c);
    }
}

Test(train_config, values_reach_their_structs)
{
    Config c;
    must_read(
        &c,
        "seed: 5\n"
        "data: {path: d.h5, counts: log, cache: 1GB}\n"
        "tasks:\n"
        "  - {name: ill, column: status, positive: '+', negative: '-', weight: 0.5, pos_weight: 2}\n"
        "  - {name: old, column: age, kind: binary}\n"
        "splits: {kind: random, n_fold: 4, fold: 3, validation: none, columns: []}\n"
        "model:\n"
        "  norm: bags\n"
        "  selection: {kind: random, fraction: 0.3, min: 7}\n"
        "  output: {n_hidden: 2, n_unit: 9}\n"
        "train: {epochs: 12, batch: 2, lr: 1.0e-2, l1: 0.5, keep: auc, evaluate_instances: 7000, min_delta: 0.25,\n"
        "  average: 0.75}\n"
        "simulate: {n_bag: 12}\n",
        NULL);
    cr_assert(c.seed == 5 && c.data.counts == 2 && c.data.cache == 1000000000 && c.data.compat == COMPAT_NONE);
    cr_assert(c.n_task == 2 && c.task[0].target.weight == 0.5 && c.task[0].target.pos_weight == 2 &&
              !c.task[1].target.positive);
    cr_assert_str_eq(c.task[0].target.positive, "+");
    cr_assert_str_eq(c.task[1].target.column, "age");
    cr_assert(c.splits.kind == SPLIT_RANDOM && c.splits.n_fold == 4 && c.splits.fold == 3 && !c.splits.seed);
    cr_assert(c.model.select == SELECT_RANDOM && c.model.select_fraction == 0.3 && c.model.select_min == 7);
    cr_assert(c.model.output_hidden == 2 && c.model.output_unit == 9);
    cr_assert(c.train.epochs == 12 && c.train.updates == 0 && c.train.batch == 2 && c.train.step.lr == 0.01);
    cr_assert(c.train.step.l1 == 0.5 && c.train.keep == KEEP_AUC && c.simulate.n_bag == 12);
    cr_assert(c.model.norm == NORM_BAGS && c.train.evaluate_instances == 7000 && c.train.min_delta == 0.25);
    cr_assert_eq(c.train.average, 0.75);
    assert_fixed(&c);
    config_free(&c);
    config_free(&c);
    config_free(NULL);
}

Test(train_config, short_flags)
{
    Config c;
    must_read(&c, "tasks: [{name: a, column: a}, {name: b, column: b}]\n",
              FLAGS("data.path=d.h5", "target=binary_target_1", "positive=+", "group=donor", "splits=s.tsv", "fold=7",
                    "metadata=m.tsv", "id-column=Subject ID", "seed=9", "tasks.0.weight=0.5"));
    cr_assert_eq(c.n_task, 1);
    cr_assert_str_eq(c.task[0].target.name, "binary_target_1");
    cr_assert_str_eq(c.task[0].target.column, "binary_target_1");
    cr_assert_str_eq(c.task[0].target.positive, "+");
    cr_assert_eq(c.task[0].target.weight, 0.5);
    cr_assert_str_eq(c.splits.group, "donor");
    cr_assert_str_eq(c.splits.file, "s.tsv");
    cr_assert_str_eq(c.data.metadata, "m.tsv");
    cr_assert_str_eq(c.data.id_column, "Subject ID");
    cr_assert(c.splits.fold == 7 && c.seed == 9);
    assert_fixed(&c);
    config_free(&c);
}

Test(train_config, default_then_base_then_file_then_flag)
{
    Config c;
    scratch_text("base.yaml", "data: {path: base.h5}\ntrain: {lr: 0.1, batch: 8, draws: 5}\n"
                              "tasks: [{name: a, column: a}, {name: b, column: b}]\n");
    must_read(&c, "base: base.yaml\ntrain: {lr: 0.2, draws: 6}\ntasks: [{name: c, column: c}]\n",
              FLAGS("train.lr=0.3"));
    cr_assert(c.train.step.lr == 0.3 && c.train.draws == 6 && c.train.batch == 8 && c.train.step.eps == 1e-4);
    cr_assert(c.n_task == 1 && strcmp(c.task[0].target.name, "c") == 0 && strcmp(c.data.path, "base.h5") == 0);
    assert_fixed(&c);
    config_free(&c);
}

Test(train_config, compat_lets_a_selection_be_empty)
{
    Config c;
    must_read(&c, NULL, FLAGS(NEEDED, "data.compat=deeprc"));
    cr_assert(c.model.compat == COMPAT_DEEPRC && c.model.select_min == 0);
    assert_fixed(&c);
    config_free(&c);
    must_fail(NULL, FLAGS(NEEDED, "data.compat=deeprc", "model.selection.min=1"),
              "--model.selection.min: data.compat deeprc keeps floor(fraction * n) instances");
}

Test(train_config, updates_or_epochs)
{
    Config c;
    must_read(&c, NULL, FLAGS(NEEDED, "train.updates=null", "train.epochs=3"));
    cr_assert(c.train.updates == 0 && c.train.epochs == 3);
    config_free(&c);
    must_fail(NULL, FLAGS(NEEDED, "train.updates=5", "train.epochs=3"),
              "--train.epochs: train.updates is given too; exactly one of the two");
    must_fail("train: {updates: null}\n", FLAGS(NEEDED),
              "c.yaml:1: train.updates: neither updates nor train.epochs says how long to train");
}

static const struct {
    const char *yaml, *says;
} bad[] = {
    {"train: {lerning_rate: 1}\n", ":1: unknown setting 'train.lerning_rate'"},
    {"train:\n  bach: 1\n", ":2: unknown setting 'train.bach'; did you mean train.batch?"},
    {"lr: 1\n", ":1: unknown setting 'lr'; did you mean train.lr?"},
    {"model: {embeder: {kernel: 3}}\n", ":1: unknown setting 'model.embeder'; did you mean model.embedder?"},
    {"model: {kernel: 3}\n", ":1: unknown setting 'model.kernel'; did you mean model.embedder.kernel?"},
    {"output: runs\n", ":1: unknown setting 'output'; did you mean"},
    {"threads: 4\n", ":1: unknown setting 'threads'; did you mean"},
    {"train: {patients: 4}\n", ":1: unknown setting 'train.patients'; did you mean train.patience?"},
    {"train: {patience: 4}\nsplits: {validation: none}\n", ":1: train.patience: without a validation part"},
    {"train: {lr: 1}\ntrain: {batch: 2}\n", ":2: 'train' is given twice"},
    {"train: {calibrate: platt}\nsplits: {validation: none}\n",
     ":1: train.calibrate: probabilities are calibrated on"},
    {"train: {operating: 'sensitivity:90'}\n", ":1: train.operating: 'sensitivity:90' is not none, youden"},
    {"train: {min_delta: -1}\n", ":1: train.min_delta: -1 is outside 0 to 1000"},
    {"train: {evaluate_instances: -1}\n", ":1: train.evaluate_instances: -1 is outside 0 to 2000000000 instances"},
    {"model: {norm: bags}\ndata: {compat: deeprc}\n",
     ":1: model.norm: data.compat deeprc is DeepRC's network, which has no norm"},
    {"model: {norm: bags}\ntrain: {batch: 1}\n",
     ":2: train.batch: model.norm bags standardises over the bags of a minibatch; take at least 2"},
    {"model: {norm: layer}\n", ":1: model.norm: 'layer' is not none or bags"},
    {"model: {embedder: {start: motifs}}\n", ":1: model.embedder.start: 'motifs' is not random or kmers"},
    {"model: {embedder: {top: 65}}\n", ":1: model.embedder.top: 65 is outside 1 to 64 k-mers"},
    {"model: {embedder: {min_z: 0}}\n", ":1: model.embedder.min_z: 0 is outside 0.1 to 1000"},
    {"model: {embedder: {masks: long}}\n", ":1: model.embedder.masks: 'long' is not all or short"},
    {"model: {pooling: {kind: max, mean: true}}\n", ":1: model.pooling.mean is a setting of kind attention"},
    {"train: {batch: 0}\n", ":1: train.batch: 0 is outside 1 to 64 bags"},
    {"train: {batch: 65}\n", ":1: train.batch: 65 is outside 1 to 64 bags"},
    {"train: {batch: four}\n", ":1: train.batch: 'four' is not an integer"},
    {"train: {updates: 0}\n", ":1: train.updates: 0 is outside 1 to 1000000000 updates"},
    {"train: {draws: -1}\n", ":1: train.draws: -1 is outside 0 to 1000000000 instances"},
    {"train: {lr: 1e-3 # fast\n}\ntrain.lr: fast\n", ":3: 'train.lr' is given twice"},
    {"train: {lr: fast}\n", ":1: train.lr: 'fast' is not a number"},
    {"train: {lr: -1}\n", ":1: train.lr: -1 is outside 0 to 1000"},
    {"train: {beta1: 1}\n", ":1: train.beta1: 1 is outside 0 to 0.999999"},
    {"train: {eps: 0}\n", ":1: train.eps: 0 is outside 1e-30 to 1"},
    {"train: {optimizer: adamax}\n", ":1: train.optimizer: 'adamax' is not adam"},
    {"train: {weight_decay: 0.1}\n",
     ":1: train.weight_decay is a setting of optimizer adamw, which is not the optimizer chosen"},
    {"train: {optimizer: sgd, beta1: 0.1}\n",
     ":1: train.beta1 is a setting of optimizer adam, which is not the optimizer chosen"},
    {"train: {optimizer: adamw, l2: 0.1}\n",
     ":1: train.l2 is a setting of optimizer adam, which is not the optimizer chosen"},
    {"train:\n  optimizer: sgd\n  nesterov: true\n", ":3: train.nesterov: without train.momentum"},
    {"train: {decay: 1.5}\n", ":1: train.decay: 1.5 is outside 1e-06 to 1"},
    {"train: {clip_norm: -1}\n", ":1: train.clip_norm: -1 is outside"},
    {"train: {instance_drop: 1}\n", ":1: train.instance_drop: 1 is outside 0 to 0.999999"},
    {"train: {keep: all}\n", ":1: train.keep: 'all' is not best, auc or last"},
    {"train: [1, 2]\n", ":1: train is one block of settings"},
    {"data: {counts: log2}\n", ":1: data.counts: 'log2' is not none, raw, log or log1p"},
    {"data: {cache: lots}\n", ":1: data.cache: 'lots' is not all or a size"},
    {"data: {scale: z}\n", ":1: data.scale: 'z' is not none, standard or minmax"},
    {"crossval: {ensemble: 0}\n", ":1: crossval.ensemble: 0 is outside 1 to 1000 models"},
    {"data: {clip: -3}\n", ":1: data.clip: -3 is outside"},
    {"data: {id_column: null}\n", ":1: data.id_column: needs a value"},
    {"model: {embedder: {kernel: 0}}\n", ":1: model.embedder.kernel: 0 is outside 1 to 64 residues"},
    {"model: {embedder: {kind: transformer}}\n", ":1: model.embedder.kind: 'transformer' is not cnn"},
    {"model: {pooling: {kind: sum}}\n", ":1: model.pooling.kind: 'sum' is not attention"},
    {"model: {selection: {kind: all, fraction: 0.1}}\n", ":1: model.selection.fraction is a setting of kind top"},
    {"model: {selection: {fraction: 0}}\n", ":1: model.selection.fraction: 0 is outside"},
    {"model: {output: {n_hidden: 9}}\n", ":1: model.output.n_hidden: 9 is outside 0 to 8 layers"},
    {"model: cnn\n", ":1: model is one block of settings"},
    {"splits: {fold: 5}\n", ":1: splits.fold: 5 folds are numbered 0 to 4, there is no 5"},
    {"splits: {n_fold: 1}\n", ":1: splits.n_fold: 1 is outside 2 to 100000 folds"},
    {"splits: {validation: 0.5}\n", ":1: splits.validation: a share of the training bags lies between 0 and 0.5"},
    {"splits: {validation: 0}\n", ":1: splits.validation: a share of the training bags lies between 0 and 0.5"},
    {"splits: {validation: next}\n", ":1: splits.validation: 'next' is not previous, none or a share"},
    {"splits: {validation: null}\n", ":1: splits.validation: needs a value"},
    {"splits: {seed: -3}\n", ":1: splits.seed: '-3' is not an integer"},
    {"splits: {columns: [rep00]}\n", ":1: splits.columns: these are columns of splits.file, which is not given"},
    {"splits: {columns: rep00}\n", ":1: splits.columns: takes a list: [rep00]"},
    {"splits: {kind: deeprc, group: donor}\n", ":1: splits.group: splits.kind deeprc knows no groups"},
    {"splits: {kind: deeprc, seed: 4294967296}\n", ":1: splits.seed: splits.kind deeprc needs a seed below 2^32"},
    {"seed: 4294967296\nsplits: {kind: deeprc}\n", ":1: seed: splits.kind deeprc needs a seed below 2^32"},
    {"seed: many\n", ":1: seed: 'many' is not an integer"},
    {"seed: 1\n\tx: 2\n", ":2: not YAML: "},
    {"simulate: {n_bags: 4}\n", ":1: unknown setting 'simulate.n_bags'; did you mean simulate.n_bag?"},
};

Test(train_config, bad_files)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) must_fail(bad[i].yaml, FLAGS(NEEDED), bad[i].says);
}

/* With tasks of their own, and nothing else given. */
static const struct {
    const char *yaml, *says;
} bad_tasks[] = {
    {"data: {path: d.h5}\n",
     "tasks: no task is given; list them in the config file, or name a label column with --target"},
    {"data: {path: d.h5}\ntasks: []\n", "c.yaml:2: tasks: no task is given"},
    {"tasks: [{name: a, column: a}]\n", "data.path must be given (dataset,"},
    {"data: {path: null}\ntasks: [{name: a, column: a}]\n", "data.path must be given"},
    {"data: {path: d.h5}\ntasks: [{column: a}]\n", "tasks.0.name must be given"},
    {"data: {path: d.h5}\ntasks: [{name: a}]\n", "tasks.0.column must be given"},
    {"data: {path: d.h5}\ntasks: [{name: '', column: a}]\n", "c.yaml:2: tasks.0.name: a task needs a name"},
    {"data: {path: d.h5}\ntasks: [{name: \"a\\tb\", column: a}]\n", "tasks.0.name: a task's name cannot hold a tab"},
    {"data: {path: d.h5}\ntasks:\n- {name: a, column: a}\n- {name: a, column: b}\n",
     "c.yaml:4: tasks.1.name: 'a' is also the name of task 0"},
    {"data: {path: d.h5}\ntasks: [{name: a, column: a, positive: x, negative: x}]\n",
     "c.yaml:2: tasks.0.negative: 'x' is the positive value too"},
    {"data: {path: d.h5}\ntasks: [{name: a, column: a, kind: ranking}]\n",
     "c.yaml:2: tasks.0.kind: 'ranking' is not binary"},
    {"data: {path: d.h5}\ntasks: [{name: a, column: a, weight: -1}]\n",
     "c.yaml:2: tasks.0.weight: -1 is outside 0 to"},
    {"data: {path: d.h5}\ntasks: {name: a, column: a}\n", "c.yaml:2: 'tasks' is a list of blocks"},
    {"data: {path: d.h5}\ntasks: [{name: a, colum: a}]\n",
     "unknown setting 'tasks.0.colum'; did you mean tasks.0.column?"},
};

Test(train_config, bad_tasks)
{
    for (size_t i = 0; i < sizeof bad_tasks / sizeof *bad_tasks; i++)
        must_fail(bad_tasks[i].yaml, NULL, bad_tasks[i].says);
}

Test(train_config, bad_flags)
{
    static const char *const row[][2] = {
        {"train.lr", "--train.lr needs a value: --train.lr=VALUE"},
        {"train.lr=fast", "--train.lr: 'fast' is not a number"},
        {"fold=9", "--fold (splits.fold): 5 folds are numbered 0 to 4"},
        {"fold=x", "--fold (splits.fold): 'x' is not an integer"},
        {"seed=-1", "--seed: '-1' is not an integer"},
        {"tasks.1.name=b", "tasks.1.column must be given"},
        {"tasks.2.name=b", "--tasks.2.name: 'tasks' has 1 entry, numbered from 0"},
        {"model.embedder.kernal=3", "--model.embedder.kernal: unknown setting 'model.embedder.kernal'; did you mean "
                                    "model.embedder.kernel?"},
        {"data.path=e.h5", "--data.path: 'data.path' is given twice"},
        {"tasks.0.positive=\xfe", "--tasks.0.positive: the value is not UTF-8 text"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) must_fail(NULL, FLAGS(NEEDED, row[i][0]), row[i][1]);
    must_fail("tasks: [{name: a, column: a}]\n", FLAGS("data.path=d.h5", "positive=+"),
              "--positive goes with --target=COLUMN");
    must_fail(NULL, FLAGS(NEEDED, "fold=1", "splits.fold=1"),
              "--splits.fold: 'splits.fold' is given twice (before: --fold)");
}

Test(train_config, unreadable_files)
{
    Config c;
    cr_assert_eq(config_read(&c, "none.yaml", NULL, 0), ERR_IO);
    cr_assert(strstr(status_sentence(), "none.yaml: cannot read: No such file"));
    cr_assert_eq(config_read(&c, ".", NULL, 0), ERR_IO);
    char *huge = calloc(1 << 21, 1);
    memset(huge, '#', (1 << 21) - 1);
    must_fail(huge, NULL, "c.yaml: larger than 1048576 bytes");
    free(huge);
}

Test(train_config, the_saved_file_repeats_the_run)
{
    Config c, again;
    char *text, *text_again;
    must_read(&c, NULL, FLAGS(NEEDED, "positive=null", "train.lr=0.1", "splits.group=the donor: x"));
    cr_assert_eq(config_write(&c, "config.yaml"), OK, "%s", status_sentence());
    cr_assert_eq(config_write(&c, "config.yaml"), OK, "it replaces the file");
    cr_assert_eq(config_read(&again, "config.yaml", NULL, 0), OK, "%s", status_sentence());
    cr_assert_eq(config_text(&text, &c), OK);
    cr_assert_eq(config_text(&text_again, &again), OK);
    cr_assert_str_eq(text, text_again);
    cr_assert_str_eq(again.splits.group, "the donor: x");
    free(text);
    free(text_again);
    config_free(&again);
    cr_assert_eq(config_write(&c, "no/config.yaml"), ERR_IO);
    config_free(&c);
}

Test(train_config, published_files_are_read)
{
    const char *source = getenv("HOPSACK_TEST_SOURCE");
    if (!source) cr_skip_test("HOPSACK_TEST_SOURCE is not set");
    char pattern[512];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/configs/*.yaml", source);
    cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "no %s", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        Config c;
        cr_assert_eq(config_read(&c, found.gl_pathv[i], FLAGS(NEEDED), 2), OK, "%s", status_sentence());
        assert_fixed(&c);
        config_free(&c);
    }
    globfree(&found);
}

/* The words of a choice stand in the order of the table or enum whose places they are. */
Test(train_config, words_are_places)
{
    Config c;
    for (int i = 0; optimizer_types[i]; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "train.optimizer=%s", optimizer_types[i]->name);
        must_read(&c, NULL, FLAGS(NEEDED, flag));
        cr_assert_eq(c.train.optimizer, i);
        config_free(&c);
    }
    for (int i = 0; embedder_types[i]; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "model.embedder.kind=%s", embedder_types[i]->name);
        must_read(&c, NULL, FLAGS(NEEDED, flag));
        cr_assert_eq(c.model.embedder, i);
        assert_fixed(&c);
        config_free(&c);
    }
    for (int i = 0; pooling_types[i]; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "model.pooling.kind=%s", pooling_types[i]->name);
        must_read(&c, NULL, FLAGS(NEEDED, flag));
        cr_assert_eq(c.model.pooling, i);
        assert_fixed(&c);
        config_free(&c);
    }
    must_read(
        &c, NULL,
        FLAGS(NEEDED, "data.counts=log1p", "data.compat=deeprc", "model.selection.kind=all", "train.keep=last"));
    cr_assert(c.data.counts == COUNTS_LOG1P && c.model.compat == COMPAT_DEEPRC && c.model.select == SELECT_ALL);
    assert_fixed(&c);
    config_free(&c);
}

static void find_key(void *context, const SectionKey *key)
{
    const char **wanted = context;
    if (*wanted && strcmp(*wanted, key->path) == 0) *wanted = NULL;
}

static bool is_key(const Section *table, const char *path)
{
    section_walk(table, find_key, &path);
    return !path;
}

Test(train_config, the_tables_hold_every_key)
{
    for (size_t i = 0; i < N_KEY; i++)
        cr_assert(is_key(config_sections, keys[i].path), "%s is missing", keys[i].path);
    cr_assert(is_key(config_simulator, "simulate.rate"));
    for (const ShortName *name = config_short_names; name->name; name++)
        cr_assert(is_key(config_sections, name->path), "--%s stands for no key", name->name);
}

/* "number of bags", not "bags an update": no help leans on the name of its key. */
static void check_help(void *context, const SectionKey *key)
{
    static const char *const starts[] = {"of ",   "that ",  "what ", "how ",   "which ",
                                         "when ", "where ", "true:", "false:", "between "};
    (void)context;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        cr_assert(strncmp(key->row->help, starts[i], strlen(starts[i])) != 0, "%s: %s", key->path, key->row->help);
}

Test(train_config, help_begins_with_a_noun)
{
    section_walk(config_sections, check_help, NULL);
    section_walk(config_simulator, check_help, NULL);
}

Test(train_config, kind_goes_with_target)
{
    Config c;
    must_read(&c, NULL, FLAGS("data.path=d.h5", "target=age", "kind=regression"));
    cr_assert_str_eq(target_types[c.task[0].kind]->name, "regression");
    config_free(&c);
    must_read(&c, NULL, FLAGS("data.path=d.h5", "kind=multiclass", "target=type", "tasks.0.classes=A,B,C"));
    cr_assert_eq(c.task[0].classes.n, 3);
    config_free(&c);
    must_read(&c, NULL, FLAGS("data.path=d.h5", "target=age", "kind=binary"));
    cr_assert_str_eq(target_types[c.task[0].kind]->name, "binary");
    config_free(&c);
    must_fail(NULL, FLAGS("data.path=d.h5", "target=age", "kind=ranking"),
              "--kind (tasks.0.kind): 'ranking' is not binary, multiclass or regression");
    must_read(&c, NULL, FLAGS("data.path=d.h5", "target=age", "kind=multiclass"));
    cr_assert_eq(c.task[0].classes.n, 1);
    cr_assert_str_eq(c.task[0].classes.text[0], "auto");
    config_free(&c);
    must_fail(NULL, FLAGS("data.path=d.h5", "target=age", "kind=regression", "positive=+"),
              "--positive: tasks.0.positive is a setting of kind binary");
    must_fail("tasks: [{name: a, column: a}]\n", FLAGS("data.path=d.h5", "kind=regression"),
              "--kind goes with --target=COLUMN");
}

Test(train_config, every_place_of_a_name_is_listed)
{
    must_fail(
        "n_unit: 3\n", FLAGS(NEEDED),
        "did you mean model.embedder.n_unit, model.pooling.n_unit, model.bag_inputs.n_unit or model.output.n_unit?");
    must_fail("pooling: {kind: max}\n", FLAGS(NEEDED), ":1: unknown setting 'pooling'; did you mean model.pooling?");
}
